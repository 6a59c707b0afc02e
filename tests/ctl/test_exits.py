"""Errors and exit codes."""

import pytest

from ctl.exits import Exit, exit_code, hide_traceback, report
from ctl.streams import OutputGone
from kysira.errors import (
    CorpusError,
    KysiraError,
    ModelError,
    PolicyError,
    RenderError,
    RequestError,
    ScoringTimeout,
    SettingsError,
    StartError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("x"), Exit.USAGE),
        (StartError("x"), Exit.UNREACHABLE),
        (RenderError("x"), Exit.INVALID),
        (CorpusError("x"), Exit.INVALID),
        (PolicyError("x"), Exit.INVALID),
        (RequestError("x"), Exit.INVALID),
        (ModelError("x"), Exit.INVALID),
        (ScoringTimeout("x"), Exit.UNREACHABLE),
        (KysiraError("x"), Exit.FINDINGS),
    ],
)
def test_error_has_its_code(error: KysiraError, code: Exit) -> None:
    """Each kind of error ends kysiractl with the documented code."""
    assert exit_code(error) is code


def test_report_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error of ours is its own text, on stderr."""
    report(RenderError("no router"))
    assert capsys.readouterr() == ("", "kysiractl: no router\n")


def test_unexpected_error_names_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else says what it is and how to learn more."""
    hide_traceback(KeyError, KeyError("x"), None)
    assert capsys.readouterr().err == "kysiractl: KeyError: 'x' (kysiractl --debug … shows where)\n"


def test_report_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    """What an error quotes moves no cursor; an error of several lines keeps them."""
    report(RenderError("a\x1b[2J\nb"))
    report(ValueError("a\x1b[2J\nb"))
    err = capsys.readouterr().err
    assert err.splitlines()[:2] == [r"kysiractl: a\x1b[2J", "b"]
    assert err.splitlines()[2].startswith(r"kysiractl: ValueError: a\x1b[2J\nb (")


def test_report_tells_of_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Why nothing more can be written there."""
    report(OutputGone(OSError(28, "No space left on device")))
    assert capsys.readouterr().err == (
        "kysiractl: standard output can't be written: no space left on device\n"
    )
