"""Runs kysiractl in this process: quick, with output and exit code as a shell would see them."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from ctl.__main__ import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(*arguments: str) -> Outcome:
    """Return what ``kysiractl`` with these arguments prints, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    hook = sys.excepthook
    code = 0
    argv = patch.object(sys, "argv", ["kysiractl", *arguments])
    with argv, redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.excepthook = hook
    return Outcome(code, out.getvalue(), err.getvalue())
