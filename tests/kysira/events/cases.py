"""What tests of events are made of."""

import asyncio
from collections.abc import Sequence

from kysira.events.sinks.base import Line
from kysira.types import Action, Decision, Finding, Mode, Request, Uninspected, Verdict

PASSED = Decision(Action.PASSED, Mode.SHADOW, 0.95, 0.0, verdict=Verdict(breakdown={"sqli": 0.0}))


def request(target: bytes = b"/", **other: object) -> Request:
    """Return a GET of a target."""
    values: dict[str, object] = {
        "headers": (("host", b"app.test"), ("cookie", b"sid=abc")),
        "source_ip": "192.0.2.7",
    }
    return Request("GET", target, **{**values, **other})  # type: ignore[arg-type]


def flagged(*findings: Finding) -> Decision:
    """Return a decision over the threshold, for the first finding."""
    first = findings[0]
    scores = {finding.detector: finding.score for finding in findings}
    verdict = Verdict(first.score, first.reason, first.detector, scores, findings)
    return Decision(
        Action.SHADOW_KILL, Mode.SHADOW, 0.95, first.score, first.reason, verdict=verdict,
        finding=first,
    )  # fmt: skip


def not_scored() -> Decision:
    """Return what is decided when scoring fails."""
    verdict = Verdict(uninspected=(Uninspected.TIMEOUT,))
    return Decision(Action.ERROR, Mode.ACTIVE, 0.95, reason="uninspected:timeout", verdict=verdict)


class ListSink:
    """A sink that keeps what it gets, and waits while it is told to."""

    def __init__(self, name: str = "http") -> None:
        self.name = name
        self.lines: list[Line] = []
        self.is_closed = False
        self.dropped = 0
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def start(self) -> None:
        """Need nothing."""

    async def write(self, lines: Sequence[Line]) -> None:
        """Keep the lines once that is allowed."""
        await self.may_write.wait()
        self.lines += lines

    async def close(self) -> None:
        """Note that it is over."""
        self.is_closed = True
