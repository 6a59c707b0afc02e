"""A steady stream of requests, each on its own clock: a slow answer delays no later request."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

RATE = 240
"""Requests per second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answered request."""

    started: float
    """Seconds on the monotonic clock."""
    latency_s: float
    status: int
    """HTTP status; 0 when the connection broke."""


@dataclass
class Load:
    """Sends GETs until stopped; an asynchronous context manager."""

    url: str
    samples: list[Sample] = field(default_factory=list)
    """Of answered requests."""
    waiting: dict[int, float] = field(default_factory=dict)
    """Number → start of each request that has no answer yet, on the monotonic clock."""
    _sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Load":
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._sender = asyncio.create_task(self._send())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._sender
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)
        await self._session.close()

    async def _send(self) -> None:
        begun, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while True:
                number += 1
                group.create_task(self._request(number))
                await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))

    async def _request(self, number: int) -> None:
        started = self.waiting[number] = time.monotonic()
        deadline = aiohttp.ClientTimeout(total=20)
        try:
            url = f"{self.url}/item/{number}?q=garden+chair+{number}"
            async with self._session.get(url, timeout=deadline) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, OSError):
            status = 0
        del self.waiting[number]
        self.samples.append(Sample(started, time.monotonic() - started, status))

    async def run_for(self, seconds: float) -> None:
        """Let requests flow."""
        await asyncio.sleep(seconds)

    def rate(self) -> float:
        """Return the requests per second that were answered."""
        first, last = self.samples[0].started, self.samples[-1].started
        return len(self.samples) / max(last - first, 1e-9)

    def since(self, moment: float) -> list[Sample]:
        """Return the samples of requests that started at or after the moment."""
        return [sample for sample in self.samples if sample.started >= moment]
