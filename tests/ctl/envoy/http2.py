"""A client and an app that speak HTTP/2 without TLS, which aiohttp does not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection


def upload(
    host: str,
    port: int,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    trailers: Mapping[str, str] | None = None,
) -> int:
    """Post the body over HTTP/2, then the trailers, and return the status of the answer."""
    with socket.create_connection((host, port), timeout=30) as connection:
        client = H2Connection(H2Configuration(header_encoding="ascii"))
        client.initiate_connection()
        head = {":method": "POST", ":path": "/upload", ":scheme": "http", ":authority": host}
        client.send_headers(1, [*head.items(), *(headers or {}).items()])
        status, sent, is_open = 0, 0, True
        while status == 0:
            room = min(client.local_flow_control_window(1), client.max_outbound_frame_size)
            if sent < len(body) and room > 0:
                client.send_data(1, body[sent : sent + room])
                sent += room
                connection.sendall(client.data_to_send())
                continue
            if sent >= len(body) and is_open:
                is_open = False
                _end(client, trailers)
            connection.sendall(client.data_to_send())
            for event in client.receive_data(connection.recv(65536)):
                if isinstance(event, events.ResponseReceived):
                    status = int(dict(event.headers)[":status"])
        return status


def _end(client: H2Connection, trailers: Mapping[str, str] | None) -> None:
    if trailers:
        client.send_headers(1, list(trailers.items()), end_stream=True)
    else:
        client.end_stream(1)


@dataclass
class Received:
    """One request as the app saw it."""

    headers: dict[str, str]
    trailers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Http2App:
    """Answers every request with 200 once it has ended; ``received`` holds what came."""

    url: str = ""
    received: list[Received] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        server = H2Connection(H2Configuration(client_side=False, header_encoding="ascii"))
        server.initiate_connection()
        streams: dict[int, Received] = {}
        while True:
            writer.write(server.data_to_send())
            data = await reader.read(65536)
            if not data:
                break
            for event in server.receive_data(data):
                self._take(server, streams, event)
        writer.close()

    def _take(
        self, server: H2Connection, streams: dict[int, Received], event: events.Event
    ) -> None:
        if isinstance(event, events.RequestReceived):
            streams[event.stream_id] = Received(dict(event.headers))
        elif isinstance(event, events.DataReceived):
            streams[event.stream_id].body += event.data
            server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, events.TrailersReceived):
            streams[event.stream_id].trailers = dict(event.headers)
        elif isinstance(event, events.StreamEnded):
            self.received.append(streams.pop(event.stream_id))
            server.send_headers(event.stream_id, [(":status", "200")], end_stream=True)


@asynccontextmanager
async def http2_app() -> AsyncIterator[Http2App]:
    """Run an app on a free port."""
    app = Http2App()
    server = await asyncio.start_server(app.talk, "127.0.0.1", 0)
    async with server:
        app.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield app
