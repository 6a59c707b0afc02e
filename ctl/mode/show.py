"""Shows the mode of every service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ctl.console import Output, note, say_json
from ctl.fitting import say_fitting
from ctl.mode.state import Reading, State, read_all
from ctl.mode.ttl import iso, until_text

if TYPE_CHECKING:
    from ctl.fleet.client import Reply
    from ctl.fleet.open import Fleet

_HEALTH = "/_kysira/health"


@dataclass(frozen=True, slots=True)
class Shown:
    """The mode of one service, and the policy that it decides by."""

    reading: Reading
    policy: str
    """The policy's hash, "" where health does not tell."""

    @property
    def row(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        state = self.reading.state
        if state is None:
            return (self.reading.target.name, "?", "", "", self.policy, "", self.reading.error)
        configured = "" if state.configured is None else state.configured.value
        saved = "yes" if state.is_saved else "no"
        until = until_text(state.expires_at)
        return (self.reading.target.name, state.mode, configured, until, self.policy, saved, "")

    @property
    def json(self) -> dict[str, Any]:
        """Return the fields of ``-o json``."""
        return {
            "target": self.reading.target.name,
            **state_json(self.reading.state),
            "policy": self.policy or None,
            "error": self.reading.error or None,
        }


def state_json(state: State | None) -> dict[str, Any]:
    """Return the fields that a state has in JSON; all are null where it is not known."""
    if state is None:
        return dict.fromkeys(("mode", "configured", "expires_at", "back_to", "saved"))
    return {
        "mode": state.mode,
        "configured": state.configured,
        "expires_at": None if state.expires_at is None else iso(state.expires_at),
        "back_to": state.back_to,
        "saved": state.is_saved,
    }


async def show(fleet: "Fleet", output: Output) -> bool:
    """Print the mode of every service; return True when all answered."""
    import asyncio  # noqa: PLC0415

    readings, healths = await asyncio.gather(
        read_all(fleet.client, fleet.targets), fleet.client.ask_all(fleet.targets, _HEALTH)
    )
    rows = [
        Shown(reading, _policy(health)) for reading, health in zip(readings, healths, strict=True)
    ]
    if output is Output.JSON:
        say_json({"services": [row.json for row in rows]})
    else:
        _say(rows)
    return all(row.reading.state for row in rows)


def _say(rows: Sequence[Shown]) -> None:
    columns = ("target", "mode", "configured", "until", "policy", "saved", "error")
    say_columns(columns, [row.row for row in rows])
    states = [row.reading.state for row in rows if row.reading.state]
    if len({state.mode for state in states}) > 1:
        note("the services are not in one mode")
    if len({row.policy for row in rows if row.policy}) > 1:
        note("the services do not decide by one policy")


def say_columns(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Print a table without the columns that would be empty."""
    kept = [at for at in range(len(columns)) if any(row[at] for row in rows)]
    say_fitting([columns[at] for at in kept], [[row[at] for at in kept] for row in rows])


def _policy(health: "Reply") -> str:
    told = health.body.get("policy") if health.is_ok and isinstance(health.body, dict) else None
    return told if isinstance(told, str) else ""
