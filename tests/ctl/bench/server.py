"""A real HTTP server on a free port that keeps the bytes it got and answers as it is told."""

import re
import socket
import struct
import threading
from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
RESET = b"reset"
CLOSE = b""
SILENCE = b"silence"
"""The connection is kept open, and nothing is said."""

Answers = Callable[[bytes], bytes]


def blocking(word: bytes) -> Answers:
    """Return answers that refuse whatever has the word in it, as sent."""
    return lambda request: FORBIDDEN if word in request else OK


class Server:
    """A context manager; ``received`` has each request's bytes."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.received: list[bytes] = []

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Return where to send requests."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            request = _request(connection)
            if request:
                self.received.append(request)
                self._answer(connection, self._answers(request))
            else:  # a client that only looked whether somebody is there
                connection.close()

    def _answer(self, connection: socket.socket, answer: bytes) -> None:
        if answer == SILENCE:
            self._open.append(connection)
            return
        if answer == RESET:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        else:
            connection.sendall(answer)
        connection.close()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        chunk = connection.recv(missing)
        data, missing = data + chunk, missing - len(chunk)
    return data
