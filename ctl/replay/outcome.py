"""What became of one request before, and what becomes of it by another policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kysira.types import Action, Decision


class AsMode(StrEnum):
    """Which mode requests are decided in."""

    ACTIVE = "active"
    POLICY = "policy"


class Doubt(StrEnum):
    """Why a decision on a recorded event may be another than the request would really get."""

    HIDDEN = "hidden"
    MODELS = "models"
    NOT_RUN = "not-run"
    EXCLUDED = "excluded"
    UNREAD = "unread"
    MASKED = "masked"


MEANING: Mapping[Doubt, str] = {
    Doubt.HIDDEN: "an event has the best finding of each detector: behind one that no longer "
    "counts may stand another of the same detector, elsewhere in the request",
    Doubt.MODELS: "rules had decided, so the models were not asked; without that finding they are",
    Doubt.NOT_RUN: "detectors that are on now were off when it was recorded",
    Doubt.EXCLUDED: "an exclusion of then is gone, and what it dropped is not recorded",
    Doubt.UNREAD: "a part of the request was not read then, and is read now",
    Doubt.MASKED: "its path or a location is masked, cut or not told, so that a route or an "
    "exclusion may hold that is taken not to",
}
"""What each means, for people."""


class Change(StrEnum):
    """How a request is decided otherwise."""

    NEWLY_BLOCKED = "newly blocked"
    NO_LONGER_BLOCKED = "no longer blocked"


@dataclass(frozen=True, slots=True)
class Side:
    """One decision."""

    is_blocked: bool
    route: str = ""
    detector: str = ""
    location: str = ""
    score: float = 0.0
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "blocked": self.is_blocked,
            "route": self.route,
            "detector": self.detector,
            "location": self.location,
            "score": self.score,
            "reason": self.reason,
        }


def side(decision: Decision) -> Side:
    """Return what counts of a decision."""
    found = decision.finding
    return Side(
        decision.action is Action.ACTIVE_KILL, decision.route, found.detector if found else "",
        found.location if found else "", decision.score or 0.0, decision.reason,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """A request with both of its decisions."""

    where: str
    """An event's id, or file and line."""
    method: str
    path: str
    """Without its query."""
    source_ip: str
    before: Side
    after: Side
    doubts: frozenset[Doubt] = frozenset()
    """What ``after`` may be wrong for."""

    @property
    def change(self) -> Change | None:
        """Return how it is decided otherwise; None when it is not."""
        if self.before.is_blocked == self.after.is_blocked:
            return None
        return Change.NEWLY_BLOCKED if self.after.is_blocked else Change.NO_LONGER_BLOCKED

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "where": self.where,
            "method": self.method,
            "path": self.path,
            "source_ip": self.source_ip,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "doubts": sorted(self.doubts),
        }
