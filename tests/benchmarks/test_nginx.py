"""nginx runs what the benchmark gives it."""

import urllib.request
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.nginx import app_files, guarded_files, plain_files, start_nginx
from benchmarks.processes import Program
from ctl.envoy.options import Address
from ctl.nginx.check import find_nginx
from tests.needs import need
from tests.nginx import NJS

NOBODY = Address("127.0.0.1", 1)

need(find_nginx() and NJS.exists(), "apt-get install nginx libnginx-mod-http-js")


def answer(where: Address, body: bytes | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://{where}/a?b=c", body, timeout=30) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_plain_nginx_reaches_the_app(tmp_path: Path) -> None:
    """Any path, with a body and without."""
    with ExitStack() as programs:
        _, app = start_nginx(programs, tmp_path / "app", app_files)
        _, plain = start_nginx(programs, tmp_path / "plain", partial(plain_files, app=app))
        assert answer(plain) == answer(plain, b"x" * 2000) == (200, b"ok\n")


def test_guarded_nginx_fails_closed(tmp_path: Path) -> None:
    """A request that nobody scored shows as refused."""
    with ExitStack() as programs:
        _, app = start_nginx(programs, tmp_path / "app", app_files)
        files = partial(guarded_files, app=app, adapter=NOBODY)
        _, guarded = start_nginx(programs, tmp_path / "njs", files)
        assert answer(guarded)[0] == 503


def test_cpu_is_that_of_one_process(tmp_path: Path) -> None:
    """A worker of its own would work for nobody's account."""
    with ExitStack() as programs:
        nginx, app = start_nginx(programs, tmp_path / "app", app_files)
        assert answer(app)[0] == 200
        assert children(nginx) == []


def children(program: Program) -> list[int]:
    stats = (path.read_text() for path in Path("/proc").glob("[0-9]*/stat") if path.exists())
    rows = [(text.rpartition(")")[2].split(), int(text.split(" ", 1)[0])) for text in stats]
    return [pid for row, pid in rows if int(row[1]) == program.pid]
