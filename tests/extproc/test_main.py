"""kysira-ext-proc starts, tells how it is, and says what is wrong when it can't."""

import json
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from kysira import __version__
from kysira.policy import Policy
from kysira.types import DETECTORS, Mode
from tests.processes import ExtProc, Program

MODELS = {"sqli": "model", "prompt-injection": "model"}


def get_json(url: str) -> Any:
    """Return what a management path answers."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def test_health_tells_what_runs(tmp_path: Path) -> None:
    """Name, status, mode, threshold and where scoring happens."""
    with ExtProc(tmp_path, KYSIRA_MODE="active") as ext_proc:
        assert get_json(f"http://{ext_proc.http}/_kysira/health") == {
            "service": "kysira-ext-proc", "version": __version__, "status": "ok", "mode": "active",
            "threshold": 0.95, "inference": "in-process",
            "policy": Policy(mode=Mode.ACTIVE).hash,
            "detectors": dict.fromkeys(DETECTORS, "regex") | MODELS,
        }  # fmt: skip


def test_ready_ends_with_sigterm(tmp_path: Path) -> None:
    """Ready once it says that it listens; from SIGTERM on no more, while it still serves."""
    with ExtProc(tmp_path, KYSIRA_DRAIN_MS="60000") as ext_proc:
        url = f"http://{ext_proc.http}/_kysira/ready"
        assert get_json(url) == {"status": "ready"}
        ext_proc.program.signal(signal.SIGTERM)
        ext_proc.program.wait_for("draining")
        with pytest.raises(urllib.error.HTTPError) as refused:
            get_json(url)
        assert (refused.value.code, json.load(refused.value)) == (503, {"status": "draining"})
        ext_proc.kill()


def test_health_hides_the_services_password(tmp_path: Path) -> None:
    """Of a service's URL user name and password are masked."""
    with ExtProc(tmp_path, KYSIRA_INFERENCE_URL="http://kysira:s3cret@127.0.0.1:9") as ext_proc:
        health = get_json(f"http://{ext_proc.http}/_kysira/health")
    assert (health["status"], health["inference"]) == ("ok", "http://***@127.0.0.1:9")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--mode", "off"), ("--inference-url", "nowhere"), ("--sqli-model", "/not/there")],
)
def test_bad_setting_is_named(tmp_path: Path, option: str, value: str) -> None:
    """One line names it, and the exit status is not 0."""
    command = [sys.executable, "-m", "extproc", "--grpc-port", "0", "--metrics-port", "0"]
    with Program([*command, "--data-dir", str(tmp_path), option, value]) as program:
        assert program.wait() != 0
    assert value in program.output[-1]
    assert program.output[-1].startswith("kysira-ext-proc: ")
