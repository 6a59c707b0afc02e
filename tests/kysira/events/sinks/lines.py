"""Lines and a sink for tests."""

import asyncio
import json
from collections.abc import Sequence

from kysira.events.sinks.base import Line


def lines(count: int, *, first: int = 0, padding: int = 0) -> list[Line]:
    """Return numbered events."""
    return [line(number, padding) for number in range(first, first + count)]


def line(number: int, padding: int = 0) -> Line:
    """Return an event that says its number."""
    row = {"id": f"event-{number}", "number": number, "padding": "x" * padding}
    return Line(str(row["id"]), json.dumps(row).encode())


def numbers(data: bytes) -> list[int]:
    """Return the numbers of the events in lines; each must be whole."""
    return [json.loads(each)["number"] for each in data.splitlines()]


class FakeSink:
    """Remembers what it is given; ``gate`` holds up each call while it is not set."""

    name = "fake"

    def __init__(self) -> None:
        self.dropped = 0
        self.given: list[Line] = []
        self.calls: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_entered = asyncio.Event()
        self.failures = 0

    async def start(self) -> None:
        """Note that it was started."""
        self.calls.append("start")

    async def write(self, given: Sequence[Line]) -> None:
        """Take the lines once the gate is open."""
        self.is_entered.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a bug")
        self.given.extend(given)

    async def close(self) -> None:
        """Note that it was closed, once the gate is open."""
        await self.gate.wait()
        self.calls.append("close")
