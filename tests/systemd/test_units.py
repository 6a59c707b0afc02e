"""The unit is clean, locks every service up, and every service runs locked up like that."""

import ctypes
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.needs import need
from tests.processes import Program

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "kysira@.service"
SERVICES = ("ext-proc", "proxy", "nginx-auth-adapter", "inference")
MAX_EXPOSURE = 20
"""Of 100, by systemd's own reckoning."""
_DENY_WRITE_EXECUTE = 65
"""prctl's PR_SET_MDWE: what MemoryDenyWriteExecute= asks of newer kernels."""
_LOCKED_UP = """
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run systemd-analyze, which needs no running systemd for this."""
    need(shutil.which("systemd-analyze"), "systemd-analyze: apt-get install systemd")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def script(service: str) -> Path:
    """Return the program of a service in this environment."""
    return Path(sys.executable).parent / f"kysira-{service}"


@pytest.fixture(params=SERVICES)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the unit as it is for one service, with the program that is installed here."""
    text = UNIT.read_text()
    assert text.count("/opt/kysira/bin/kysira-%i") == 1
    path = tmp_path / f"kysira@{request.param}.service"
    path.write_text(text.replace("/opt/kysira/bin/kysira-%i", str(script(request.param))))
    return path


def test_unit_is_clean(unit: Path) -> None:
    """Systemd has nothing to say of it: no unknown setting, and the program is there."""
    done = analyze("verify", str(unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_unit_locks_up(unit: Path) -> None:
    """What a service that was broken into could reach is little."""
    done = analyze("security", "--offline=true", f"--threshold={MAX_EXPOSURE}", str(unit))
    assert done.returncode == 0, done.stdout


def test_unit_asks_for_what_was_promised() -> None:
    """No new privileges, a read-only root, and one folder to write."""
    rows = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))
    assert rows["NoNewPrivileges"] == "yes"
    assert rows["ProtectSystem"] == "strict"
    assert rows["StateDirectory"] == "kysira-%i"
    assert "ReadWritePaths" not in rows
    assert rows["Environment"].split() == [
        "KYSIRA_DATA_DIR=%S/kysira-%i", "XDG_CACHE_HOME=%S/kysira-%i/cache",
    ]  # fmt: skip


def test_unit_is_for_every_service() -> None:
    """Every program that serves can be an instance; those that don't are none."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    serving = {name for name in scripts if name not in ("kysiractl", "kysira-train")}
    assert serving == {f"kysira-{service}" for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_service_runs_locked_up(service: str, tmp_path: Path) -> None:
    """Without memory that is writable and executable, and with one folder to write."""
    can_deny = ctypes.CDLL(None).prctl(_DENY_WRITE_EXECUTE + 1, 0, 0, 0, 0) >= 0
    need(can_deny, "Linux 6.3 or newer")
    ports = ("GRPC", "METRICS", "PROXY", "ADAPTER", "INFERENCE")
    env = {f"KYSIRA_{name}_PORT": "0" for name in ports}
    env |= {"KYSIRA_DATA_DIR": str(tmp_path), "HOME": "/nonexistent"}
    command = [sys.executable, "-c", _LOCKED_UP, str(script(service))]
    with Program(command, env=env) as program:
        program.wait_for("listening")
        assert program.stop() == 0, program.output
