"""Asks the management paths of services, all at once; an answer that does not come is a value."""

import asyncio
import json
import os
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from ctl.console import printable
from ctl.fleet.target import Target
from kysira.errors import SettingsError

_MOST_ANSWER_BYTES = 32 << 20
_TOKEN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")
"""What a header can hold."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service said, or why it said nothing."""

    target: Target
    status: int = 0
    """0 when there was no answer."""
    body: Any = None
    """The JSON; the text where it is none."""
    error: str = ""
    """Why it is no success, for people; "" for one."""
    may_have_arrived: bool = False
    """True when the service may have the request, or may yet read it, and did not answer."""

    @property
    def is_ok(self) -> bool:
        """Return True when the service did what it was asked."""
        return not self.error


@dataclass(slots=True)
class _Sent:
    """Whether a byte of a request has left: from then on nobody knows what became of it."""

    is_begun: bool = False


async def _note_sent(_session: object, context: Any, _params: object) -> None:
    context.trace_request_ctx.is_begun = True


class FleetClient:
    """Talks to services with one token and one deadline."""

    def __init__(
        self, session: aiohttp.ClientSession, token: str, timeout_s: float,
        most_bytes: int = _MOST_ANSWER_BYTES, on_status: Callable[[int], None] | None = None,
    ) -> None:  # fmt: skip
        """``on_status`` is told the status of every answer."""
        self._session = session
        self._on_status = on_status
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes

    async def ask(
        self, target: Target, path: str, *, method: str = "GET",
        json_body: Mapping[str, Any] | None = None,
    ) -> Reply:  # fmt: skip
        """Return the reply of one service; never raises for what a service or network does."""
        if problem := target.unasked:
            return Reply(target, error=problem)
        sent = _Sent()
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._session.request(
                    method, target.url + path, json=json_body, headers=self._told(target),
                    allow_redirects=False, server_hostname=target.server_name or None,
                    trace_request_ctx=sent,
                ) as answer:  # fmt: skip
                    if self._on_status:
                        self._on_status(answer.status)
                    text = await _read(answer, self._most_bytes)
                    if text is None:
                        most = f"{self._most_bytes / 2**20:g} MiB"
                        return Reply(target, answer.status, error=f"answers more than {most}")
                    return _reply(target, answer.status, text)
        except TimeoutError:
            error = f"no answer in {self._timeout_s:g} s"
        except (aiohttp.ClientError, OSError) as failure:
            error = why(failure)
        if target.carrier and (broken := target.carrier()):
            error = f"{error} (kubectl: {broken})"
        return Reply(target, error=error, may_have_arrived=sent.is_begun)

    async def ask_all(
        self, targets: Iterable[Target], path: str, *, method: str = "GET",
        json_body: Mapping[str, Any] | None = None,
    ) -> Sequence[Reply]:  # fmt: skip
        """Return the reply of every service, in their order."""
        return await asyncio.gather(
            *(self.ask(each, path, method=method, json_body=json_body) for each in targets)
        )

    def stream(
        self, target: Target, path: str, headers: Mapping[str, str]
    ) -> "aiohttp.client._RequestContextManager":
        """Return an answer without an end, to be entered; raises aiohttp's errors."""
        if problem := target.unasked:
            raise aiohttp.ClientConnectionError(problem)
        return self._session.get(
            target.url + path, headers={**self._told(target), **headers}, allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s),
            server_hostname=target.server_name or None, trace_request_ctx=_Sent(),
        )  # fmt: skip

    def _told(self, target: Target) -> dict[str, str]:
        """Return the headers of a request: what ends TLS often finds its way by the Host."""
        if not target.server_name:
            return self._headers
        port = urlsplit(target.url).port
        host = target.server_name if port in (None, 443) else f"{target.server_name}:{port}"
        return {**self._headers, "Host": host}


@asynccontextmanager
async def fleet_client(
    token: str, timeout_s: float, most_bytes: int = _MOST_ANSWER_BYTES,
    on_status: Callable[[int], None] | None = None,
) -> AsyncIterator[FleetClient]:  # fmt: skip
    """Hold the connections of a command; raises SettingsError for a token that can't be sent."""
    if not _TOKEN.fullmatch(token):
        raise SettingsError("the admin token holds a line break, or what is no text")
    connector = aiohttp.TCPConnector(limit=0)
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note_sent)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
        trace_configs=[trace],
    ) as session:  # fmt: skip
        yield FleetClient(session, token, timeout_s, most_bytes, on_status)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    """Return the whole body, None when it is longer than that."""
    pieces, left = [], most
    while piece := await answer.content.read(1 << 20):  # what there is, not all
        left -= len(piece)
        if left < 0:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _reply(target: Target, status: int, text: bytes) -> Reply:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = text.decode("utf-8", "replace")
    if status == 200:
        return Reply(target, status, body)
    said = body.get("error") if isinstance(body, dict) else None
    hint = f": {printable(said)}" if isinstance(said, str) else ""
    return Reply(target, status, body, f"answered {status}{hint}")


def why(error: Exception) -> str:
    """Return for people why a connection failed."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {error.certificate_error}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "closed the connection without an answer"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "name not known"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ssl.SSLError):  # its number is none of the system's
        return f"no TLS: {(cause.reason or 'it failed').replace('_', ' ').lower()}"
    if isinstance(cause, OSError) and cause.errno and cause.errno > 0:
        return os.strerror(cause.errno).lower()  # asyncio's own text is a tuple
    return f"no answer: {type(error).__name__}"
