"""Running an aiohttp application as a process: listen, say where, stop cleanly on a signal."""

import asyncio
import errno
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from kysira.errors import KysiraError, StartError

try:
    import uvloop
except ImportError:  # no wheel for this platform
    new_event_loop = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

AnyRequest = TypeVar("AnyRequest", bound=web.BaseRequest)
DRAIN_S = 20.0
"""Seconds that running requests get to finish: under Kubernetes' 30 s before it kills."""
_CANCEL_S = 0.5
_CLIENT_ERRORS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
BACKLOG = 1024
"""Connections that the kernel may hold before they are accepted."""


class Running:
    """Knows whether requests are running.

    aiohttp's own shutdown drops what still arrives of a running request's body, so it may only
    begin when there is none.
    """

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_stopping = False

    @web.middleware
    async def count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Be the outermost middleware of an application."""
        return await self.answer(request, handler)

    async def answer(
        self, request: AnyRequest, handler: Callable[[AnyRequest], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Return the handler's answer; while it works, a request is running."""
        self._count += 1
        self._idle.clear()
        try:
            response = await handler(request)
            if self._is_stopping:
                response.force_close()
            return response
        finally:
            self._count -= 1
            if self._count == 0:
                self._idle.set()

    async def finish(self) -> None:
        """Return when no request is running; answers from now on end their connection."""
        self._is_stopping = True
        await self._idle.wait()


@dataclass(frozen=True, slots=True)
class HttpServer:
    """An application that listens."""

    runner: web.BaseRunner
    host: str
    port: int
    """The bound port, also when any free one was asked for."""
    running: Running
    drain_s: float

    @property
    def url(self) -> str:
        """Return where it answers, e.g. ``http://127.0.0.1:8081``."""
        return f"http://{address(self.host, self.port)}"

    async def close(self) -> None:
        """Stop accepting, let running requests finish, then run the application's clean-up."""
        for site in self.runner.sites:
            await site.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.drain_s):
                await self.running.finish()
        await self.runner.cleanup()


async def start_http(
    app: web.Application,
    host: str,
    port: int,
    *,
    option: str = "",
    drain_s: float = DRAIN_S,
) -> HttpServer:
    """Return once the application listens; raises StartError naming an address it can't have.

    Bodies are not inflated. ``drain_s`` is how long running requests get to finish at the end;
    ``option`` is where the port is set.
    """
    running = Running()
    app.middlewares.insert(0, running.count)
    # A body stays as it was sent: inflating it would let a small one fill the memory.
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=http_logger(),
        shutdown_timeout=_CANCEL_S,
        auto_decompress=False,
    )
    return await start_runner(runner, running, listen(host, port, option), drain_s=drain_s)


async def start_runner(
    runner: web.BaseRunner, running: Running, sock: socket.socket, *, drain_s: float = DRAIN_S
) -> HttpServer:
    """Return once the runner's server listens on the socket; ``running`` counts its requests."""
    await runner.setup()
    await web.SockSite(runner, sock, backlog=BACKLOG).start()
    host, port = sock.getsockname()[:2]
    return HttpServer(runner, host, port, running, drain_s)


def listen(host: str, port: int, option: str = "") -> socket.socket:
    """Return a socket on the address; raises StartError naming one it can't have.

    ``option`` is where the port is set, for the error to say.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(where)
            sock.listen(BACKLOG)  # now, so that a taken port is found before anything is loaded
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
    except OSError as error:
        hint = f"; choose another with {_option(error, option)}" if option else ""
        raise StartError(f"can't listen on {address(host, port)}: {_why(error)}{hint}") from error
    return sock


def _option(error: OSError, option: str) -> str:
    is_ports_fault = error.errno in (errno.EADDRINUSE, errno.EACCES)
    return option if is_ports_fault else "--bind"


def http_logger() -> logging.Logger:
    """Return the logger of HTTP servers, which leaves out what clients break."""
    logger = logging.getLogger("kysira.http")
    logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    """Leave out what a client broke: it is no error here, and would quote the client's headers."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, _CLIENT_ERRORS)


def address(host: str, port: int) -> str:
    """Return ``host:port``, with an IPv6 address in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno is None:
        return "no such address"
    return os.strerror(error.errno).lower()


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set from now on; a second signal ends the process."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopped


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as we may: a proxy's client needs two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # the system may promise more than it allows
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run(prog: str, serve: Callable[[], Awaitable[None]]) -> int:
    """Run a service and return its exit status: 0, or 1 with an error's one line on stderr."""

    async def main() -> None:
        _allow_many_connections()
        await serve()

    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(main())
    except KysiraError as error:
        print(f"{prog}: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0
