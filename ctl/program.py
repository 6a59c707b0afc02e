"""A run of kysiractl: errors become one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence

from ctl import app
from ctl.exits import Exit, exit_code, hide_traceback, report
from ctl.streams import OutputGone, flush_stdout, guard_stdout
from kysira.errors import KysiraError

DEBUG = "--debug"


def run(argv: Sequence[str]) -> int | str | None:
    """Run the command and return its exit code; --debug, wherever it stands, adds tracebacks."""
    arguments = [text for text in argv if text != DEBUG]
    is_debug = len(arguments) < len(argv)
    if os.environ.get("NO_COLOR"):
        # To rich that is about colours alone, and typer's help would still be bold.
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
    guard_stdout()
    try:
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


def _run(arguments: list[str]) -> int | str | None:
    """Return the exit code of the command, once its output is written."""
    try:
        app.app(arguments, prog_name=app.NAME)
    except SystemExit as end:
        flush_stdout()
        return end.code
    flush_stdout()
    return None
