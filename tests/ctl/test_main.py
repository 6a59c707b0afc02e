"""Errors become one line and an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ctl.command import run
from tests.needs import need_full_disk
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
        "ctl.app.app = broken\n"
        "m.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError: oops" in done.stderr
    assert "--debug" in done.stderr


@pytest.mark.parametrize("arguments", ["render envoy", "--help", "config path", "version -o json"])
def test_closed_pipe_is_quiet(arguments: str) -> None:
    """A reader that has seen enough causes no error text; the code is that of SIGPIPE."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ctl", *arguments.split()]
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", ["render envoy", "--help", "config view", "version"])
def test_full_disk_is_one_line(arguments: str) -> None:
    """Output that can't be written is no success: exit 3, and why."""
    need_full_disk()
    command = f"{sys.executable} -m ctl {arguments} > /dev/full"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.endswith(
        "kysiractl: standard output can't be written: no space left on device\n"
    )
    assert "Traceback" not in done.stderr


def test_nobody_to_tell_is_no_crash() -> None:
    """With both outputs closed there is still an exit code."""
    command = f"{sys.executable} -m ctl version --nonsense >&- 2>&-"
    assert subprocess.run(["sh", "-c", command]).returncode == 2


def test_interrupted_import_is_quiet() -> None:
    """Ctrl-C before anything is ready: 130, and no traceback."""
    code = (
        "import sys\n"
        "from ctl.__main__ import main\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.startswith('rich'): raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_interrupted_command_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it waits for standard input: 130, and no traceback."""

    def interrupted() -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctl.score.request._stdin", interrupted)
    outcome = run("score", "-")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


def test_module_and_script_are_the_same() -> None:
    """``python -m ctl`` calls itself kysiractl."""
    assert "Usage: kysiractl" in kysiractl("--help").stdout
