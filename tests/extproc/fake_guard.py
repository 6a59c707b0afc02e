"""A guard that decides as it is told."""

import asyncio
from dataclasses import dataclass

from kysira.guard import Guard
from kysira.policy import Policy, Snapshot
from kysira.types import Decision, Mode, Request, Uninspected
from tests.extproc.checks import PASSED


@dataclass(frozen=True, slots=True)
class Asked:
    """What the guard was asked."""

    request: Request
    unread: Uninspected | None


class FakeGuard(Guard):
    """Decides as told, and remembers what it was asked."""

    def __init__(self, decision: Decision = PASSED, *, inspects_body: bool = True) -> None:
        self.decision: Decision | None = decision
        self.asked: list[Asked] = []
        self.counted: list[Uninspected] = []
        self._inspects_body = inspects_body
        self.is_asked = asyncio.Event()

    def snapshot(self, request: Request) -> Snapshot:
        """Return one that reads bodies, or does not."""
        return Snapshot(Policy(), Mode.ACTIVE, inspects_body=self._inspects_body)

    async def check(
        self, request: Request, snapshot: Snapshot, *, unread: Uninspected | None = None
    ) -> Decision:
        """Give the decision; None never comes."""
        self.asked.append(Asked(request, unread))
        self.is_asked.set()
        if self.decision is None:
            await asyncio.Event().wait()
        assert self.decision
        return self.decision

    def count_unread(self, why: Uninspected) -> None:
        """Remember it."""
        self.counted.append(why)
        self.is_asked.set()
