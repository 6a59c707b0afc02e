"""What ``up`` shows."""

import asyncio
import io

import pytest
from rich.console import Console

from ctl.stack.screen import Screen


def screen(is_terminal: bool) -> tuple[Screen, io.StringIO, io.StringIO]:
    """Return a screen and what its stdout and stderr get."""
    out, err = io.StringIO(), io.StringIO()
    consoles = [
        Console(file=file, force_terminal=is_terminal, markup=False, highlight=False, width=40)
        for file in (out, err)
    ]
    return Screen(*consoles), out, err


async def test_pipe_gets_plain_lines() -> None:
    """A step is a line when it begins and one when it is done; nothing is wrapped or coloured."""
    shown, out, err = screen(is_terminal=False)
    async with shown.step("starting [it]"):
        shown.say("x" * 60)
    shown.result("y" * 60)
    begin, said, done = err.getvalue().splitlines()
    assert (begin, said) == ("starting [it] …", "x" * 60)
    assert done.startswith("starting [it] … done in 0.")
    assert out.getvalue() == "y" * 60 + "\n"


async def test_terminal_sees_the_time_pass() -> None:
    """While a step takes long, its seconds are shown."""
    shown, _, err = screen(is_terminal=True)
    async with shown.step("starting it"), asyncio.timeout(20):
        while "starting it … 0.1 s" not in err.getvalue():
            await asyncio.sleep(0.01)
    assert "starting it … done in" in err.getvalue()


@pytest.mark.parametrize("is_terminal", [False, True])
async def test_failed_step_is_not_done(is_terminal: bool) -> None:
    """An error goes through, and nothing claims success."""
    shown, _, err = screen(is_terminal)
    with pytest.raises(ZeroDivisionError):
        async with shown.step("starting it"):
            raise ZeroDivisionError
    assert "done" not in err.getvalue()
