"""Starts the programs that are measured; each is ended by its own handle."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from kysira.errors import KysiraError

READY_S = 180.0
"""Seconds a program may take to get ready: compiling the detectors takes some on a busy machine."""
_STOP_S = 20.0
_POLL_S = 0.05


class BenchmarkError(KysiraError):
    """The benchmark can't be run; the message is one line that says why, and what to do."""


class Program:
    """A running program whose output is kept; a context manager that ends it."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start it, with no other KYSIRA_* variables than those given."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("KYSIRA_")}
        # A file, unlike a pipe, needs no reader that would take CPU from what is measured.
        self._output = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - see __exit__
        self._name = command[0].rpartition("/")[2]
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**clean, **(env or {})},
        )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._popen.pid

    def output(self) -> str:
        """Return everything written so far."""
        self._output.seek(0)
        return self._output.read()

    def find(self, pattern: str) -> re.Match[str]:
        """Return the first match in the output, once there is one; raises BenchmarkError."""
        self.wait_until(lambda: re.search(pattern, self.output()))
        match = re.search(pattern, self.output())
        assert match
        return match

    def wait_until(self, is_ready: Callable[[], object]) -> None:
        """Return once ``is_ready`` says so; an OSError means not yet. Raises BenchmarkError."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with suppress(OSError):
                if is_ready():
                    return
            if self._popen.poll() is not None:
                raise BenchmarkError(f"{self._name} ended: {self.output().strip()[-500:]}")
            time.sleep(_POLL_S)
        raise BenchmarkError(f"{self._name} was not ready in {READY_S:g} s: {self.output()[-500:]}")

    def stop(self) -> str:
        """End the program and return its output."""
        if self._popen.poll() is None:
            self._popen.terminate()
            try:
                self._popen.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        return self.output()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._output.close()
