"""A crowd of readers of the event stream that come and go: every other one never reads.

Over raw sockets: a client library would read on its own.
"""

import asyncio
import random
import socket
from dataclasses import dataclass

from ctl.envoy.options import Address

_PIECE = 1 << 16
_STATUS = b"HTTP/1.1 "
_STATUS_BYTES = len(_STATUS) + 3
_TIMEOUT_S = 30
_PAUSE_S = 0.2
"""After a visit that failed: one that always fails must not become a load of its own."""


@dataclass(slots=True)
class Visits:
    """What became of all visits so far."""

    begun: int = 0
    """Got the stream."""
    refused: int = 0
    """Got another answer: there are too many readers already."""
    failed: int = 0
    """Got no answer."""
    ended: int = 0
    """Read, and were cut off before they wanted to go."""
    read_bytes: int = 0


class Crowd:
    """So many readers at a time; one that goes makes room for the next."""

    def __init__(
        self, address: Address, count: int, *, stay_s: tuple[float, float] = (2, 10), seed: int = 0
    ) -> None:
        """``stay_s`` is how long a reader stays at least, and at most."""
        self.visits = Visits()
        self._address = address
        self._count = count
        self._stay_s = stay_s
        self._random = random.Random(seed)

    async def run(self) -> None:
        """Come and go until cancelled; every connection is closed then."""
        async with asyncio.TaskGroup() as readers:
            for number in range(self._count):
                readers.create_task(self._come_and_go(is_reading=number % 2 == 0))

    async def _come_and_go(self, *, is_reading: bool) -> None:
        while True:
            stay_s = self._random.uniform(*self._stay_s)
            sock = socket.socket()
            sock.setblocking(False)
            try:
                if await self._enter(sock):
                    await self._stay(sock, stay_s, is_reading=is_reading)
                else:
                    await asyncio.sleep(_PAUSE_S)
            finally:
                sock.close()

    async def _enter(self, sock: socket.socket) -> bool:
        """Ask for the stream; return True when it begins."""
        loop = asyncio.get_running_loop()
        where = f"GET /api/events HTTP/1.1\r\nHost: {self._address}\r\n\r\n"
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await loop.sock_connect(sock, (self._address.host, self._address.port))
                await loop.sock_sendall(sock, where.encode())
                status = await _read_status(sock)
        except OSError:  # TimeoutError is one
            self.visits.failed += 1
            return False
        if status != b"200":
            self.visits.refused += 1
            return False
        self.visits.begun += 1
        return True

    async def _stay(self, sock: socket.socket, stay_s: float, *, is_reading: bool) -> None:
        if not is_reading:
            await asyncio.sleep(stay_s)
            return
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(stay_s):
                while data := await loop.sock_recv(sock, _PIECE):
                    self.visits.read_bytes += len(data)
        except TimeoutError:  # first, as it is an OSError
            return
        except OSError:
            pass
        self.visits.ended += 1


async def _read_status(sock: socket.socket) -> bytes:
    """Return the three digits of the answer's status; raises OSError without an answer."""
    loop = asyncio.get_running_loop()
    head = b""
    while len(head) < _STATUS_BYTES:
        data = await loop.sock_recv(sock, _STATUS_BYTES - len(head))
        if not data:
            raise ConnectionError("no answer")
        head += data
    if not head.startswith(_STATUS):
        raise ConnectionError("not an answer over HTTP/1.1")
    return head[len(_STATUS) :]
