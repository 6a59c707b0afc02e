"""A peer that is gone without a word is found out."""

import socket

from adapter.proxy.probes import IDLE_S, keep_probing
from tests.adapter.proxied import proxied
from tests.adapter.raw import RawApp, connected, read_message

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_silent_peers_are_asked_for() -> None:
    """A client that is gone without a word would hold its connection, and the app's, for ever."""
    async with RawApp().running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(GET)
            await read_message(reader)
            (client,) = proxy.server._connections
            (upstream,) = proxy.pool._open
            for end in (client, upstream):
                sock = end.transport.get_extra_info("socket")
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == IDLE_S


def test_socket_that_is_gone_is_left_alone() -> None:
    """A connection may end before anybody could ask for its probes."""
    with socket.socket() as sock:
        pass
    keep_probing(sock)
