"""Bodies as they are scored: the first part before anything is forwarded, the rest as it comes."""

from typing import NamedTuple

from adapter.proxy.body import Body
from adapter.proxy.client import ClientConnection
from adapter.proxy.errors import MessageError, ProxyError
from adapter.proxy.heads import RequestHead
from adapter.proxy.hop_by_hop import expects_continue
from kysira.guard import Guard, Snapshot
from kysira.policy import Policy
from kysira.settings import OnOversize
from kysira.types import Decision, Request

MAX_OWN_BODY_BYTES = 65536
"""A longer body of a request to a management path is refused."""
_OVERLAP = 1024
"""Bytes that are read again with the next piece: a client chooses where pieces end."""


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

    Otherwise an attack would only have to come after a moment of silence.
    """

    def __init__(self, guard: Guard, head: Request, snapshot: Snapshot, seen: bytes) -> None:
        self._guard = guard
        self._head = head
        self._snapshot = snapshot
        self._left = snapshot.policy.max_body_bytes - len(seen)
        self._tail = seen[-_OVERLAP:]

    async def read(self, piece: bytes) -> None:
        """Return when the piece may go on; raises Killed."""
        if self._left <= 0:
            return
        data = self._tail + piece[: self._left]
        self._left -= len(piece)
        self._tail = data[-_OVERLAP:]
        part = Request(self._head.method, b"", body=data)
        decision = await self._guard.check_more(self._head, part, self._snapshot)
        if decision is not None:
            self._left = 0  # it has been told of
            if decision.is_refused:
                raise Killed(decision)
