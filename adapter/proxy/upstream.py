"""The app's side of the proxy: one connection, one answer at a time."""

import asyncio
import re
from collections.abc import Callable
from enum import Enum, auto

from adapter.proxy.body import Body
from adapter.proxy.deadline import Deadline
from adapter.proxy.errors import MessageError, StaleError, UpstreamError
from adapter.proxy.framing import Framing, response_framing
from adapter.proxy.heads import ResponseHead, parse_response_head
from adapter.proxy.limits import MAX_RESPONSE_HEAD_BYTES
from adapter.proxy.stream import Stream

_END = re.compile(rb"\n\r?\n")
_KEEP_ALIVE = re.compile(rb"timeout=([0-9]{1,6})")
SWITCHING = 101


class State(Enum):
    """What the connection is at."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    DONE = auto()
    SWITCHED = auto()


class UpstreamConnection(Stream):
    """One connection to the app."""

    __slots__ = (
        "_buffer", "_deadline", "_error", "_framing", "_has_answer", "_head", "_interim",
        "_is_kept", "_is_reused", "_leave", "_method", "_state", "_waiter", "answer_s", "body",
        "idle_since", "keep_s",
    )  # fmt: skip

    def __init__(self, leave: Callable[["UpstreamConnection"], None], answer_s: float) -> None:
        """``leave`` is told when it is lost; the app gets ``answer_s`` for each answer's head."""
        super().__init__()
        self.answer_s = answer_s
        self.body: Body | None = None
        """The answer's body, once there is a head; None when it has none."""
        self.idle_since = 0.0
        self.keep_s = float("inf")
        """Seconds that the app says it keeps an unused connection for."""
        self._leave = leave
        self._state = State.IDLE
        self._buffer = b""
        self._method = b""
        self._is_reused = self._has_answer = False
        self._is_kept = True
        self._framing: Framing | None = None
        self._head: ResponseHead | None = None
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._interim: Callable[[ResponseHead], None] | None = None
        self._deadline = Deadline(asyncio.get_running_loop(), self._expired)

    @property
    def is_reusable(self) -> bool:
        """Return True when it may carry another request."""
        return (
            self._state in (State.IDLE, State.DONE)
            and self._is_kept
            and not self.transport.is_closing()
        )

    def start(self, method: bytes, interim: Callable[[ResponseHead], None]) -> None:
        """Expect the answer to a request, whose bytes the caller writes.

        ``interim`` is told of the answers before the final one, but for 100 Continue.
        """
        self._is_reused = self._has_answer
        self._has_answer = False
        self._state = State.HEAD
        self._method = method
        self._head, self.body, self._framing, self._interim = None, None, None, interim
        if self.is_lost and self._error is None:  # as soon as it was made
            self._error = UpstreamError("the app closed the connection without an answer")

    def expect_answer(self) -> None:
        """Say that the request is sent: the time for the head begins."""
        if self._state is State.HEAD and not self.is_lost:
            self._deadline.set(self.answer_s)

    async def head(self) -> ResponseHead:
        """Return the head of the final answer; raises UpstreamError, or what ``fail`` was told."""
        while self._head is None:
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._head

    def fail(self, error: Exception) -> None:
        """End the connection at once; whoever reads from it gets the error."""
        self._error = self._error or error
        if self.body is not None:
            self.body.fail(self._error)
        self._wake_reader()
        self.transport.abort()

    def join(self, partner: Stream) -> bytes:
        """Send the partner all that comes from now on; return what came behind the head."""
        self.partner = partner
        early, self._buffer = self._buffer, b""
        return early

    def keep(self, seconds: float) -> None:
        """Close when it is not used for so long."""
        self._state = State.IDLE
        self._interim = None
        self._deadline.set(min(seconds, self.keep_s))

    # What the connection does

    def data_received(self, data: bytes) -> None:
        """Take what the state waits for."""
        if self.partner is not None:
            self.partner.transport.write(data)
        elif self._state is State.HEAD:
            self._on_head(data)
        elif self._state is State.BODY:
            self._on_body(data)
        elif self._state is State.SWITCHED:
            self._buffer += data
        else:  # an answer that nobody has asked for would be taken for the next request's
            self._is_kept = False
            self.transport.abort()

    def eof_received(self) -> bool:
        """Pass the end on in a tunnel; elsewhere it is the end."""
        return self.pass_end_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever reads from it."""
        super().connection_lost(exc)
        self._deadline.close()
        self._is_kept = False
        if self._framing is not None and self.body is not None:
            cause = UpstreamError("the app ended its answer halfway") if exc else None
            self._framing.closed(self.body, cause)
        if self._state is State.HEAD and self._error is None:
            is_stale = self._is_reused and not self._has_answer
            kind = StaleError if is_stale else UpstreamError
            self._error = kind("the app closed the connection without an answer")
        self._wake_reader()
        self.end_partner(self.answer_s)
        self._leave(self)

    def _on_head(self, data: bytes) -> None:
        self._has_answer = True
        data = self._buffer + data if self._buffer else data
        while (end := _END.search(data)) is not None and end.start() <= MAX_RESPONSE_HEAD_BYTES:
            try:
                head = parse_response_head(data[: end.start() + 1])
                data = data[end.end() :]
                if head.status >= 200 or head.status == SWITCHING:
                    self._begin(head, data)
                    return
            except UpstreamError as error:
                self.fail(error)
                return
            if self._interim is not None and head.status != 100:
                self._interim(head)
        self._buffer = data
        if len(data) > MAX_RESPONSE_HEAD_BYTES:
            self.fail(UpstreamError("the app's answer has too long a head"))

    def _begin(self, head: ResponseHead, rest: bytes) -> None:
        self._buffer = b""
        self._deadline.clear()
        if head.status == SWITCHING:
            self._state, self._buffer = State.SWITCHED, rest
        else:
            self._framing = response_framing(head, self._method)
            self._is_kept = _is_kept(head)
            self.keep_s = _keep_s(head)
            if self._framing is None:
                self._finish(rest)
            else:
                self.body = Body(self)
                self._state = State.BODY
                if rest:
                    self._on_body(rest)
        self._head = head
        self._wake_reader()

    def _on_body(self, data: bytes) -> None:
        if self._framing is None or self.body is None:  # not in State.BODY
            return
        try:
            rest = self._framing.feed(data, self.body)
        except MessageError:
            self.fail(UpstreamError("the app's answer has a malformed body"))
            return
        if rest is not None:
            self._finish(rest)

    def _finish(self, rest: bytes) -> None:
        self._state, self._framing = State.DONE, None
        if rest:
            self._is_kept = False

    def _expired(self) -> None:
        if self._state is State.HEAD:
            self.fail(UpstreamError("the app did not answer in time", 504))
        else:
            self.transport.close()

    def _wake_reader(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _is_kept(head: ResponseHead) -> bool:
    """Return True when the app keeps the connection open (RFC 9112 §9.3)."""
    options = b",".join(head.controls.get("connection", ())).lower()
    if b"close" in options:
        return False
    both = "transfer-encoding" in head.controls and "content-length" in head.controls
    return not both and (head.minor == 1 or b"keep-alive" in options)


def _keep_s(head: ResponseHead) -> float:
    """Return how long the app keeps an unused connection; a second less, as it counts too."""
    values = head.controls.get("keep-alive")
    match = _KEEP_ALIVE.search(values[0]) if values else None
    return max(int(match[1]) - 1.0, 0.0) if match else float("inf")
