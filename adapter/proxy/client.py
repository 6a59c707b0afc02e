"""The client's side of the proxy: requests in, one at a time, and how a connection ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Protocol

from adapter.proxy import answers
from adapter.proxy.body import Body
from adapter.proxy.deadline import Deadline
from adapter.proxy.errors import MessageError, ProxyError
from adapter.proxy.framing import Broken, Framing, request_framing
from adapter.proxy.heads import RequestHead, parse_request_head
from adapter.proxy.limits import HIGH_WATER_BYTES, MAX_HEAD_BYTES, Limits
from adapter.proxy.reset import reset
from adapter.proxy.stream import Stream

log = logging.getLogger(__name__)
_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class State(Enum):
    """What the connection waits for."""

    IDLE = auto()
    HEAD = auto()
    ANSWER = auto()
    CLOSING = auto()
    """The answer is written; what still comes is dropped until the client closes."""
    GONE = auto()
    """Lost, or somebody else's by now."""


class Handler(Protocol):
    """Answers requests."""

    def __call__(
        self, head: RequestHead, body: Body | None, client: "ClientConnection"
    ) -> Awaitable[bool]:
        """Answer one request on the client's connection; return False to end the connection.

        A ProxyError becomes an answer, when none has begun.
        """


def _ignore(_: ProxyError) -> None:
    pass


