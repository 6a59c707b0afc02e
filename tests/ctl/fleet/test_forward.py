"""A port-forward's process: what it says, and its end. kubectl's words, from a shell script."""

import asyncio
import os
from pathlib import Path

from ctl.fleet.forward import Forward, forwarding, last_line

READY = "echo 'Forwarding from 127.0.0.1:4711 -> 9090'; echo 'Forwarding from [::1]:4711 -> 9090'"
FAILURE = (
    'E0101 12:00:00.0 1 portforward.go:424] "Unhandled Error" err="an error occurred forwarding '
    '4711 -> 9090: failed to connect to 9090: refused" logger="x"'
)


async def script(folder: Path, text: str) -> Forward:
    """Run a shell script where kubectl is run."""
    path = folder / "kubectl"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return await forwarding([str(path)])


async def test_forward_reads_its_port(tmp_path: Path) -> None:
    """The local port is what kubectl says; a failed connection is told; stopping ends it."""
    forward = await script(tmp_path, f"{READY}; echo '{FAILURE}' >&2; exec sleep 600")
    assert (forward.port, forward.problem) == (4711, "")
    async with asyncio.timeout(30):
        while not forward.failure():
            await asyncio.sleep(0.01)
    assert forward.failure() == "failed to connect to 9090: refused"
    await forward.stop()


async def test_forward_tells_its_end(tmp_path: Path) -> None:
    """One that loses its pod has listened, and does not any more."""
    fifo = tmp_path / "end"
    os.mkfifo(fifo)
    forward = await script(
        tmp_path, f"{READY}; read x < {fifo}; echo 'error: lost pod' >&2; exit 1"
    )
    assert (forward.port, forward.end()) == (4711, "")
    await asyncio.to_thread(fifo.write_text, "now\n")
    async with asyncio.timeout(30):
        while not forward.end().endswith("lost pod"):
            await asyncio.sleep(0.01)
    assert forward.end() == "kubectl has ended: error: lost pod"
    await forward.stop()


async def test_forward_failure_is_one_line(tmp_path: Path) -> None:
    """A kubectl that ends at once has said why in its last line."""
    forward = await script(tmp_path, "echo a warning >&2; echo 'error: no such pod' >&2; exit 1")
    assert (forward.port, forward.problem) == (None, "error: no such pod")
    assert forward.failure() == ""
    await forward.stop()


async def test_forward_reads_long_lines(tmp_path: Path) -> None:
    """A login helper may print a page of HTML in one line: the port is read after it."""
    long = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2"
    async with asyncio.timeout(15):
        forward = await script(tmp_path, f"{long}; {READY}; echo lost >&2; exit 1")
        while not forward.end().endswith("lost"):
            await asyncio.sleep(0.01)
    assert forward.port == 4711
    await forward.stop()


async def test_forward_hears_no_polite_end(tmp_path: Path) -> None:
    """One that ignores SIGTERM is ended all the same."""
    forward = await script(tmp_path, f"trap '' TERM; {READY}; while :; do read x; done < /dev/zero")
    await forward.stop()
    assert forward._process.returncode is not None


def test_last_line_is_printable() -> None:
    """Empty lines are passed over, and nothing moves the cursor."""
    assert last_line(b"one\ntwo\x1b[2J\n\n") == "two\\x1b[2J"
    assert last_line(b"") == ""
