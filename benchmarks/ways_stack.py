"""The ways in that are compared, each in front of the same app."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.nginx import app_files, guarded_files, plain_files, start_nginx
from benchmarks.processes import Program
from benchmarks.stack import MODELS
from benchmarks.target import Target
from ctl.envoy.options import Address, read_address

PROXY = ("-c", "from adapter.__main__ import proxy; proxy()")
"""What Python runs to be kysira-proxy."""
_ADAPTER = ("-c", "from adapter.__main__ import nginx_auth; nginx_auth()")
_PLAIN = ("-m", "benchmarks.plain")
_UNSCORED = ("-m", "benchmarks.unscored")
_RULES = dict.fromkeys(MODELS, "none")
_PACKAGED = dict.fromkeys(MODELS, "packaged")


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: a name, and the Python program that takes part."""

    name: str
    command: tuple[str, ...] = ()
    """Python's arguments; () is nginx alone."""
    settings: Mapping[str, str] = field(default_factory=dict)
    is_behind_nginx: bool = False


WAYS = (
    Way("nginx"),
    Way("aiohttp", _PLAIN),
    Way("unscored", _UNSCORED, {"KYSIRA_SINKS": "none"}),
    Way("rules", PROXY, _RULES),
    Way("models", PROXY, _PACKAGED),
    Way("njs", _ADAPTER, _RULES, is_behind_nginx=True),
)


@contextmanager
def running() -> Iterator[list[Target]]:
    """Run every way in and the app behind them, and end them all."""
    with ExitStack() as programs:
        folder = Path(programs.enter_context(tempfile.TemporaryDirectory()))
        app, where = start_nginx(programs, folder / "app", app_files)
        servers = [_start(programs, way, folder / "state", where) for way in WAYS]
        yield [
            _target(programs, way, server, folder / way.name, (app, where))
            for way, server in zip(WAYS, servers, strict=True)
        ]


def environment(state: Path, app: Address, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a service in front of the app, in shadow mode and on a free port."""
    return {
        "KYSIRA_DATA_DIR": str(state),
        "KYSIRA_MODE": "shadow",
        "KYSIRA_TARGET_URL": f"http://{app}",
        "KYSIRA_PROXY_PORT": "0",
        "KYSIRA_ADAPTER_PORT": "0",
        **settings,
    }


def _start(programs: ExitStack, way: Way, state: Path, app: Address) -> Program | None:
    """Start the Python program of a way; it may not be ready yet."""
    if not way.command:
        return None
    command = [sys.executable, *way.command]
    return programs.enter_context(Program(command, environment(state, app, way.settings)))


def _target(
    programs: ExitStack,
    way: Way,
    server: Program | None,
    folder: Path,
    app: tuple[Program, Address],
) -> Target:
    program, where = app
    if server is None:
        nginx, listen = start_nginx(programs, folder, partial(plain_files, app=where))
        return Target(way.name, f"http://{listen}", nginx, None, app=program)
    address = read_address(server.find(r"listening http=(\S+)")[1])
    if way.command == _PLAIN:  # it counts nothing
        return Target(way.name, f"http://{address}", None, server, app=program)
    metrics = f"http://{address}/metrics"
    if not way.is_behind_nginx:
        return Target(way.name, f"http://{address}", None, server, metrics, "kysira", program)
    files = partial(guarded_files, app=where, adapter=address)
    nginx, listen = start_nginx(programs, folder, files)
    return Target(way.name, f"http://{listen}", nginx, server, metrics, "kysira_nginx", program)