class ClientConnection(Stream):
    """One connection of a client."""

    __slots__ = (
        "_body", "_buffer", "_connections", "_deadline", "_framing", "_handler", "_is_head_request",
        "_is_patient", "_loop", "_note", "_state", "_stop", "_task", "has_answered",
        "is_secure", "limits", "peer",
    )  # fmt: skip

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        *,
        stop: asyncio.Event,
        connections: set["ClientConnection"],
        is_secure: bool = False,
        note: Callable[[ProxyError], None] = _ignore,
    ) -> None:
        """``stop`` ends it after the request that runs; it is in ``connections`` while it lasts.

        ``note`` is told of the errors that the client gets.
        """
        super().__init__()
        self.peer = ""
        self.is_secure = is_secure
        self.has_answered = False
        """True once a byte of the final answer to the request that runs was written."""
        self._handler = handler
        self.limits = limits
        self._stop = stop
        self._connections = connections
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._state = State.IDLE
        self._buffer = b""
        self._framing: Framing | None = None
        self._body: Body | None = None
        self._is_patient = self._is_head_request = False
        self._task: asyncio.Task[None] | None = None
        self._deadline = Deadline(self._loop, self._expired)

    @property
    def is_stopping(self) -> bool:
        """Return True when the request that runs is the connection's last.

        So is one that is answered before all of it came: what follows would be its body.
        """
        return self._stop.is_set() or self._framing is not None

    # What the handler does

    def write(self, data: bytes) -> None:
        """Send a part of the answer; raises ConnectionError when the client is gone."""
        self._raise_if_lost()
        self.has_answered = True
        self.transport.write(data)

    def write_all(self, pieces: list[bytes]) -> None:
        """Send a part of the answer that comes in pieces; raises ConnectionError."""
        self._raise_if_lost()
        self.has_answered = True
        self.transport.writelines(pieces)

    def write_interim(self, data: bytes) -> None:
        """Send an answer before the final one (RFC 9110 §15.2); raises ConnectionError."""
        self._raise_if_lost()
        self.transport.write(data)

    async def wait_for_room(self) -> None:
        """Return when there is room to write; raises ConnectionError or TimeoutError."""
        await self.drain(self.limits.write_s)

    def send_continue(self) -> None:
        """Ask for the body that a client holds back (RFC 9110 §10.1.1); raises ConnectionError."""
        self._raise_if_lost()
        self.transport.write(_CONTINUE)

    def _raise_if_lost(self) -> None:
        """Tell a handler whose client has left while it was decided; uvloop takes it for a bug."""
        if self.is_lost:
            raise ConnectionResetError("the client is gone")

    async def wait_for_body(self, body: Body, *, is_patient: bool = True) -> bool:
        """Return True when there is news of the body; False after a moment of silence.

        A patient one waits until there is news, which is an error when none comes in time.
        """
        if body.has_news:
            return True
        self._is_patient = is_patient
        self._deadline.set(self.limits.body_s if is_patient else self.limits.silence_s)
        try:
            await body.wait()
        finally:
            self._deadline.clear()
        return body.has_news

    def hand_over(self, protocol: asyncio.Protocol, data: bytes) -> None:
        """Leave the connection to another protocol, as if it began with this data."""
        self._state = State.GONE
        self._deadline.close()
        self.resume_reading()
        self._connections.discard(self)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(data)

    def join(self, partner: Stream) -> bytes:
        """Send the partner all that comes from now on; return what has come since the request."""
        self.partner = partner
        early, self._buffer = self._buffer, b""
        return early

    # What the connection does

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._connections.add(self)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        # A client that says nothing at all is as slow as one that says little.
        self._deadline.set(self.limits.header_s)

    def data_received(self, data: bytes) -> None:
        """Take what the state waits for."""
        if self.partner is not None:
            self.partner.transport.write(data)
        elif self._state is State.ANSWER:
            self._on_body(data)
        elif self._state in (State.IDLE, State.HEAD):
            self._on_head(data)

    def eof_received(self) -> bool:
        """Pass the end on in a tunnel; elsewhere the client has left, as with nginx."""
        return self.pass_end_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what runs: nobody waits for the answer any more."""
        super().connection_lost(exc)
        self._deadline.close()
        if self._state is State.GONE:
            return
        self._state = State.GONE
        if self._body is not None:
            self._body.fail(exc or ConnectionResetError("the client is gone"))
        if self.partner is not None:
            self.end_partner(self.limits.write_s)
        elif self._task is not None:
            self._task.cancel()
        self._connections.discard(self)

    def close_if_idle(self) -> None:
        """End the connection unless a request runs."""
        if self._state is State.IDLE:
            self._close()

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def _on_head(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if self._state is State.IDLE:
            data = data.lstrip(b"\r\n")  # RFC 9112 §2.2
            if not data:
                return
            self._state = State.HEAD
            self._deadline.set(self.limits.header_s)
        end = data.find(_END)
        try:
            if end > MAX_HEAD_BYTES or (end < 0 and len(data) > MAX_HEAD_BYTES):
                raise MessageError("the request's head is too long", 431)
            if end < 0:
                _check_part(data)
                self._buffer = data
                return
            self._begin(parse_request_head(data[: end + 2]), data[end + 4 :])
        except MessageError as error:
            self._refuse(error)

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        self._framing = request_framing(head)
        self._body = Body(self) if self._framing else None
        self._state = State.ANSWER
        self._is_head_request = head.method == b"HEAD"
        self._deadline.clear()
        self._buffer = b""
        self.has_answered = False
        if rest:
            self._on_body(rest)
        self._task = self._loop.create_task(self._answer(head, self._body))

    def _on_body(self, data: bytes) -> None:
        """Take what comes while a request runs: its body, then the beginning of the next."""
        if self._framing is not None and self._body is not None:
            try:
                rest = self._framing.feed(data, self._body)
            except MessageError as error:
                self._framing = Broken()
                self._body.fail(error)
                return
            if rest is None:
                return
            self._framing = None
            data = rest
        if data and (self._body is None or self._body.is_complete):
            self._buffer += data
            if len(self._buffer) > HIGH_WATER_BYTES:
                self.pause_reading()

    async def _answer(self, head: RequestHead, body: Body | None) -> None:
        try:
            is_kept = await self._handler(head, body, self)
        except ProxyError as error:
            self._refuse(error)
        except (ConnectionError, TimeoutError):  # the client takes nothing any more
            self.abort()
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception:
            log.exception("request_crashed")
            self._refuse(ProxyError("internal error"))
        else:
            self._end(is_kept)

    def _end(self, is_kept: bool) -> None:
        """Go on to the next request, or end the connection."""
        if self._state is not State.ANSWER or self.partner is not None:
            return
        self._task = self._body = None
        self._is_head_request = False
        if not is_kept or self._framing is not None or self._stop.is_set():
            self._close()
            return
        self._state = State.IDLE
        self.resume_reading()
        self._deadline.set(self.limits.keep_alive_s)
        if self._buffer:  # which may be no more than an empty line
            data, self._buffer = self._buffer, b""
            self._on_head(data)

    def _refuse(self, error: ProxyError) -> None:
        """Answer what can't be handled, and end the connection."""
        self._task = None
        self._note(error)
        if self.is_lost:
            return
        if self.has_answered and self._state is State.ANSWER:
            reset(self.transport)  # never a clean end of half an answer
            return
        self.write(answers.error(error.status, error.detail, is_head=self._is_head_request))
        self._close(is_unread=True)

    def _close(self, *, is_unread: bool = False) -> None:
        """Close when the client has its answer.

        A close with unread data is a reset, which may destroy the answer before the client has
        read it (RFC 9112 §9.6).
        """
        if self.transport.is_closing():
            return
        is_unread = is_unread or self._framing is not None or bool(self._buffer)
        self._state = State.CLOSING
        self._buffer = b""
        if not is_unread:
            self.transport.close()
            self._deadline.set(self.limits.write_s)
            return
        self.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline.set(self.limits.linger_s)

    def _expired(self) -> None:
        if self._state is State.HEAD:
            self._refuse(MessageError("the request's head took too long", 408))
        elif self._state is State.ANSWER and self._body is not None:
            if self._is_patient:
                self._body.fail(MessageError("the request's body took too long", 408))
            else:
                self._body.nudge()
        elif self._state is State.CLOSING:
            self.abort()
        else:
            self._close()


def _check_part(data: bytes) -> None:
    """Refuse the beginning of a head that can't become one: it would be waited for in vain."""
    if data.count(b"\n") != data.count(b"\r\n"):
        raise MessageError("a line ends in CR LF")
    if not 0x21 <= data[0] <= 0x7E:
        raise MessageError("this is no HTTP")
