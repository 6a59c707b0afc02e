"""An endpoint for batches, on real sockets, that fails in the ways that endpoints do."""

import asyncio
import json
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from kysira.events.sinks.endpoint import BATCH_ID

WAIT_S = 60.0


@dataclass(frozen=True)
class Got:
    """One batch as it came, and what was answered."""

    batch_id: str
    headers: dict[str, str]
    body: bytes
    mood: str

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of its events."""
        rows: list[dict[str, Any]]
        if self.headers["content-type"] == "application/json":
            rows = json.loads(self.body)
        else:
            rows = [json.loads(each) for each in self.body.splitlines()]
        return [row["number"] for row in rows]


class Receiver:
    """Answers each batch by the next of its moods, the last of which stays.

    A mood is a status, perhaps with a Retry-After (``429 2``), ``hang``, or ``reset`` (which closes
    the connection by RST after the batch was read). It keeps its port when it is down.
    """

    def __init__(self, *moods: str) -> None:
        self.moods = deque(moods or ("204",))
        self.got: list[Got] = []
        self.peers: set[object] = set()
        self._port = 0
        self._news = asyncio.Condition()
        self._release = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """Return where to post to."""
        return f"http://127.0.0.1:{self._port}/in?key=secret"

    @property
    def connections(self) -> int:
        """Return how many connections brought batches."""
        return len(self.peers)

    @property
    def taken(self) -> list[Got]:
        """Return the batches that were answered with success, each once, by its id."""
        found: dict[str, Got] = {}
        for got in self.got:
            if got.mood.startswith("2"):
                found.setdefault(got.batch_id, got)
        return list(found.values())

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of all events that were taken, in the order they came."""
        return [number for got in self.taken for number in got.numbers]

    async def start(self) -> None:
        """Listen: on the port of before, if there was one."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self._port))
        self._port = sock.getsockname()[1]
        self._release.clear()
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()

    async def stop(self) -> None:
        """Be down."""
        self._release.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds, which is asked after each batch."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(condition)

    async def until_taken(self, count: int) -> None:
        """Return when so many events were taken."""
        await self.until(lambda: len(self.numbers) >= count)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        mood = self.moods.popleft() if len(self.moods) > 1 else self.moods[0]
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(headers[BATCH_ID.lower()], headers, body, mood))
        async with self._news:
            self._news.notify_all()
        if mood == "hang":
            await self._release.wait()
        if mood in ("hang", "reset"):
            _reset(request)
            return web.Response()
        status, _, after = mood.partition(" ")
        answer = {"Retry-After": after} if after else {}
        if status.startswith("3"):
            answer["Location"] = "/elsewhere"
        return web.Response(status=int(status), headers=answer)


def _reset(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
