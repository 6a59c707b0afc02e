"""The report for people: a mark, a line for each check, and what to do about the bad ones."""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from rich.text import Text

from ctl import console
from ctl.doctor.codes import Section, Status
from ctl.doctor.report import Check, Report

_MARKS = {
    Status.OK: ("√", "ok"), Status.WARNING: ("‼", "!!"), Status.FAILURE: ("×", "xx"),
    Status.SKIPPED: ("-", "--"),
}  # fmt: skip
_STYLES = {
    Status.OK: "green", Status.WARNING: "yellow", Status.FAILURE: "bold red", Status.SKIPPED: "dim",
}  # fmt: skip


def show(report: Report, *, is_verbose: bool = False) -> None:
    """Print the report; the marks are ASCII where the terminal can't show others.

    Checks one after the other that were skipped for the same reason are one line, unless verbose.
    """
    column = 0 if _takes("".join(mark for mark, _ in _MARKS.values()), sys.stdout) else 1
    for section in Section:
        lines = list(_section(report, section, column, is_verbose))
        if lines:
            console.say(f"{section.value}\n{'-' * len(section.value)}")
            for line in lines:
                console.say(line)
            console.say("")
    console.say(_summary(report))


def _takes(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _section(report: Report, section: Section, column: int, is_verbose: bool) -> Iterator[Text]:
    if section in report.skipped:
        yield _line(Status.SKIPPED, column, f"skipped: {report.skipped[section]}")
    own = [check for check in report.checks if check.code.section is section]
    for why, run in groupby(own, key=_why_skipped):
        alike = list(run)
        if why is not None and len(alike) > 1 and not is_verbose:
            yield _line(Status.SKIPPED, column, _together(alike))
        else:
            for check in alike:
                yield from _check(check, column)


def _why_skipped(check: Check) -> tuple[str, ...] | None:
    return check.found if check.status is Status.SKIPPED else None


def _together(run: Sequence[Check]) -> str:
    codes = f"{run[0].code.id} to {run[-1].code.id}"
    return f"{len(run)} checks skipped: {_one_line(run[0])} ({codes}; -v lists them)"


def _check(check: Check, column: int) -> Iterator[Text]:
    code, status = check.code, check.status
    if status is Status.SKIPPED:
        yield _line(status, column, f"{code.id} {code.title}: skipped: {_one_line(check)}")
        return
    yield _line(status, column, f"{code.id} {code.title}")
    if status is Status.OK:
        return
    for found in check.found:
        yield Text(f"    {console.printable(found)}")
    yield Text(f"    hint: {code.hint}")
    yield Text(f"    see {code.docs}", style="dim")


def _one_line(check: Check) -> str:
    return console.printable("; ".join(check.found))


def _line(status: Status, column: int, text: str) -> Text:
    return Text.assemble((_MARKS[status][column], _STYLES[status]), " ", text)


def _summary(report: Report) -> str:
    counts = [
        f"{report.count(status)} {word}"
        for status, word in (
            (Status.FAILURE, "failed"), (Status.WARNING, "warned"), (Status.OK, "ok"),
            (Status.SKIPPED, "skipped"),
        )
    ]  # fmt: skip
    return f"checks: {', '.join(counts)}"
