"""The real inference service as a process, and a plain client for it."""

import http.client
import json
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.processes import Program

COMMAND = [sys.executable, "-m", "inference"]
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``json`` is strict: NaN and invalid UTF-8 fail the test."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """Return the parsed body."""
        assert self.headers.get_content_type() == "application/json", self.body
        return json.loads(self.body.decode("utf-8"), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A service that listens."""

    program: Program
    port: int

    def wait_until_ready(self) -> None:
        """Return once the engine is loaded."""
        self.program.wait_for(r" ready seconds=")

    def connect(self) -> socket.socket:
        """Return a connection for bytes of one's own."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def get(self, path: str) -> Answer:
        """Send a GET."""
        return self.send("GET", path, None)

    def post(self, path: str, payload: object, **headers: str) -> Answer:
        """Send a value as JSON."""
        return self.send("POST", path, json.dumps(payload).encode(), {**JSON, **headers})

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send anything on a connection of its own; an iterable goes out in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


@contextmanager
def service(**settings: str) -> Iterator[ServiceProcess]:
    """Run the service on a free port; it listens, and may still be loading."""
    with Program(COMMAND, env={"KYSIRA_INFERENCE_PORT": "0", **settings}) as program:
        url = program.wait_for(r"^kysira-inference listening on http://127\.0\.0\.1:(\d+)$")
        yield ServiceProcess(program, int(url[1]))


def raw_request(path: str, *headers: str) -> bytes:
    """Return the head of a POST, ready for a body."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()
