"""Exit codes, and how an error becomes one line and one of them."""

import sys
from enum import IntEnum
from types import TracebackType

from kysira.errors import CorpusError, KysiraError, RenderError, SettingsError, StartError


class Exit(IntEnum):
    """What the exit codes of kysiractl mean."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREACHABLE = 3
    INVALID = 4


EPILOG = (
    "Exit codes: 0 ok, 1 findings, 2 wrong usage, 3 something is unreachable or only part of it "
    "was done, 4 invalid configuration or data."
)
_CODES: tuple[tuple[type[KysiraError], Exit], ...] = (
    (SettingsError, Exit.USAGE),
    (StartError, Exit.UNREACHABLE),
    (RenderError, Exit.INVALID),
    (CorpusError, Exit.INVALID),
)


def exit_code(error: KysiraError) -> Exit:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FINDINGS)


def report(error: BaseException) -> None:
    """Write one line about an error."""
    text = str(error) if isinstance(error, KysiraError) else f"{type(error).__name__}: {error}"
    hint = "" if isinstance(error, KysiraError) else " (kysiractl --debug … shows where)"
    print(f"kysiractl: {text}{hint}", file=sys.stderr, flush=True)


def hide_traceback(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Be ``sys.excepthook`` where a mistake of ours gets one line instead of a traceback."""
    del kind, traceback
    report(error)
