"""A real nginx and the adapter that it asks, for tests, on ports of their own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from ctl.nginx.check import find_nginx
from ctl.nginx.options import NginxOptions, Version, read_version
from ctl.nginx.template import render_nginx, scripts
from tests.needs import need
from tests.processes import START_S, Program

NJS = Path("/usr/share/nginx/modules/ngx_http_js_module.so")
_TRIES = 5
ADAPTER = "from adapter.__main__ import nginx_auth; nginx_auth()"
"""What the console script kysira-nginx-auth-adapter runs."""


def nginx_binary() -> str:
    """Return the path of nginx; without one, or without njs, the test is skipped."""
    found = find_nginx()
    need(found and NJS.exists(), "apt-get install nginx libnginx-mod-http-js")
    return str(found)


def nginx_version() -> Version:
    """Return the version of the nginx that tests run."""
    done = subprocess.run([nginx_binary(), "-v"], capture_output=True, text=True, check=True)
    match = re.search(r"nginx/([0-9.]+)", done.stderr)
    assert match, done.stderr
    return read_version(match[1])


def free_ports(count: int) -> list[int]:
    """Return as many ports, no two the same, that nobody listens on now."""
    with ExitStack() as held:
        socks = [held.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in socks]


@dataclass(frozen=True)
class Place:
    """Where an nginx runs: the ports that it is to listen on, and the folder for its files."""

    port: int
    http2_port: int
    folder: Path


Files = Callable[[Place], dict[str, str]]
"""Returns file name → text, nginx.conf among them."""


def rendered(
    options: NginxOptions, *, more: str = "", edits: dict[str, str] | None = None
) -> Files:
    """Return a complete configuration as rendered, and what it needs beside it.

    ``more`` goes into its server block, and ``edits`` replaces text; it speaks HTTP/2 without TLS
    on a second port.
    """

    def files(place: Place) -> dict[str, str]:
        run_dir = str(place.folder)
        placed = replace(options, listen_address="127.0.0.1", port=place.port, run_dir=run_dir)
        text = render_nginx(placed)
        listen = f"listen 127.0.0.1:{place.port}"
        both = f"listen 127.0.0.1:{place.http2_port} http2; {more}\n{listen}"
        for old, new in {listen: both, **(edits or {})}.items():
            assert old in text, old
            text = text.replace(old, new)
        return {"nginx.conf": text, **{part.name: part.text for part in scripts(placed)}}

    return files


class Nginx:
    """An nginx that runs these files; it writes ``nginx.pid`` into the folder of its place."""

    def __init__(self, files: Files, folder: Path, *, is_tls: bool = False) -> None:
        self._binary = nginx_binary()
        self._folder = folder / "nginx"
        self._folder.mkdir(exist_ok=True)
        self._pid = self._folder / "nginx.pid"
        self.program: Program
        for _ in range(_TRIES):
            self.port, self.http2_port = free_ports(2)
            self.program = Program(self._command(files))
            if self._is_ready():
                break
        else:
            raise AssertionError("nginx did not start:\n" + "".join(self.program.output))
        scheme = "https" if is_tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def _command(self, files: Files) -> list[str]:
        for name, text in files(Place(self.port, self.http2_port, self._folder)).items():
            (self._folder / name).write_text(text)
        # One who is root must not become nobody, who can't enter the folders of tests.
        user = "user root; " if os.getuid() == 0 else ""
        directives = f"{user}daemon off; worker_shutdown_timeout 1s;"
        config = str(self._folder / "nginx.conf")
        return [self._binary, "-c", config, "-e", "stderr", "-g", directives]

    def _is_ready(self) -> bool:
        """Return True once it listens, False when a port was taken; nginx has no event for it."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.program.is_running:
            if self._pid.exists():  # written once it has its ports
                return True
            time.sleep(0.02)
        taken = "Address already in use" in "".join(self.program.output)
        assert taken, "".join(self.program.output)
        return False

    def __enter__(self) -> "Nginx":
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()


class Adapter:
    """A kysira-nginx-auth-adapter with a port that stays the same over restarts."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._env = {"KYSIRA_DATA_DIR": str(data_dir), **settings}
        self.address = "127.0.0.1:0"
        self.program: Program
        self.start()

    def start(self) -> None:
        """Start it, and return once it serves."""
        env = {**self._env, "KYSIRA_ADAPTER_PORT": self.address.rpartition(":")[2]}
        self.program = Program([sys.executable, "-c", ADAPTER], env=env)
        self.address = self.program.wait_for(r"listening http=(\S+)")[1]

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.program.signal(signal.SIGKILL)
        self.program.wait()

    def revive(self) -> None:
        """Undo a kill or a stop."""
        if self.program.is_running:
            self.program.signal(signal.SIGCONT)
        else:
            self.start()

    def __enter__(self) -> "Adapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()


def exchange(port: int, raw: bytes, timeout_s: float = 30.0) -> bytes:
    """Return everything that comes back for these bytes, on a connection of their own."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(raw)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer
