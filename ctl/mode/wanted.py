"""What is asked for, and what that means for a service in a given state."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ctl.fleet.target import Target
from ctl.mode.state import State
from kysira.types import Mode


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mode, for how long, and over which."""

    mode: Mode
    ttl_s: float | None = None
    """None is for good."""
    if_mode: Mode | None = None
    """Only services in this mode are changed."""

    @property
    def body(self) -> dict[str, Any]:
        """Return what is posted."""
        row = {"mode": self.mode, "ttl_seconds": self.ttl_s, "if_mode": self.if_mode}
        return {key: value for key, value in row.items() if value is not None}


@dataclass(frozen=True, slots=True)
class How:
    """How a mode is set."""

    is_asking: bool = False
    """The terminal's user is asked before anything is changed."""
    is_rolling_back: bool = False
    """A flip that only a part made is undone."""
    ttl: str | None = None
    """The time of it, as it was written."""


class Result(StrEnum):
    """What became of one service."""

    CHANGED = "changed"
    ALREADY = "already"
    LEFT = "left alone"
    """It is not in the mode that --if-mode asks for."""
    REFUSED = "refused"
    SILENT = "no answer"
    """It was not asked to change."""
    UNKNOWN = "unknown"
    """It was asked, and nobody knows what it did or will do."""
    OVERRULED = "overruled"
    """It did as asked, and was then found otherwise: somebody else is at it, too."""
    ROLLED_BACK = "rolled back"
    NOT_ROLLED_BACK = "not rolled back"

    @property
    def is_done(self) -> bool:
        """Return True when the service is as was asked for."""
        return self in (Result.CHANGED, Result.ALREADY)


@dataclass(frozen=True, slots=True)
class Row:
    """One service: what it was, what became of it, and what is in force now as far as known."""

    target: Target
    result: Result
    before: State | None = None
    state: State | None = None
    note: str = ""
    status: int = 0
    """HTTP status of the refusal; 0 where there is none."""


def verdict(state: State, wanted: Wanted) -> Result | None:
    """Return what becomes of a service without asking it; None when it must be asked to change."""
    if is_already(state, wanted):
        return Result.ALREADY
    if wanted.if_mode not in (None, state.mode):
        return Result.LEFT
    return None


def is_already(state: State, wanted: Wanted) -> bool:
    """Return True when setting it would change nothing.

    A service that is for good in the mode goes back to that same mode when a flip ends, so a time
    changes nothing there; one with an end gets a new one, or none.
    """
    return state.mode is wanted.mode and state.expires_at is None


def already_note(wanted: Wanted) -> str:
    """Return what to say of a service that need not be changed."""
    return f"{wanted.mode} for good: --ttl does not end that" if wanted.ttl_s else ""
