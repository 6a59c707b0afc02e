"""Exit codes, and how an error becomes one line and one of them."""

import sys
from contextlib import suppress
from enum import IntEnum
from types import TracebackType

from ctl import console
from ctl.streams import OutputGone
from kysira.errors import (
    CorpusError,
    KysiraError,
    ModelError,
    PolicyError,
    RenderError,
    RequestError,
    ScoringError,
    SettingsError,
    StartError,
)


class Exit(IntEnum):
    """What the exit codes of kysiractl mean."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREACHABLE = 3
    INVALID = 4
    CLOSED_PIPE = 141
    """As shells call the end by SIGPIPE: who reads the output has seen enough."""


EPILOG = (
    "Exit codes: 0 ok, 1 findings, 2 wrong usage, 3 something is unreachable or only part of it "
    "was done, 4 invalid configuration or data."
)
_CODES: tuple[tuple[type[KysiraError], Exit], ...] = (
    (SettingsError, Exit.USAGE),
    (StartError, Exit.UNREACHABLE),
    (RenderError, Exit.INVALID),
    (CorpusError, Exit.INVALID),
    (PolicyError, Exit.INVALID),
    (RequestError, Exit.INVALID),
    (ModelError, Exit.INVALID),
    (ScoringError, Exit.UNREACHABLE),
)


def exit_code(error: KysiraError) -> Exit:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FINDINGS)


def report(error: BaseException) -> None:
    """Write one line about an error."""
    if isinstance(error, OutputGone):
        text = f"standard output can't be written: {error}"
    elif isinstance(error, KysiraError):
        text = console.printable_lines(str(error))
    else:
        name = type(error).__name__
        text = f"{console.printable(f'{name}: {error}')} (kysiractl --debug … shows where)"
    with suppress(OSError):  # nobody is left to tell
        print(f"kysiractl: {text}", file=sys.stderr, flush=True)


def hide_traceback(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Be ``sys.excepthook`` where a mistake of ours gets one line instead of a traceback."""
    del kind, traceback
    report(error)
