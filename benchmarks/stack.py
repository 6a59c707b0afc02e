"""What is measured: an Envoy each, alone or with an ext_proc server behind it."""

import io
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.metrics import read
from benchmarks.processes import Program
from benchmarks.target import Target
from ctl.envoy.options import EnvoyOptions, read_address
from ctl.envoy.program import find_envoy
from ctl.envoy.template import render_envoy
from kysira.settings import OnFailure

_CLUSTER = "kysira_ext_proc"
_SCORED = "benchmarks.scored"


@dataclass(frozen=True, slots=True)
class Variant:
    """One column of the comparison: a name, and the ext_proc server behind Envoy."""

    name: str
    module: str = ""
    """The Python module to run; "" is Envoy alone."""
    settings: Mapping[str, str] | None = None


MODELS = ("KYSIRA_SQLI_MODEL", "KYSIRA_PI_MODEL")
"""The settings that say which models are used."""
VARIANTS = (
    Variant("envoy"),
    Variant("no-op", "benchmarks.noop"),
    Variant("tuned", "benchmarks.noop", {"BENCHMARK_TUNED": "1"}),
    Variant("shadow", _SCORED, {"KYSIRA_MODE": "shadow"}),
    Variant("active", _SCORED, {"KYSIRA_MODE": "active"}),
    Variant("no-cache", _SCORED, {"KYSIRA_MODE": "shadow", "BENCHMARK_NO_CACHE": "1"}),
    Variant(
        "models",
        _SCORED,
        {"KYSIRA_MODE": "shadow", **dict.fromkeys(MODELS, "packaged")},
    ),
)


@contextmanager
def running() -> Iterator[list[Target]]:
    """Run every variant, each with an Envoy of its own, and end them all."""
    with ExitStack() as programs:
        folder = Path(programs.enter_context(tempfile.TemporaryDirectory()))
        servers = [
            programs.enter_context(_server(v, folder)) if v.module else None for v in VARIANTS
        ]
        targets = []
        for variant, server in zip(VARIANTS, servers, strict=True):
            address = server.find(r"listening grpc=(\S+)")[1] if server else None
            envoy, url = _start_envoy(programs, folder / variant.name, address)
            metrics = ""
            if server and variant.module == _SCORED:
                metrics = "http://{}/metrics".format(server.find(r" http=(\S+)")[1])
            targets.append(Target(variant.name, url, envoy, server, metrics, "kysira_extproc"))
        yield targets


def _server(variant: Variant, folder: Path) -> Program:
    env = {
        "KYSIRA_DATA_DIR": str(folder / "state"),
        "KYSIRA_GRPC_PORT": "0",
        "KYSIRA_METRICS_PORT": "0",
        "KYSIRA_DRAIN_MS": "0",
        # What a model costs depends on what it is shown: it has a row of its own.
        **dict.fromkeys(MODELS, "none"),
        **(variant.settings or {}),
    }
    return Program([sys.executable, "-m", variant.module], env)


def _start_envoy(programs: ExitStack, folder: Path, ext_proc: str | None) -> tuple[Program, str]:
    folder.mkdir()
    config, admin_file = folder / "envoy.json", folder / "admin"
    config.write_text(envoy_config(ext_proc))
    command = [
        str(find_envoy()), "-c", str(config), "--concurrency", "1", "--log-level", "error",
        "--admin-address-path", str(admin_file), "--use-dynamic-base-id",
    ]  # fmt: skip
    envoy = programs.enter_context(Program(command))
    envoy.wait_until(lambda: admin_file.exists() and admin_file.read_text())
    admin = f"http://{admin_file.read_text().strip()}"
    envoy.wait_until(lambda: "LIVE" in read(f"{admin}/ready"))
    if ext_proc:
        healthy = f"{admin}/stats?filter=cluster.{_CLUSTER}.membership_healthy"
        envoy.wait_until(lambda: read(healthy).strip().endswith(" 1"))
    listeners = json.loads(read(f"{admin}/listeners?format=json"))["listener_statuses"]
    port = listeners[0]["local_address"]["socket_address"]["port_value"]
    return envoy, f"http://127.0.0.1:{port}"


def envoy_config(ext_proc: str | None) -> str:
    """Return what ``kysiractl render envoy`` gives, answering 200 itself in place of an app.

    Failing closed, so that a request that was not scored shows as refused. Without ``ext_proc``
    Kysira's filters and cluster are left out.
    """
    addresses = (read_address(ext_proc),) if ext_proc else ()
    options = EnvoyOptions(
        listen_address="127.0.0.1",
        port=0,
        admin_port=0,
        ext_proc=addresses,
        on_failure=OnFailure.CLOSED,
    )
    config: Any = YAML(typ="safe", pure=True).load(io.StringIO(render_envoy(options)))
    resources = config["static_resources"]
    manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        del route["route"]
        route["direct_response"] = {"status": 200, "body": {"inline_string": "ok"}}
    if not ext_proc:
        filters = manager["http_filters"]
        manager["http_filters"] = [f for f in filters if not f["name"].startswith("kysira.")]
        resources["clusters"] = [c for c in resources["clusters"] if c["name"] != _CLUSTER]
    return json.dumps(config)
