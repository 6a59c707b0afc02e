"""What holds for one request, and what says so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ctl.policy.routing import Considered, Fit
from ctl.policy.source import Known
from kysira.policy import Snapshot
from kysira.routes import Route
from kysira.types import Mode

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """One thing that holds, and where it comes from."""

    name: str
    value: Any
    origin: str


def effective(
    known: Known, mode_origin: str, snapshot: Snapshot, routes: Iterable[Considered]
) -> list[Effective]:
    """Return mode, threshold, body and failure policy of a request.

    ``mode_origin`` is where the mode of the whole comes from.
    """
    found = [each for each in routes if each.fit in (Fit.MATCHES, Fit.MAY_MATCH)]
    names = [each.route.name for each in found]
    is_open = not found or found[-1].fit is Fit.MAY_MATCH
    parts = [(each.route, known.origin("routes", _place(known, each.route))) for each in found]

    def origin(said: Callable[[Route], object], *keys: str) -> str:
        if len(names) + is_open > 1:
            return f"the strictest of {', '.join([*names, *(['no route'] if is_open else [])])}"
        for route, where in parts:
            if said(route) is not None:
                return f"route {route.name}, {where}"
        return known.origin(*keys) if keys else _DEFAULT

    policy = snapshot.policy
    options = policy.options
    where = _mode_origin(known.mode, mode_origin, parts, origin)
    return [
        Effective("mode", snapshot.mode.value, where),
        Effective("threshold", options.threshold, origin(lambda r: r.threshold, "threshold")),
        *(
            Effective(f"threshold of {slug}", value, known.origin("detectors", slug, "threshold"))
            for slug, value in options.thresholds.items()
        ),
        Effective("inspect_body", snapshot.inspects_body, origin(lambda r: r.inspect_body)),
        Effective(
            "on_failure", policy.on_failure.value, origin(lambda r: r.on_failure, "on_failure")
        ),
    ]


def _mode_origin(
    mode: Mode,
    mode_origin: str,
    parts: list[tuple[Route, str]],
    origin: Callable[..., str],
) -> str:
    if mode is Mode.SHADOW:
        beaten = [route.name for route, _ in parts if route.mode is Mode.ACTIVE]
        more = f", which beats the active of route {' and '.join(beaten)}" if beaten else ""
        return mode_origin + more
    if not any(route.mode is Mode.SHADOW for route, _ in parts):
        return mode_origin
    return origin(lambda route: route.mode)


def _place(known: Known, route: Route) -> int:
    return known.policy.routes.index(route)
