"""The mode that a service says it is in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ctl.fleet.target import Target
from kysira.types import Mode

if TYPE_CHECKING:
    from ctl.fleet.client import FleetClient, Reply

PATH = "/api/mode"
_NO_SERVICE = "answers, but not as a Kysira service does"


@dataclass(frozen=True, slots=True)
class State:
    """What ``GET /api/mode`` tells."""

    mode: Mode
    expires_at: float | None = None
    """Unix seconds by the service's clock; None is for good."""
    is_saved: bool = True
    """False when it would not survive a restart."""
    configured: Mode | None = None
    """The mode that a flip is over; None where there is none, and where an older service does not
    tell."""
    back_to: Mode | None = None
    """What comes after the end; None without one, and where an older service does not tell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of one service, or why it is not known."""

    target: Target
    state: State | None = None
    error: str = ""
    status: int = 0
    """HTTP status; 0 when there was no answer."""


async def read_all(client: "FleetClient", targets: Iterable[Target]) -> Sequence[Reading]:
    """Ask every service at once."""
    return [reading(reply) for reply in await client.ask_all(targets, PATH)]


def reading(reply: "Reply") -> Reading:
    """Return what an answer of the mode's path tells."""
    if not reply.is_ok:
        return Reading(reply.target, None, reply.error, reply.status)
    state = _state(reply.body)
    return Reading(reply.target, state, "" if state else _NO_SERVICE, reply.status)


def _state(body: Any) -> State | None:
    try:
        return State(
            Mode(body["mode"]),
            _unix(body.get("expires_at")),
            body.get("saved", True) is not False,
            _mode(body.get("configured")),
            _mode(body.get("back_to")),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _mode(text: str | None) -> Mode | None:
    return None if text is None else Mode(text)


def _unix(text: str | None) -> float | None:
    if text is None:
        return None
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
