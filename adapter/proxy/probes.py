"""Finding out that a peer is gone without a word, where nothing is sent that it could not take."""

import socket
from contextlib import suppress

IDLE_S = 60
_EVERY_S = 20
_PROBES = 3
_OPTIONS = {"TCP_KEEPIDLE": IDLE_S, "TCP_KEEPINTVL": _EVERY_S, "TCP_KEEPCNT": _PROBES}


def keep_probing(sock: socket.socket) -> None:
    """Have the kernel ask a silent peer whether it is there, and end the connection if it isn't.

    What a listening socket accepts inherits it: https://man7.org/linux/man-pages/man7/socket.7.html
    """
    with suppress(OSError):  # it may be gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS.items():
            option = getattr(socket, name, None)  # not every system has them
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
