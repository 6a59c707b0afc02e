"""Says which port is taken before anything starts."""

import errno
import socket
from collections.abc import Mapping

from ctl.inputs import why
from kysira.errors import StartError


def require_free(ports: Mapping[str, int], host: str = "127.0.0.1") -> None:
    """Raise StartError naming the first port that can't be had and its option; 0 always can.

    Envoy and gRPC share ports silently (SO_REUSEPORT); this look does not.
    """
    options: dict[int, str] = {}
    for option, port in ports.items():
        if port and port in options:
            raise StartError(f"{options[port]} and {option} are both {port}: choose two ports")
        options[port] = option
        if port:
            _try(option, port, host)


def _try(option: str, port: int, host: str) -> None:
    with socket.socket() as listener:
        # A port whose last connections are still closing is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            said = "is taken"
            if error.errno != errno.EADDRINUSE:
                said = f"can't be had ({why(error)})"
            raise StartError(
                f"port {port} {said}: choose another with {option} (0 is any free one)"
            ) from error
