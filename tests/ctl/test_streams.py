"""Standard output that fails, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from ctl.streams import guard_stdout
from tests.needs import need_full_disk


def run(code: str, *, stdout: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Return exit code and stderr of Python code whose output goes to a file."""
    with Path(stdout).open("w") as file:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=file, stderr=subprocess.PIPE, text=True,
            timeout=60, env=env,
        )  # fmt: skip
    return done.returncode, done.stderr


GUARD = "import sys; from ctl.streams import *; guard_stdout()\n"


@pytest.mark.parametrize("flush", ["flush_stdout()", "sys.stdout.write('x' * 100_000)"])
def test_full_disk_is_told_once(flush: str) -> None:
    """As an exception wherever it is written from; Python's end adds nothing to it."""
    full = need_full_disk()
    code = (
        f"{GUARD}print('x')\ntry:\n    {flush}\n    flush_stdout()\n"
        "except OutputGone as gone: print(gone, gone.is_closed_pipe, file=sys.stderr)"
    )
    code, err = run(code, stdout=str(full))  # type: ignore[assignment]
    assert (code, err) == (0, "no space left on device False\n")


def test_what_can_not_be_encoded_is_escaped(tmp_path: Path) -> None:
    """A terminal without UTF-8 shows escapes instead of an error."""
    path = tmp_path / "out"
    env = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}
    assert run(f"{GUARD}print('ü\\udcff')", stdout=str(path), env=env) == (0, "")
    assert path.read_text() == "\\xfc\\udcff\n"


def test_closed_stdout_is_left_alone(tmp_path: Path) -> None:
    """Who closes it wants no output: that is no error."""
    command = f"{sys.executable} -m ctl version >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_closed_stdout_can_be_written_to() -> None:
    """Also by what needs a stream there, as csv does."""
    code = f"{GUARD}sys.stdout.write('x'); sys.stdout.flush(); flush_stdout()"
    command = ["sh", "-c", f'{sys.executable} -c "{code}" >&-']
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_other_streams_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A test's own stream stays what it is."""
    before = sys.stdout
    guard_stdout()
    assert (sys.stdout is before) or sys.stdout.errors == "backslashreplace"
    sys.stdout = before
    print("still here")
    assert "still here" in capsys.readouterr().out
