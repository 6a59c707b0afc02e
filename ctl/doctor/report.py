"""What was found: findings are charted by check, and make a report with an exit code."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ctl.doctor.codes import TABLE, Code, Section, Status
from ctl.exits import Exit

_WORST_FIRST = (Status.FAILURE, Status.WARNING, Status.OK, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Check:
    """How one check ended, over everything that it looked at."""

    code: Code
    status: Status
    found: tuple[str, ...] = ()
    """What was seen, worst of all; of a skipped one, why."""

    def as_json(self) -> dict[str, Any]:
        """Return the check for programs."""
        is_found = self.status in (Status.FAILURE, Status.WARNING)
        return {
            "code": self.code.id,
            "section": self.code.section.value,
            "title": self.code.title,
            "status": self.status.value,
            "found": list(self.found),
            "hint": self.code.hint if is_found else "",
            "docs": self.code.docs,
        }


@dataclass(slots=True)
class Chart:
    """Takes findings as they come; of one check there may be many, e.g. for each listener."""

    _found: dict[Code, list[tuple[Status, str]]] = field(default_factory=dict)

    def ok(self, code: Code, text: str = "") -> None:
        """Note that all is well there."""
        self._add(code, Status.OK, text)

    def bad(self, code: Code, text: str) -> None:
        """Note that it is not: as bad as the check can find."""
        self._add(code, code.severity, text)

    def warn(self, code: Code, text: str) -> None:
        """Note what is not as it should be, and no more than a warning here."""
        self._add(code, Status.WARNING, text)

    def skip(self, code: Code, why: str) -> None:
        """Note that it could not be checked there."""
        self._add(code, Status.SKIPPED, why)

    def judge(self, code: Code, is_ok: bool, text: str, ok: str = "") -> None:
        """Note either that all is well or what is not."""
        self.ok(code, ok) if is_ok else self.bad(code, text)

    def skip_rest(self, section: Section, why: str) -> None:
        """Note why the checks of the section that found nothing were not made."""
        for code in TABLE:
            if code.section is section and code not in self._found:
                self.skip(code, why)

    def checks(self) -> tuple[Check, ...]:
        """Return how each check ended, in the order of the table."""
        return tuple(_check(code, self._found[code]) for code in TABLE if code in self._found)

    def _add(self, code: Code, status: Status, text: str) -> None:
        self._found.setdefault(code, []).append((status, text))


def _check(code: Code, found: Iterable[tuple[Status, str]]) -> Check:
    rows = list(found)
    worst = next(status for status in _WORST_FIRST if any(row[0] is status for row in rows))
    texts = dict.fromkeys(text for status, text in rows if status is worst and text)
    return Check(code, worst, tuple(texts))


@dataclass(frozen=True, slots=True)
class Report:
    """How all checks ended."""

    checks: tuple[Check, ...]
    skipped: Mapping[Section, str]
    """Sections that were not looked at, and why."""

    def count(self, status: Status) -> int:
        """Return how many checks ended so."""
        return sum(check.status is status for check in self.checks)

    @property
    def exit_code(self) -> Exit:
        """Return 3 where something could not be asked, else 1 where something failed, else 0."""
        failed = [check for check in self.checks if check.status is Status.FAILURE]
        if any(check.code.is_reach for check in failed):
            return Exit.UNREACHABLE
        return Exit.FINDINGS if failed else Exit.OK

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "checks": [check.as_json() for check in self.checks],
            "skipped_sections": {name.value: why for name, why in self.skipped.items()},
            "summary": {
                **{status.value: self.count(status) for status in Status},
                "exit_code": int(self.exit_code),
            },
        }


Charter = Callable[[Chart], None]
"""Notes on the chart what it finds."""
