"""The report for people."""

import io
import sys

import pytest

from ctl.doctor import codes
from ctl.doctor.codes import Section
from ctl.doctor.report import Chart, Report
from ctl.doctor.screen import show


def report() -> Report:
    """Return a report with one of each."""
    chart = Chart()
    chart.ok(codes.SAME_MODE, "shadow")
    chart.bad(codes.SAME_POLICY, "a: one; b: \x1b[2Jtwo")
    chart.bad(codes.TOKEN_SET, "none")
    chart.skip(codes.SAME_VERSION, "it does not tell")
    return Report(chart.checks(), {Section.ENVOY: "no --envoy-admin"})


EXPECTED = r"""services
--------
- KYS0004 all services have one version: skipped: it does not tell
× KYS0005 all services decide by one policy
    a: one; b: \x1b[2Jtwo
    hint: give all the same kysira.yaml and variables; kysiractl policy show tells what each has
    see docs/doctor.md#kys0005
√ KYS0007 all services are in one mode
‼ KYS0011 an admin token is set
    none
    hint: set KYSIRA_ADMIN_TOKEN (or --admin-token-file): behind a proxy everybody can look local
    see docs/doctor.md#kys0011

envoy
-----
- skipped: no --envoy-admin

checks: 1 failed, 1 warned, 1 ok, 1 skipped
"""


def test_report_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each check; those that are bad say what was seen, and what to do."""
    show(report())
    assert capsys.readouterr().out == EXPECTED


def skipped() -> Report:
    """Return a report in which most could not be checked."""
    chart = Chart()
    chart.bad(codes.SERVICE_ANSWERS, "down")
    chart.skip_rest(Section.SERVICES, "no service\x1b answers")
    chart.skip(codes.SAME_MODE, "and for another reason")
    return Report(chart.checks(), {})


def test_checks_skipped_alike_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, for one reason; another reason has a line of its own."""
    show(skipped())
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("- ")] == [
        r"- 5 checks skipped: no service\x1b answers (KYS0002 to KYS0006; -v lists them)",
        r"- KYS0007 all services are in one mode: skipped: no service\x1b answers; "
        "and for another reason",
        r"- 11 checks skipped: no service\x1b answers (KYS0008 to KYS0018; -v lists them)",
    ]
    assert lines[-1] == "checks: 1 failed, 0 warned, 0 ok, 17 skipped"


def test_verbose_lists_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever they were skipped for."""
    show(skipped(), is_verbose=True)
    lines = capsys.readouterr().out.splitlines()
    told = [line.split()[1] for line in lines if line.startswith("- ")]
    assert told == [code.id for code in codes.TABLE if code.section is Section.SERVICES][1:]


def test_marks_are_ascii_where_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that can't show the marks gets letters."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    show(report())
    text = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "\nxx KYS0005" in text
    assert "\nok KYS0007" in text
    assert "\n!! KYS0011" in text
    assert "\n-- KYS0004" in text
