"""kysira-nginx-auth-adapter starts, tells how it is, and says what is wrong when it can't."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from kysira import __version__
from kysira.policy import Policy
from kysira.types import DETECTORS
from tests.nginx import ADAPTER, Adapter
from tests.processes import Program

RULES = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}


def fetch(url: str, body: object = None) -> object:
    """Return the JSON that is there, after posting some when it is given."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_management_paths_are_answered(tmp_path: Path) -> None:
    """Health, metrics, mode and events, on the port of the checks."""
    with Adapter(tmp_path, **RULES) as adapter:
        url = f"http://{adapter.address}"
        assert fetch(f"{url}/_kysira/health") == {
            "service": "kysira-nginx-auth-adapter", "version": __version__, "status": "ok",
            "mode": "shadow", "threshold": 0.95, "inference": "in-process",
            "policy": Policy().hash,
            "detectors": dict.fromkeys(DETECTORS, "regex"),
        }  # fmt: skip
        assert fetch(f"{url}/_kysira/ready") == {"status": "ready"}
        assert fetch(f"{url}/api/mode", {"mode": "active"}) == {"mode": "active"}
        assert fetch(f"{url}/api/events/recent") == []
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
            assert b"kysira_nginx_mode_active 1.0" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(f"{url}/checks")


def test_mode_survives_a_restart(tmp_path: Path) -> None:
    """A flip is kept in the adapter's own folder."""
    with Adapter(tmp_path, **RULES) as adapter:
        fetch(f"http://{adapter.address}/api/mode", {"mode": "active"})
        assert adapter.program.stop() == 0
        adapter.start()
        told = fetch(f"http://{adapter.address}/api/mode")
        assert told == {"mode": "active", "configured": "shadow"}
        port = adapter.address.rpartition(":")[2]
        assert (tmp_path / f"nginx-{port}" / "mode.json").exists()


def test_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    """Exit 1, the address and the option that helps."""
    with Adapter(tmp_path, **RULES) as adapter:
        port = adapter.address.rpartition(":")[2]
        command = [sys.executable, "-c", ADAPTER, "--adapter-port", port]
        with Program([*command, "--data-dir", str(tmp_path / "other")]) as program:
            assert program.wait() == 1
    assert program.output == [
        f"kysira-nginx-auth-adapter: can't listen on 127.0.0.1:{port}: address already in use; "
        "choose another with --adapter-port\n"
    ]
