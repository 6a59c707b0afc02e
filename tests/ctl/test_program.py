"""A run of kysiractl in this process."""

import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from ctl.program import run


@pytest.fixture(autouse=True)
def hook() -> Iterator[None]:
    """Leave Python's hook for errors as it was."""
    before = sys.excepthook
    yield
    sys.excepthook = before


def codes(*argv: str) -> int | str | None:
    """Return the exit code of a run whose output nobody reads."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return run(argv)


def test_run_returns_the_exit_code() -> None:
    """Of success, of a usage error, and of an error of ours."""
    assert codes("config", "path") == 0
    assert codes("config", "paht") == 2
    assert codes("score", "--request", "/none") == 4


@pytest.mark.parametrize("is_debug", [False, True])
def test_run_shows_tracebacks_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, is_debug: bool
) -> None:
    """A mistake of ours inside a command is one line, unless --debug is said."""

    def broken() -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("ctl.config.app._path", broken)
    err = StringIO()
    with pytest.raises(ZeroDivisionError) as caught:
        codes("config", "path", *(["--debug"] if is_debug else []))
    with redirect_stderr(err):
        sys.excepthook(caught.type, caught.value, caught.tb)
    assert ("Traceback" in err.getvalue()) is is_debug
    assert "ZeroDivisionError: oops" in err.getvalue()


def test_run_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps typer's help plain under NO_COLOR holds for that run alone."""
    monkeypatch.setenv("NO_COLOR", "1")
    before = dict(os.environ)
    assert codes("config", "path") == 0
    assert dict(os.environ) == before
