"""One side of a connection: who writes waits for a slow receiver, and who reads for nobody."""

import asyncio
from typing import cast


class Stream(asyncio.Protocol):
    """A protocol that knows when its transport is full, and when it is gone."""

    __slots__ = (
        "_drained",
        "_has_ended",
        "_is_reading_paused",
        "is_full",
        "is_lost",
        "partner",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.is_full = self.is_lost = False
        self.partner: Stream | None = None
        """Where everything that comes goes to, byte for byte, in a tunnel."""
        self._is_reading_paused = self._has_ended = False
        self._drained: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake who waits to write."""
        self.is_lost = True
        self._wake()

    def pause_writing(self) -> None:
        """Hold back who writes here."""
        self.is_full = True
        if self.partner is not None:
            self.partner.pause_reading()

    def resume_writing(self) -> None:
        """Let who writes here go on."""
        self.is_full = False
        self._wake()
        if self.partner is not None:
            self.partner.resume_reading()

    def pause_reading(self) -> None:
        """Let the sender wait."""
        if not self._is_reading_paused and not self.transport.is_closing():
            self._is_reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Let the sender go on."""
        if self._is_reading_paused and not self.transport.is_closing():
            self._is_reading_paused = False
            self.transport.resume_reading()

    def pass_end_on(self) -> bool:
        """Take the sender's end; return True when the other direction of a tunnel goes on."""
        partner = self.partner
        if partner is None or partner._has_ended or partner.is_lost:
            return False
        if not (self.transport.can_write_eof() and partner.transport.can_write_eof()):
            return False  # TLS has no half of a connection
        self._has_ended = True
        partner.transport.write_eof()
        return True

    def end_partner(self, patience_s: float) -> None:
        """Close the other side of a tunnel when it has taken what was sent, or after a while."""
        if self.partner is not None and not self.partner.is_lost:
            self.partner.transport.close()
            loop = asyncio.get_running_loop()
            loop.call_later(patience_s, self.partner.transport.abort)

    async def drain(self, timeout_s: float) -> None:
        """Return when there is room to write; raises ConnectionError or TimeoutError.

        The receiver may be as slow as it likes, if only it takes something in ``timeout_s``.
        """
        while self.is_full and not self.is_lost:
            waiting = self.transport.get_write_buffer_size()
            self._drained = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._drained
            except TimeoutError:
                if self.transport.get_write_buffer_size() >= waiting:
                    raise
        if self.is_lost:
            raise ConnectionResetError("the receiver is gone")

    def _wake(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
