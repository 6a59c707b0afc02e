"""Why a request falls under one route and not under the ones before it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kysira.routes import Head, Route, match


class Fit(StrEnum):
    """Whether a route is a request's."""

    MATCHES = "matches"
    MAY_MATCH = "may match"
    """Apps read its path or host differently: the strictest of what is said holds."""
    NO = "does not match"
    NOT_REACHED = "not reached"
    """An earlier one matches."""


@dataclass(frozen=True, slots=True)
class Considered:
    """A route, and why it is the request's or not."""

    route: Route
    fit: Fit
    why: str


def considered(routes: Sequence[Route], head: Head) -> list[Considered]:
    """Return every route with what became of it, in their order."""
    told: list[Considered] = []
    found = ""
    for route in routes:
        if found:
            told.append(Considered(route, Fit.NOT_REACHED, f"{found} matches before it"))
            continue
        fit = _fit(route, head)
        told.append(Considered(route, fit, _why(route, head, fit)))
        if fit is Fit.MATCHES:
            found = route.name
    return told


def _fit(route: Route, head: Head) -> Fit:
    found = match((route,), head)
    if not found.routes:
        return Fit.NO
    return Fit.MAY_MATCH if found.is_open else Fit.MATCHES


def _why(route: Route, head: Head, fit: Fit) -> str:
    """Return the parts of the match that are as the fit is."""
    only = {
        "method": replace(route, host="", path="/"),
        "host": replace(route, path="/", methods=frozenset()),
        "path": replace(route, host="", methods=frozenset()),
    }
    said = {
        "method": f"method {head.method} is {'one' if fit is Fit.MATCHES else 'none'} of "
        f"{', '.join(sorted(route.methods))}" if route.methods else "",
        "host": f"host {_named(head.hosts)} against {route.host}" if route.host else "",
        "path": f"path {' or '.join(_paths(head))} against {route.path}"
        if route.path != "/" else "",
    }  # fmt: skip
    told = [said[part] for part, alone in only.items() if said[part] and _fit(alone, head) is fit]
    return "; ".join(told) or "it takes every request"


def _named(hosts: Sequence[str]) -> str:
    return " and ".join(host or "(none)" for host in hosts)


def _paths(head: Head) -> Sequence[str]:
    return [*head.paths.paths, *(["anywhere"] if head.paths.is_anywhere else [])]
