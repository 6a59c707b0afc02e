"""kysiractl status: the table and its exit codes; tests/integration/ has it on real services."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ctl.config.load import config
from ctl.status import app
from ctl.status.service import Service
from tests.ctl.command import Outcome, run
from tests.terminal import on_terminal

FINE = Service(
    "a:9090", "", "kysira-ext-proc", "ok", "shadow", policy="aad64018f5df",
    detectors={"model": 2, "regex": 12}, requests=10, flagged=2, killed=1, errors=0,
    uninspected={"timeout": 1, "parse": 2}, dropped=0,
)  # fmt: skip
DEGRADED = Service("b:9090", service="kysira-proxy", status="degraded", mode="active", policy="x")
SILENT = Service("c:9090", error="connection refused")


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> object:
    """Return what runs the command on services that say this."""
    monkeypatch.setenv("KYSIRACTL_TARGETS", "a:9090")
    config.cache_clear()

    def run_on(*services: Service, options: Sequence[str] = ()) -> Outcome:
        async def ask(_: object) -> Sequence[Service]:
            return services

        monkeypatch.setattr(app, "_ask", ask)
        return run("status", *options)

    yield run_on
    config.cache_clear()


def test_status_is_a_row_each(show) -> None:  # type: ignore[no-untyped-def]
    """With numbers where there are any."""
    outcome = show(FINE)
    head, line = outcome.out.splitlines()
    assert head.split()[:4] == ["TARGET", "SERVICE", "STATUS", "MODE"]
    assert line.split() == [
        "a:9090", "kysira-ext-proc", "ok", "shadow", "-", "aad64018f5df", "2", "model,", "12",
        "regex", "10", "2", "1", "0", "3", "0",
    ]  # fmt: skip
    assert (outcome.code, outcome.err) == (0, "")


def test_status_exit_tells_how_bad(show) -> None:  # type: ignore[no-untyped-def]
    """1 when one is degraded, 3 when one does not answer, whatever the others are."""
    assert show(FINE).code == 0
    assert show(FINE, DEGRADED).code == 1
    assert show(DEGRADED, SILENT).code == 3


def test_status_tells_of_differences(show) -> None:  # type: ignore[no-untyped-def]
    """Services that should be alike and are not, and why one is silent, are said on stderr."""
    outcome = show(FINE, DEGRADED, SILENT)
    assert "different modes: active, shadow" in outcome.err
    assert "different policies: aad64018f5df, x" in outcome.err
    assert "c:9090: connection refused" in outcome.err
    assert "no answer" in outcome.out


def test_status_json_has_all(show) -> None:  # type: ignore[no-untyped-def]
    """What is not known is null or empty."""
    outcome = show(FINE, SILENT, options=["-o", "json"])
    first, second = json.loads(outcome.out)["services"]
    assert (first["requests"], first["uninspected"]) == (10, {"timeout": 1, "parse": 2})
    assert (second["error"], second["requests"], second["mode"]) == ("connection refused", None, "")
    assert outcome.code == 3


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_status_breaks_no_word(width: int, show, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """On any terminal: a table where there is room for it, else lines for each service."""
    on_terminal(monkeypatch, width)
    outcome = show(FINE, DEGRADED, SILENT)
    lines = outcome.out.splitlines()
    assert all(len(line) <= width for line in lines)
    assert lines[0].startswith("TARGET" if width == 200 else "a:9090")
    for word in ("a:9090", "kysira-ext-proc", "aad64018f5df", "regex", "degraded", "answer"):
        assert word in outcome.out.split()


def test_status_tells_the_end_of_a_mode_as_mode_does(show) -> None:  # type: ignore[no-untyped-def]
    """When it is, and how long that is from now."""
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    until = end.isoformat().replace("+00:00", "Z")
    out = show(replace(FINE, until=until)).out
    assert f"{until} (in " in out
    assert show(replace(FINE, until="soon")).out.splitlines()[1].split()[4] == "soon"
