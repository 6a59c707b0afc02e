"""A run of kysiractl: errors become one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ctl import app
from ctl.exits import Exit, exit_code, hide_traceback, report
from ctl.streams import OutputGone, flush_stdout, guard_stdout
from kysira.errors import KysiraError

DEBUG = "--debug"
_PLAIN = "_TYPER_FORCE_DISABLE_TERMINAL"


def run(argv: Sequence[str]) -> int | str | None:
    """Run the command and return its exit code; --debug, wherever it stands, adds tracebacks."""
    arguments = [text for text in argv if text != DEBUG]
    is_debug = len(arguments) < len(argv)
    guard_stdout()
    try:
        with _plain_help():
            return _run(arguments)
    except (KysiraError, OutputGone) as error:
        if is_debug:
            traceback.print_exception(error)
        if isinstance(error, OutputGone) and error.is_closed_pipe:
            return Exit.CLOSED_PIPE
        report(error)
        return exit_code(error) if isinstance(error, KysiraError) else Exit.UNREACHABLE
    finally:
        if not is_debug:
            sys.excepthook = hide_traceback  # typer has set its own


@contextmanager
def _plain_help() -> Iterator[None]:
    """Under NO_COLOR have typer print no bold either: to rich that is about colours alone."""
    before = os.environ.get(_PLAIN)
    if os.environ.get("NO_COLOR"):
        os.environ[_PLAIN] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_PLAIN, None)
        else:
            os.environ[_PLAIN] = before


def _run(arguments: list[str]) -> int | str | None:
    """Return the exit code of the command, once its output is written."""
    try:
        app.app(arguments, prog_name=app.NAME)
    except SystemExit as end:
        flush_stdout()
        return end.code
    flush_stdout()
    return None
