"""Errors and exit codes."""

import pytest

from ctl.exits import Exit, exit_code, hide_traceback, report
from kysira.errors import (
    CorpusError,
    KysiraError,
    ModelError,
    RenderError,
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
        (ModelError("x"), Exit.FINDINGS),
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
