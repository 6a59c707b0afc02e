"""nginx as a plain reverse proxy, as one that asks the adapter, and as the app behind."""

import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.processes import BenchmarkError, Program
from ctl.envoy.options import Address, Target
from ctl.nginx.check import find_nginx
from ctl.nginx.options import NginxOptions
from ctl.nginx.template import render_nginx, scripts
from kysira.settings import OnFailure

_HOST = "127.0.0.1"
_TRIES = 5
_TAKEN = "Address already in use"
# As benchmarks.stack runs Envoy with one thread: a process that is its own worker does that work.
_DIRECTIVES = "daemon off; master_process off;"
_HEAD = """
error_log stderr warn;
pid "{folder}/nginx.pid";
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path "{folder}/client_body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
"""
_APP = (
    _HEAD
    + """
    keepalive_requests 1000000000;
    keepalive_timeout {idle_s}s;
    server {{
        listen {listen};
        default_type text/plain;
        location / {{ return 200 "ok\\n"; }}
    }}
}}
"""
)
# What `kysiractl render nginx` has of it, without what is Kysira's.
_PLAIN = (
    _HEAD
    + """
    server_tokens off;
    upstream app {{
        server {app};
        keepalive 64;
        keepalive_timeout 4s;
    }}
    server {{
        listen {listen};
        client_max_body_size 10m;
        client_body_buffer_size 128k;
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_buffering off;
        }}
    }}
}}
"""
)
Files = Mapping[str, str]
"""Names of files → their texts; nginx.conf is one."""
MAIN = "nginx.conf"


def app_files(listen: Address, folder: Path, *, idle_s: int = 3600) -> Files:
    """Return an app that answers 200, and closes connections that were unused for ``idle_s``."""
    return {MAIN: _APP.format(listen=listen, folder=folder, idle_s=idle_s)}


def plain_files(listen: Address, folder: Path, app: Address) -> Files:
    """Return a reverse proxy in front of the app, which does nothing else."""
    return {MAIN: _PLAIN.format(listen=listen, folder=folder, app=app)}


def guarded_files(listen: Address, folder: Path, app: Address, adapter: Address) -> Files:
    """Return what ``kysiractl render nginx --via njs`` gives.

    Failing closed, so that a request that was not scored shows as refused.
    """
    options = NginxOptions(
        listen_address=listen.host,
        port=listen.port,
        target=Target(app),
        adapters=(adapter,),
        on_failure=OnFailure.CLOSED,
        run_dir=str(folder),
    )
    return {MAIN: render_nginx(options), **{part.name: part.text for part in scripts(options)}}


def version() -> str:
    """Return the version of this machine's nginx; raises BenchmarkError."""
    done = subprocess.run([_binary(), "-v"], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("/")[2]


def start_nginx(
    programs: ExitStack, folder: Path, files: Callable[[Address, Path], Files]
) -> tuple[Program, Address]:
    """Return an nginx that listens on a free port, and where; raises BenchmarkError."""
    binary = _binary()
    folder.mkdir()
    for _ in range(_TRIES):
        listen = Address(_HOST, _free_port())
        for name, text in files(listen, folder).items():
            (folder / name).write_text(text)
        command = [binary, "-c", str(folder / MAIN), "-e", "stderr", "-g", _DIRECTIVES]
        nginx = programs.enter_context(Program(command))
        if _has_started(nginx, listen):
            return nginx, listen
        nginx.stop()
    raise BenchmarkError("nginx found no free port")


def _binary() -> str:
    found = find_nginx()
    if found is None:
        raise BenchmarkError(
            "nginx is missing; install it with apt install nginx libnginx-mod-http-js"
        )
    return str(found)


def _has_started(nginx: Program, listen: Address) -> bool:
    """Return True once it listens, False when another has taken its port meanwhile."""
    nginx.wait_until(lambda: _TAKEN in nginx.output() or _is_open(listen))
    return _TAKEN not in nginx.output()


def _is_open(listen: Address) -> bool:
    socket.create_connection((listen.host, listen.port), timeout=1).close()
    return True


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((_HOST, 0))
        return int(sock.getsockname()[1])
