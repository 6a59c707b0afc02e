"""A service as far as readers of its events see it: scripted, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ctl.fleet.options import Which
from ctl.fleet.target import Target, read_target
from kysira.events.readers import Reader, messages
from kysira.events.sinks.base import Line
from kysira.serving import HttpServer, start_http
from tests.ctl.events.made import lines


@dataclass
class Service:
    """Tells the events that it was given; a stream can be cut, the service stopped and started."""

    events: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    resumed: list[str] = field(default_factory=list)
    """The ``Last-Event-ID`` of each stream."""
    status: int = 200
    is_deaf: bool = False
    """True for a stream that never begins."""
    _server: HttpServer | None = None
    _readers: set[Reader] = field(default_factory=set)
    _has_reader: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """Return what tables call it."""
        return f"127.0.0.1:{self.port}"

    @property
    def target(self) -> Target:
        """Return where it is asked."""
        return Target(self.name, f"http://{self.name}")

    async def start(self) -> None:
        """Listen, on the port from before where there was one."""
        app = web.Application()
        app.router.add_get("/api/events/recent", self._recent)
        app.router.add_get("/api/events", self._stream)
        self._server = await start_http(app, "127.0.0.1", self.port, drain_s=0)
        self.port = int(self._server.url.rpartition(":")[2])

    async def stop(self) -> None:
        """Stop listening, and end all streams."""
        self.cut()
        assert self._server
        await self._server.close()

    def tell(self, *rows: dict[str, Any]) -> None:
        """Add events, and tell whoever follows."""
        self.events += rows
        for reader in self._readers:
            reader.put(_messages(rows), len(rows))

    def cut(self) -> None:
        """End all streams."""
        self._has_reader.clear()
        for reader in list(self._readers):
            reader.end()
        self._readers.clear()

    async def until_followed(self) -> None:
        """Return once somebody follows."""
        async with asyncio.timeout(20):
            await self._has_reader.wait()

    async def _recent(self, _: web.Request) -> web.Response:
        if self.status != 200:
            return web.json_response({"error": "send the token"}, status=self.status)
        return web.json_response(self.events)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID", "")
        self.resumed.append(last)
        if self.is_deaf:
            await asyncio.Event().wait()
        known = [row["id"] for row in self.events]
        after = self.events[known.index(last) + 1 :] if last in known else self.events
        reader = Reader(_messages(after))
        self._readers.add(reader)
        self._has_reader.set()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        with suppress(ConnectionError):
            await response.prepare(request)
            while (piece := await reader.next()) is not None:
                await response.write(piece)
        return response


def _messages(rows: Any) -> bytes:
    return messages([Line(row["id"], lines(row).rstrip()) for row in rows])


def which(*services: Service) -> Which:
    """Return the services as options name them."""
    spoken = tuple(read_target(service.name) for service in services)
    return Which(spoken, "", "", "", "", 5.0)


@asynccontextmanager
async def services(count: int) -> AsyncIterator[list[Service]]:
    """Run so many services."""
    started = [Service() for _ in range(count)]
    for each in started:
        await each.start()
    try:
        yield started
    finally:
        for each in started:
            await each.stop()
