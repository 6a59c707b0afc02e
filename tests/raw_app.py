"""An app that takes any bytes, as some apps do: it answers 200, and remembers the heads."""

import asyncio
import ssl


class RawApp:
    """Reads a request as leniently as can be; ``heads`` holds what came, oldest first."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """``context`` makes it speak TLS."""
        self._context = context
        self.heads: list[bytes] = []
        self.url = ""
        self._server: asyncio.Server

    async def __aenter__(self) -> "RawApp":
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=1 << 20, ssl=self._context
        )
        scheme = "https" if self._context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
