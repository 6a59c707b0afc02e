"""What a container of Kysira is."""

import dataclasses
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import entry_points

import pytest

from ctl.containers import (
    PROGRAMS,
    REGISTRY,
    Component,
    Images,
    Port,
    Program,
    read_registry,
    read_tag,
)
from kysira import __version__
from kysira.front_end import READY_PATH
from tests.ctl.services import SETTINGS


@pytest.mark.parametrize("component", Component)
def test_program_is_installed(component: Component) -> None:
    """An image's entry point is a program that there is."""
    assert PROGRAMS[component].name in {each.name for each in entry_points(group="console_scripts")}


@pytest.mark.parametrize("component", Component)
def test_ports_are_the_settings_defaults(component: Component) -> None:
    """What listens in the container is what is mapped outside."""
    fields = dataclasses.fields(SETTINGS[component])
    ports = {field.default for field in fields if field.name.endswith("_port") and field.default}
    assert {port.number for port in PROGRAMS[component].ports} == ports


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_health_check_asks_whether_requests_are_wanted(status: int, code: int) -> None:
    """Loading and draining are 503."""
    with _ready(status) as port:
        assert _check(port) == code


def test_health_check_fails_where_nothing_listens() -> None:
    """A program that is down is not healthy."""
    with socket.socket() as bound:  # and so nobody else's
        bound.bind(("127.0.0.1", 0))
        assert _check(bound.getsockname()[1]) != 0


def test_image_has_registry_and_tag() -> None:
    """The version of kysiractl is the version of what it renders, unless told."""
    program = PROGRAMS[Component.PROXY]
    assert Images().of(program) == f"{REGISTRY}/kysira-proxy:{__version__}"
    assert Images("registry.example:5000/a/b", "v9").of(program).startswith("registry.example:5000")


@pytest.mark.parametrize("text", ["ghcr.io/kysira", "localhost:5000", "r.example:5000/a_b/c"])
def test_registry_is_taken(text: str) -> None:
    """With a port and a path, or without."""
    assert read_registry(text) == text


@pytest.mark.parametrize("text", ["", "https://ghcr.io", "a b", "UPPER/x", "x/", 'a"', "a:tag/x"])
def test_other_registry_is_refused(text: str) -> None:
    """It would make no image's name."""
    with pytest.raises(ValueError, match="is not a registry"):
        read_registry(text)


@pytest.mark.parametrize("text", ["", "a b", "-x", "x" * 129, "a:b", 'a"'])
def test_other_tag_is_refused(text: str) -> None:
    """It would make no image's name."""
    with pytest.raises(ValueError, match="is not an image's tag"):
        read_tag(text)


def _check(port: int) -> int:
    program = Program(Component.PROXY, (Port("http", port),), {}, "1Gi")
    python, *arguments = program.health_check
    assert python == "python"
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@contextmanager
def _ready(status: int) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == READY_PATH else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
