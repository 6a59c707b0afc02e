"""The app behind the firewall: real sockets, remembers what reached it."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web


@dataclass
class Received:
    """One request as the app saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class App:
    """Answers everything; ``received`` holds what came, oldest first."""

    received: list[Received] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    """Path → HTML to answer with."""
    url: str = ""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        app = web.Application(client_max_size=1 << 30)
        app.router.add_get("/ws", self._echo)
        app.router.add_get("/sse", self._events)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site.port}"

    async def stop(self) -> None:
        """Stop listening and drop open connections."""
        assert self._runner
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.method, request.raw_path, headers, body))
        if request.path in self.pages:
            return web.Response(text=self.pages[request.path], content_type="text/html")
        return web.json_response({"bytes": len(body)})

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        self.received.append(Received("GET", request.raw_path, dict(request.headers), b""))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f"echo {message.data}")
        return socket

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send one event, and the last once the client has said, by ``release``, that it came."""
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 0\n\n")
        await self.release.wait()
        self.release.clear()
        await response.write(b"data: last\n\n")
        await response.write_eof()
        return response
