"""Starts and ends the programs that tests run: each by its own handle, its output kept."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

START_S = 60.0
"""Seconds a program may take to say that it is ready, on a loaded two-core machine."""
STOP_S = 20.0


class Program:
    """A running program; a context manager that ends it."""

    def __init__(self, command: Sequence[str], *, env: dict[str, str] | None = None) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("KYSIRA_")}
        self._popen = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**clean, **(env or {})}, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        self.output: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Return True until the program has ended."""
        return self._popen.poll() is None

    def wait_for(self, pattern: str, timeout_s: float = START_S) -> re.Match[str]:
        """Return the match in the first line of output, from now on, that has one."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                raise AssertionError(f"ended before {pattern!r}:\n" + "".join(self.output[-40:]))
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no {pattern!r} in {timeout_s} s:\n" + "".join(self.output[-40:]))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this one process."""
        self._popen.send_signal(number)

    def wait(self, timeout_s: float = STOP_S) -> int:
        """Return the exit status once the program has ended and all its output was read."""
        status = self._popen.wait(timeout_s)
        self._reader.join(timeout_s)
        return status

    def stop(self) -> int:
        """End the program, politely first, and return its exit status."""
        if self.is_running:
            self._popen.send_signal(signal.SIGCONT)  # a stopped one can't hear
            self._popen.terminate()
            try:
                return self.wait()
            except subprocess.TimeoutExpired:
                self._popen.kill()
        return self.wait()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._popen.stdout
        for line in self._popen.stdout:
            self.output.append(line)
            self._lines.put(line)
        self._popen.stdout.close()
        self._lines.put(None)


def kysiractl(
    *arguments: str, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run kysiractl to its end; standard output and error are kept apart."""
    return subprocess.run(
        [sys.executable, "-m", "ctl", *arguments], capture_output=True, text=True, timeout=120,
        check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip


class ExtProc:
    """A kysira-ext-proc with ports that stay the same over restarts."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._env = {"KYSIRA_DATA_DIR": str(data_dir), "KYSIRA_DRAIN_MS": "0", **settings}
        self.grpc = self.http = "127.0.0.1:0"
        self.program: Program
        self.start()

    def start(self) -> None:
        """Start it, and return once it serves."""
        env = {
            **self._env,
            "KYSIRA_GRPC_PORT": self.grpc.rpartition(":")[2],
            "KYSIRA_METRICS_PORT": self.http.rpartition(":")[2],
        }
        self.program = Program([sys.executable, "-m", "extproc"], env=env)
        ready = self.program.wait_for(r"listening grpc=(\S+) http=(\S+)")
        self.grpc, self.http = ready[1], ready[2]

    def restart(self) -> None:
        """Stop it and start it again on the same ports."""
        self.program.stop()
        self.start()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.program.signal(signal.SIGKILL)
        self.program.wait()

    def __enter__(self) -> "ExtProc":
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()
