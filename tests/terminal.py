"""Terminals: a real one for a program, to be read and typed into, and one that rich is told of."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

import pytest

_WAIT_S = 60.0
_READ = 1 << 16


def on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Let rich take what it writes to for a terminal of so many columns, without colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))


class Terminal:
    """A program on a pseudo-terminal of its own; a context manager that ends it."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        self.shown = ""
        self._master, slave = pty.openpty()
        # setsid -c makes the terminal its controlling one, so that ^C reaches it.
        self._popen = subprocess.Popen(
            ["setsid", "-c", *command], stdin=slave, stdout=slave, stderr=slave, env=env
        )
        os.close(slave)

    def wait_for(self, text: str, timeout_s: float = _WAIT_S) -> str:
        """Return all that was shown, once the text is in it."""
        deadline = time.monotonic() + timeout_s
        while text not in self.shown:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"no {text!r} in:\n{self.shown}")
        return self.shown

    def type(self, text: str) -> None:
        """Type the text: character 3 is ^C, character 4 is ^D."""
        os.write(self._master, text.encode())

    def wait(self, timeout_s: float = _WAIT_S) -> int:
        """Return the exit status once the program has ended and all it showed was read."""
        deadline = time.monotonic() + timeout_s
        while self._read(deadline - time.monotonic()):
            pass
        return self._popen.wait(max(0.1, deadline - time.monotonic()))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGKILL)
            self._popen.wait()
        os.close(self._master)

    def _read(self, timeout_s: float) -> bool:
        """Return False when there is nothing more: the program has closed the terminal."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, timeout_s))
        try:
            data = os.read(self._master, _READ) if ready else b""
        except OSError:  # how Linux says that nobody has the other end open
            data = b""
        self.shown += data.decode("utf-8", "replace")
        return bool(data)
