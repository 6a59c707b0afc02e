"""Ending a connection by TCP RST, after the last answer has arrived."""

import asyncio
import fcntl
import socket
import struct
import sys
import termios

ARRIVAL_S = 0.2
"""Seconds that the last answer gets to be acknowledged."""
_POLL_S = 0.002
_LINGER_NOT = struct.pack("ii", 1, 0)


async def reset_after_arrival(transport: asyncio.Transport) -> None:
    """Reset the connection once the peer's kernel has all that was written, or after 200 ms.

    What it has acknowledged can still be read after the RST, however slow the reader is.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + ARRIVAL_S
    await asyncio.sleep(0)  # uvloop writes at the end of a turn
    while unacknowledged(transport) and loop.time() < end and not transport.is_closing():
        await asyncio.sleep(_POLL_S)
    reset(transport)


def reset(transport: asyncio.Transport) -> None:
    """End the connection with an RST, at once: what was not sent yet is dropped."""
    sock = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def unacknowledged(transport: asyncio.Transport) -> int:
    """Return how many bytes the peer has not acknowledged yet; some, where nobody can tell."""
    sock = transport.get_extra_info("socket")
    waiting = transport.get_write_buffer_size()
    if waiting or sock is None or sys.platform != "linux":
        return waiting or 1
    try:  # SIOCOUTQ of tcp(7) has the number of TIOCOUTQ
        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])
