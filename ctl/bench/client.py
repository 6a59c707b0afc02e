"""Asks a real HTTP server about requests: raw sockets, since clients correct what they send."""

import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ctl.bench.columns import Answer, Column, Outcome
from ctl.bench.endpoint import Endpoint
from ctl.bench.wire import NotExpressibleError, wire_bytes
from kysira.errors import StartError
from kysira.types import Request

MAX_HEAD_BYTES = 1 << 18
WOULD_HAVE_KILLED = "x-kysira-would-have-killed"
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? ([1-5]\d\d)(?: |$)")
_CONTINUES = range(100, 200)
_SWITCHED = 101


@dataclass(frozen=True, slots=True)
class Judgement:
    """How an endpoint is asked, and what counts as blocked."""

    timeout_s: float = 10.0
    """For one request, from connecting to the end of the answer's head."""
    blocked: frozenset[int] = frozenset({403})
    """Statuses; a connection reset or closed without an answer is blocked too."""
    host: str = ""
    """Host header to send whatever a row says; "" sends the row's."""


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    headers: Mapping[str, str]


class _AnswerError(Exception):
    """What came back is no HTTP."""


def remote(endpoint: Endpoint, address: str, judgement: Judgement) -> Column:
    """Return the column of an endpoint at one of its addresses."""
    context = ssl.create_default_context() if endpoint.is_tls else None

    def ask(request: Request) -> Answer:
        try:
            data = wire_bytes(
                request,
                judgement.host or endpoint.authority,
                is_host_forced=bool(judgement.host),
            )
        except NotExpressibleError as error:
            return Answer(Outcome.UNSENT, str(error))
        deadline = time.monotonic() + judgement.timeout_s
        try:
            connection = _connected(endpoint, address, context, judgement.timeout_s)
        except OSError as error:
            return Answer(Outcome.UNANSWERED, _why(error))
        with connection:
            return _exchanged(connection, data, deadline, judgement)

    return Column(endpoint.name, ask, is_remote=True)


def require_answering(endpoint: Endpoint, address: str, timeout_s: float) -> None:
    """Raise StartError when nothing listens there."""
    context = ssl.create_default_context() if endpoint.is_tls else None
    try:
        _connected(endpoint, address, context, timeout_s).close()
    except OSError as error:
        raise StartError(f"{endpoint.url} does not answer: {_why(error)}") from error


def _connected(
    endpoint: Endpoint, address: str, context: ssl.SSLContext | None, timeout_s: float
) -> socket.socket:
    connection = socket.create_connection((address, endpoint.port), timeout_s)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            return context.wrap_socket(connection, server_hostname=endpoint.host)
    except BaseException:
        connection.close()
        raise
    return connection


def _exchanged(
    connection: socket.socket, data: bytes, deadline: float, judgement: Judgement
) -> Answer:
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # its answer may be there already
            connection.settimeout(_left(deadline))
            connection.sendall(data)
        head = _head(connection, deadline)
    except ConnectionError:
        return Answer(Outcome.BLOCKED, "reset")
    except _AnswerError as error:
        return Answer(Outcome.UNANSWERED, str(error))
    except OSError as error:
        return Answer(Outcome.UNANSWERED, _why(error))
    is_blocked = head.status in judgement.blocked or head.headers.get(WOULD_HAVE_KILLED) == "true"
    return Answer(Outcome.BLOCKED if is_blocked else Outcome.PASSED, str(head.status))


def _head(connection: socket.socket, deadline: float) -> _Head:
    """Return the head of the final answer, without its body; interim ones are read over."""
    buffer = b""
    while True:
        text, end, rest = buffer.partition(b"\r\n\r\n")
        if end:
            head = _parsed(text)
            if head.status not in _CONTINUES or head.status == _SWITCHED:
                return head
            buffer = rest
            continue
        if len(buffer) > MAX_HEAD_BYTES:
            raise _AnswerError("endless head")
        connection.settimeout(_left(deadline))
        chunk = connection.recv(65536)
        if not chunk and not buffer:
            raise ConnectionResetError
        if not chunk:
            raise _AnswerError("broken answer")
        buffer += chunk


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _parsed(text: bytes) -> _Head:
    line, *lines = text.split(b"\r\n")
    match = _STATUS.match(line)
    if not match:
        raise _AnswerError("answer is no HTTP")
    pairs = (each.decode("latin-1").partition(":") for each in lines)
    return _Head(int(match[1]), {name.lower(): value.strip() for name, _, value in pairs})


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror or type(error).__name__
