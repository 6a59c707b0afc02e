"""Errors become one line and an exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ctl.command import run
from tests.processes import kysiractl


def test_error_is_one_line(tmp_path: Path) -> None:
    """An invalid file is exit 4 and one line that names it."""
    outcome = run("render", "envoy", "--into", str(tmp_path / "none.yaml"))
    assert outcome.code == 4
    assert outcome.out == ""
    assert outcome.err == f"kysiractl: {tmp_path}/none.yaml: no such file or directory\n"


@pytest.mark.parametrize("place", ["front", "end"])
def test_debug_shows_where(tmp_path: Path, place: str) -> None:
    """--debug adds the traceback wherever it stands; line and exit code stay."""
    arguments = ["render", "envoy", "--into", str(tmp_path / "none.yaml")]
    arguments.insert(0 if place == "front" else len(arguments), "--debug")
    outcome = run(*arguments)
    assert outcome.code == 4
    assert "Traceback" in outcome.err
    assert outcome.err.endswith("no such file or directory\n")


def test_own_mistake_is_one_line() -> None:
    """An unexpected exception shows no traceback but says how to get it."""
    code = (
        "import ctl.app, ctl.__main__ as m\n"
        "def broken(*a, **k): raise ZeroDivisionError('oops')\n"
        "m.app = broken\n"
        "m.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError: oops" in done.stderr
    assert "--debug" in done.stderr


def test_closed_pipe_is_quiet() -> None:
    """A reader that has seen enough causes no error text."""
    command = f"{sys.executable} -m ctl render envoy | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.stdout.startswith("# Envoy in front of")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_module_and_script_are_the_same() -> None:
    """``python -m ctl`` calls itself kysiractl."""
    assert "Usage: kysiractl" in kysiractl("--help").stdout
