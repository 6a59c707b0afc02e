"""Findings become checks, a report and an exit code."""

import pytest

from ctl.doctor import codes
from ctl.doctor.codes import Code, Section, Status
from ctl.doctor.report import Chart, Report
from ctl.exits import Exit


def report(*bad: Code) -> Report:
    """Return a report in which one thing is well, and these are not."""
    chart = Chart()
    chart.ok(codes.SAME_MODE, "shadow")
    for code in bad:
        chart.bad(code, "x")
    return Report(chart.checks(), {Section.ENVOY: "no --envoy-admin"})


def test_worst_finding_counts() -> None:
    """Of one check over many things the worst is told, each text once."""
    chart = Chart()
    chart.ok(codes.BUFFER_HOLDS_BODY, "fine")
    chart.skip(codes.BUFFER_HOLDS_BODY, "unknown")
    chart.bad(codes.BUFFER_HOLDS_BODY, "a")
    chart.bad(codes.BUFFER_HOLDS_BODY, "a")
    chart.bad(codes.BUFFER_HOLDS_BODY, "b")
    chart.warn(codes.BUFFER_HOLDS_BODY, "c")
    [check] = chart.checks()
    assert (check.status, check.found) == (Status.FAILURE, ("a", "b"))


def test_checks_are_in_order_of_the_table() -> None:
    """However they were made, a reader finds them where they always are."""
    chart = Chart()
    chart.ok(codes.PATH_ANSWERS)
    chart.ok(codes.SAME_MODE)
    assert [check.code for check in chart.checks()] == [codes.SAME_MODE, codes.PATH_ANSWERS]


def test_rest_of_section_is_skipped() -> None:
    """What was not looked at says why, and what was keeps what it says."""
    chart = Chart()
    chart.bad(codes.SERVICE_ANSWERS, "down")
    chart.skip_rest(Section.SERVICES, "none answers")
    found = chart.checks()
    assert {check.code.section for check in found} == {Section.SERVICES}
    assert found[0].found == ("down",)
    assert {check.found for check in found[1:]} == {("none answers",)}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ((), Exit.OK),
        ((codes.TOKEN_SET,), Exit.OK),  # a warning
        ((codes.SAME_POLICY,), Exit.FINDINGS),
        ((codes.SAME_POLICY, codes.SERVICE_ANSWERS), Exit.UNREACHABLE),
        ((codes.ADMIN_ANSWERS,), Exit.UNREACHABLE),
        ((codes.PATH_ANSWERS,), Exit.UNREACHABLE),
    ],
)
def test_exit_code_says_how_it_went(bad: tuple[Code, ...], code: Exit) -> None:
    """Warnings alone are no failure; what could not be asked leaves the question open."""
    assert report(*bad).exit_code is code


def test_json_says_all() -> None:
    """Programs get every check, what was found and what to do, and a summary."""
    told = report(codes.TOKEN_SET, codes.SAME_POLICY).as_json()
    assert told["summary"] == {
        "ok": 1, "warning": 1, "failure": 1, "skipped": 0, "exit_code": 1,
    }  # fmt: skip
    assert told["skipped_sections"] == {"envoy": "no --envoy-admin"}
    assert told["checks"][0] == {
        "code": "KYS0005", "section": "services", "title": codes.SAME_POLICY.title,
        "status": "failure", "found": ["x"], "hint": codes.SAME_POLICY.hint,
        "docs": "docs/doctor.md#kys0005",
    }  # fmt: skip
    assert told["checks"][1]["hint"] == ""  # all is well there
