"""kysiractl policy as a group of commands."""

import subprocess
import sys

import pytest

from tests.ctl.command import run

COMMANDS = ("check", "show", "diff", "explain", "schema")


def test_group_lists_its_commands() -> None:
    """Help names each of them."""
    shown = run("policy", "--help").out
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_exit_codes(command: str) -> None:
    """Every command's help ends with them."""
    done = run("policy", command, "--help")
    assert "1 findings, 2 wrong usage" in " ".join(done.out.split())


def test_help_imports_nothing_slow() -> None:
    """Neither pydantic nor the engine, nor aiohttp, is needed for the help of any command."""
    code = (
        "import sys, ctl.policy.app, ctl.policy.exclude, ctl.replay.app; "
        "slow = ('pydantic', 'inference', 'aiohttp', 'hyperscan'); "
        "print(*[m for m in slow if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
