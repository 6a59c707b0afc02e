"""The way to the services that are meant."""

import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from ctl.fleet.open import fleet
from ctl.fleet.options import Which
from ctl.fleet.target import read_target
from kysira.errors import StartError
from tests.processes import Program


async def test_fleet_is_every_service_meant() -> None:
    """Addresses become targets, and a client that asks them."""
    meant = Which(tuple(map(read_target, ("127.0.0.1:1", "127.0.0.2:1"))), "", "", "", "", 5.0)
    async with fleet(meant) as found:
        assert [target.name for target in found.targets] == ["127.0.0.1:1", "127.0.0.2:1"]
        [first, _] = await found.client.ask_all(found.targets, "/")
        assert first.error == "connection refused"


async def test_fleet_of_pods_needs_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods are found by kubectl alone."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartError, match="kubectl"):
        async with fleet(Which((), "ns", "", "", "", 5.0)):
            pass


SCRIPT = """#!/bin/sh
case "$*" in
  *port-forward*)
    echo $$ > {folder}/pid
    echo "Forwarding from 127.0.0.1:4711 -> 9090"
    exec sleep 600;;
  *) echo '{pods}';;
esac
"""
PROGRAM = """
import asyncio, signal
from ctl.fleet.open import fleet
from ctl.fleet.options import Which

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, say around the tests, ignores it

async def main():
    async with fleet(Which((), "ns", "", "", "", 5.0)) as found:
        print("open", found.targets[0].name, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_fleet_leaves_no_kubectl_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Who is told to end, ends its port-forwards first."""
    pod = {
        "metadata": {"name": "waf-0", "namespace": "ns"},
        "spec": {"containers": [{"name": "kysira-ext-proc"}]},
        "status": {"phase": "Running"},
    }
    script = tmp_path / "kubectl"
    script.write_text(SCRIPT.format(folder=tmp_path, pods=json.dumps({"items": [pod]})))
    script.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with Program([sys.executable, "-c", PROGRAM], env=env) as program:
        program.wait_for("open pod/waf-0")
        forward = psutil.Process(int((tmp_path / "pid").read_text()))
        program.signal(number)
        assert program.wait() == 128 + number
        assert not forward.is_running()
