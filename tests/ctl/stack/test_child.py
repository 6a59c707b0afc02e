"""Programs that ``up`` runs."""

import asyncio
import os
import signal
import sys
import time

import psutil
import pytest

from ctl.stack import child as module
from ctl.stack.child import running
from kysira.errors import StartError
from tests.processes import Program

SLEEP = "import time; print('ready port=7', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def python(code: str) -> list[str]:
    """Return the command that runs some Python."""
    return [sys.executable, "-c", code]


def ignore(_: str) -> None:
    """Show nothing."""


async def test_line_of_output_is_awaited() -> None:
    """The match in the awaited line is returned, every line is shown."""
    lines: list[str] = []
    async with running("it", python(SLEEP), os.environ, lines.append) as child:
        assert (await child.line(r"port=(\d)"))[1] == "7"
    assert lines == ["ready port=7"]


@pytest.mark.parametrize("code", [SLEEP, DEAF])
async def test_program_ends_with_its_block(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends it, or SIGKILL when it does not listen; a stopped one is woken for that."""
    monkeypatch.setattr(module, "STOP_S", 1.0)
    async with running("it", python(code), os.environ, ignore) as child:
        await child.line("ready")
        pid = child.pid
        os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
    assert not psutil.pid_exists(pid)
    assert (time.monotonic() - started > 1) == (code == DEAF)


async def test_terminals_interrupt_does_not_reach_it() -> None:
    """It has a process group of its own."""
    async with running("it", python(SLEEP), os.environ, ignore) as child:
        await child.line("ready")
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)


async def test_early_end_is_told_with_last_lines() -> None:
    """Waiting for a line that can't come any more raises, with status and what was said."""
    code = "import sys; [print('line', n, file=sys.stderr) for n in range(50)]; sys.exit(7)"
    async with running("it", python(code), os.environ, ignore) as child:
        with pytest.raises(StartError) as caught:
            await child.line("ready")
    text = str(caught.value)
    assert text.startswith("it ended with exit code 7:\n  line 38\n")
    assert text.endswith("\n  line 49")


async def test_silent_end_by_a_signal_is_told() -> None:
    """A program that was killed and said nothing."""
    async with running("it", python("import time; time.sleep(600)"), os.environ, ignore) as child:
        os.kill(child.pid, signal.SIGKILL)
        assert str(await child.ended()) == "it ended by SIGKILL"


async def test_end_stops_other_work() -> None:
    """Work that needs the program is given up when it ends."""
    work = asyncio.create_task(asyncio.sleep(600))
    async with running("it", python(""), os.environ, ignore) as child:
        with pytest.raises(StartError, match="exit code 0"):
            await child.alive(work)
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_long_line_is_read() -> None:
    """Envoy prints whole configurations in one line."""
    code = f"print('x' * 1_000_000 + 'ready'); {SLEEP}"
    async with running("it", python(code), os.environ, ignore) as child:
        await child.line("xready")


PARENT = f"""
import asyncio, os, sys
from ctl.stack.child import running

async def main():
    async with running("it", [sys.executable, "-c", {SLEEP!r}], os.environ, print) as child:
        await child.line("ready")
        print("child", child.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_program_does_not_outlive_a_killed_up() -> None:
    """Who can't end it any more has left that to the kernel."""
    with Program(python(PARENT)) as parent:
        pid = int(parent.wait_for(r"child (\d+)")[1])
        child = psutil.Process(pid)
        parent.signal(signal.SIGKILL)
        child.wait(60)
