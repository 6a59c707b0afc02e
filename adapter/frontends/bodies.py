"""Bodies as they are scored: the first part before anything is forwarded, the rest as it comes."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from adapter.proxy.body import Body
from adapter.proxy.client import ClientConnection
from adapter.proxy.errors import MessageError, ProxyError
from adapter.proxy.heads import RequestHead
from adapter.proxy.hop_by_hop import expects_continue
from kysira.guard import Guard
from kysira.policy import Policy, Snapshot
from kysira.settings import OnOversize
from kysira.types import Decision, Request

MAX_OWN_BODY_BYTES = 65536
"""A longer body of a request to a management path is refused."""
_TIMES_READ = 4
"""How often a body is read again at once, measured in bodies of the limit's length."""
_READING_COSTS = 1024
"""Bytes that reading anything at all costs as much as."""


class First(NamedTuple):
    """What is scored of a body."""

    data: bytes
    rest: Body | None
    """Where more comes from, None when this was all."""

    def is_cut(self, policy: Policy) -> bool:
        """Return True when the guard is to treat it as a part.

        The beginning of a stream is no body over the limit, which a policy may leave unread.
        """
        if len(self.data) > policy.max_body_bytes:
            return True
        return self.rest is not None and policy.on_oversize is not OnOversize.PASS


async def read_first(
    head: RequestHead, body: Body, client: ClientConnection, policy: Policy
) -> First:
    """Return as much of the body as is scored, and a little more; raises MessageError.

    A body of unknown length that falls silent may wait for the answer: what came is scored, unless
    the policy lets nothing pass that was not read to its end.
    """
    if expects_continue(head) and not body.has_news:
        client.send_continue()
    is_patient = "content-length" in head.controls or policy.on_oversize is OnOversize.BLOCK
    pieces: list[bytes] = []
    room = policy.max_body_bytes + 1
    while room > 0 and not body.is_over:
        if not await client.wait_for_body(body, is_patient=is_patient):
            break
        piece = body.take()
        pieces.append(piece)
        room -= len(piece)
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return First(data, None if body.is_over else body)


def leave_unread(head: RequestHead, body: Body, client: ClientConnection) -> First:
    """Return a body of which nothing is scored, all of it still to come."""
    if expects_continue(head) and not body.has_news:
        client.send_continue()
    return First(b"", body)


async def read_all(head: RequestHead, body: Body, client: ClientConnection) -> bytes:
    """Return the whole body of a request to ourselves; raises MessageError."""
    if expects_continue(head) and not body.has_news:
        client.send_continue()
    data = b""
    while not body.is_over:
        await client.wait_for_body(body)
        data += body.take()
        if len(data) > MAX_OWN_BODY_BYTES:
            raise MessageError("the body is too long", 413)
    return data


class Killed(ProxyError):
    """A later piece of a body is refused."""

    def __init__(self, decision: Decision) -> None:
        super().__init__("refused", decision.refuse_status)
        self.decision = decision


class Watch:
    """Has the guard read on in a body that was scored before its end, up to the limit.

    Otherwise an attack would only have to come after a moment of silence. Each time all that has
    come is read, behind the head that says how: a piece alone tells nothing of a compressed body,
    and a client chooses where pieces end. What that costs is bounded: once it has cost enough,
    pieces are held back and read together, after a moment or at the end.
    """

    def __init__(
        self,
        guard: Guard,
        head: Request,
        snapshot: Snapshot,
        seen: bytes,
        *,
        silence_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._head = head
        self._snapshot = snapshot
        self._limit = snapshot.policy.max_body_bytes
        self._seen = bytearray(seen)
        self._held: list[bytes] = []
        self._is_ended = False
        self._budget = _TIMES_READ * self._limit
        self._silence_s = silence_s
        self._clock = clock
        self._looked_at = clock()

    @property
    def is_holding(self) -> bool:
        """Return True while something waits to be read."""
        return bool(self._held)

    async def read(self, piece: bytes, *, is_quiet: bool, is_over: bool) -> bytes:
        """Return what may go on by now: with the piece what was held back before it, or nothing.

        ``is_quiet`` says that no more came for a moment, ``is_over`` that this was all. Raises
        Killed.
        """
        if self._is_ended:
            return piece
        room = self._limit - len(self._seen)
        if piece:
            self._held.append(piece)
            self._seen += piece[:room]
        is_full = len(piece) >= room
        if not (is_over or is_quiet or is_full or self._may_look()):
            return b""
        held, self._held = self._held, []
        self._is_ended = is_full or is_over
        await self._look(is_whole=is_over and len(piece) <= room)
        return b"".join(held)

    def _may_look(self) -> bool:
        return self._budget > 0 or self._clock() - self._looked_at >= self._silence_s

    async def _look(self, *, is_whole: bool) -> None:
        self._budget -= len(self._seen) + _READING_COSTS
        self._looked_at = self._clock()
        is_cut = not is_whole and self._snapshot.policy.on_oversize is not OnOversize.PASS
        part = replace(self._head, body=bytes(self._seen), body_truncated=is_cut)
        decision = await self._guard.check_more(self._head, part, self._snapshot)
        if decision is not None:
            self._is_ended = True  # it has been told of
            if decision.is_refused:
                raise Killed(decision)
