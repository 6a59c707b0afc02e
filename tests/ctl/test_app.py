"""The command line as a whole."""

import os
import subprocess
import sys

import pytest

from kysira import __version__
from tests.ctl.command import run
from tests.processes import kysiractl


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_version_is_printed(arguments: list[str]) -> None:
    """Both spellings print name and version on stdout."""
    outcome = run(*arguments)
    assert (outcome.code, outcome.out) == (0, f"kysiractl {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["render"], ["render", "envoy"], ["bench"], ["bench", "detection"], ["up"]],
)
def test_help_tells_exit_codes(arguments: list[str]) -> None:
    """Every command's help ends with what its exit codes mean."""
    outcome = run(*arguments, "--help")
    text = " ".join(outcome.out.split())
    assert outcome.code == 0
    assert "0 ok, 1 findings, 2 wrong usage, 3 something is unreachable" in text
    assert "4 invalid configuration" in text


def test_unknown_command_is_usage() -> None:
    """A typing error is exit 2."""
    assert run("rendre").code == 2


def test_help_imports_nothing_slow() -> None:
    """Help comes at once: Envoy's types, aiohttp and the engine stay out of it."""
    code = (
        "import sys, ctl.app; "
        "slow = ('envoy_data_plane', 'aiohttp', 'grpc', 'uvloop', 'inference'); "
        "print(*[m for m in slow if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


def test_no_color_is_honoured() -> None:
    """With NO_COLOR there is no escape sequence, even where colours are forced."""
    env = {**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color"}
    done = kysiractl("--help", env=env)
    assert done.returncode == 0
    assert "\x1b[3" not in done.stdout


def test_completion_is_typers() -> None:
    """Shell completion can be shown for a shell."""
    env = {"_KYSIRACTL_COMPLETE": "source_bash"}
    assert "_KYSIRACTL_COMPLETE=complete_bash" in kysiractl(env=env).stdout
