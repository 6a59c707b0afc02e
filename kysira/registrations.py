"""Registrations: the people who ask for contact, kept in ``registrations.jsonl``."""

import asyncio
import ipaddress
import json
import logging
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from kysira.errors import RequestError
from kysira.events.event import timestamp
from kysira.events.sinks.appending import AppendedFile
from kysira.events.sinks.worker import Worker
from kysira.rarely import Rarely
from kysira.registration_form import BODY_BYTES, Registration, read_form

log = logging.getLogger(__name__)
REGISTER_PATH = "/_kysira/register"
REGISTRATIONS_FILE = "registrations.jsonl"
_DISK_S = 10.0
_HEADERS = {
    # Without any CORS header a page of another origin can't read the answer; this keeps it from
    # embedding it, too.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """How much strangers may write to the disk, and how long they may take."""

    per_address: int = 5
    overall: int = 100
    period_s: float = 3600.0
    file_bytes: int = 10 << 20
    body_s: float = 10.0


class Registrations:
    """Takes registrations from anyone, so it is bounded in everything.

    One is on the disk when it is answered with 201. ``address`` tells whose request it is: whoever
    builds this knows which proxies stand before it.
    """

    def __init__(
        self,
        folder: Path,
        address: Callable[[web.BaseRequest], str],
        limits: RegistrationLimits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = AppendedFile(folder / REGISTRATIONS_FILE)
        self._address = address
        self._limits = limits or RegistrationLimits()
        self._rate = _Rate(self._limits, clock)
        self._worker = Worker("kysira-registrations")
        self._failure_log = Rarely()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer ``POST /_kysira/register``: 201, or an error that says what to do."""
        try:
            async with asyncio.timeout(self._limits.body_s):
                form = read_form(await _body(request))
        except RequestError as error:
            return _error(error.status, str(error))
        except TimeoutError:
            return _error(408, "the body took too long; send it again")
        address = self._address(request)
        if wait_s := self._rate.wait_s(address):
            response = _error(429, "too many registrations; try again later")
            response.headers["Retry-After"] = str(math.ceil(wait_s))
            return response
        if await self._is_saved(form, address):
            log.info("registration_saved path=%s", self._file.path)
            return web.json_response({"status": "registered"}, status=201, headers=_HEADERS)
        return _error(503, "registrations can't be saved at the moment; try again later")

    async def _is_saved(self, form: Registration, address: str) -> bool:
        now = timestamp(time.time())
        line = json.dumps({"timestamp": now, "source_ip": address, **asdict(form)}).encode()
        taken = self._rate.count(address)
        try:
            async with asyncio.timeout(_DISK_S):
                error = await self._worker.call(partial(self._save, line))
        except TimeoutError:  # it may be saved later, so it counts
            error = "the disk takes too long"
        else:
            if error:
                self._rate.take_back(taken)
        if error and self._failure_log.is_due():
            log.error("registration_not_saved path=%s error=%r", self._file.path, error)
        return error is None

    def _save(self, line: bytes) -> str | None:
        """Append the line for good, or return why not; in the worker's thread."""
        try:
            if self._file.size() + len(line) + 1 > self._limits.file_bytes:
                return "the file is full; move it away"
            appended = self._file.append([line])
            if appended.error:
                return str(appended.error)
            self._file.sync()
        except OSError as error:
            return str(error)
        finally:
            self._file.close()
        return None


class _Rate:
    """Remembers who registered in the last hour: never more than are allowed in all."""

    def __init__(self, limits: RegistrationLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._taken: deque[tuple[float, str]] = deque()

    def wait_s(self, address: str) -> float:
        """Return after how many seconds this client may register, 0 for now."""
        now = self._clock()
        while self._taken and self._taken[0][0] <= now - self._limits.period_s:
            self._taken.popleft()
        times = [when for when, _ in self._taken]
        own = [when for when, client in self._taken if client == _client(address)]
        bounds = ((times, self._limits.overall), (own, self._limits.per_address))
        full = [whens[-limit] for whens, limit in bounds if len(whens) >= limit]
        return max(full) + self._limits.period_s - now if full else 0.0

    def count(self, address: str) -> tuple[float, str]:
        """Remember a registration."""
        self._taken.append((self._clock(), _client(address)))
        return self._taken[-1]

    def take_back(self, taken: tuple[float, str]) -> None:
        """Forget one that came to nothing."""
        if taken in self._taken:
            self._taken.remove(taken)


def _client(address: str) -> str:
    """Return what one client can't change at will: of an IPv6 address, its network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or int(parsed) >> 64)


async def _body(request: web.BaseRequest) -> bytes:
    """Return the body; raises RequestError for one that is no small JSON."""
    if request.content_type != "application/json":
        # A page of another origin can't send this type without being asked for leave first.
        raise RequestError("send Content-Type: application/json", 415)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError("send the body uncompressed", 415)
    body = b""
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > BODY_BYTES:
            raise RequestError(f"the body is over {BODY_BYTES} bytes", 413)
    return body


def _error(status: int, error: str) -> web.Response:
    return web.json_response({"error": error}, status=status, headers=_HEADERS)
