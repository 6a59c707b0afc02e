"""Golden files change only when somebody says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ctl.golden import FOLDER, UPDATE, Golden

ROOT = Path(__file__).parents[2]


def collect(ci: str) -> "subprocess.CompletedProcess[str]":
    """Return what pytest says to the flag when it has nothing to run."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        UPDATE,
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, "tests/ctl/test_arguments.py"], cwd=ROOT, env={**os.environ, "CI": ci},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_ci_refuses_to_update() -> None:
    """A usage error; elsewhere the flag is taken."""
    refused = collect("true")
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert "not for CI" in refused.stderr
    assert collect("").returncode == pytest.ExitCode.OK


def test_difference_is_a_failure() -> None:
    """One byte is enough, and so is a missing file; nothing is written."""
    golden = Golden(is_updating=False)
    text = (FOLDER / "envoy" / "default.yaml").read_text()
    golden.check("envoy", "default.yaml", text)
    with pytest.raises(AssertionError, match="differs"):
        golden.check("envoy", "default.yaml", text + "\n")
    with pytest.raises(AssertionError, match="no envoy/none"):
        golden.check("envoy", "none.yaml", "")
    assert not (FOLDER / "envoy" / "none.yaml").exists()


def test_update_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file is what was rendered, in a folder of its target."""
    monkeypatch.setattr("tests.ctl.golden.FOLDER", tmp_path)
    Golden(is_updating=True).check("new", "a.yaml", "a: 1\n")
    assert (tmp_path / "new" / "a.yaml").read_text() == "a: 1\n"
