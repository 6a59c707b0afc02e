"""What doctor says of services: each fault by its own code."""

import datetime as dt
from typing import Any

import pytest

from ctl.doctor import codes
from ctl.doctor.codes import Section, Status
from ctl.doctor.report import Chart, Check
from ctl.doctor.service_checks import check_services
from ctl.doctor.service_facts import ServiceFacts
from ctl.fleet.client import Reply
from ctl.fleet.target import Target
from tests.ctl.doctor.services import HEALTH, METRICS, POLICY, Says, facts

NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


def checks(*services: ServiceFacts) -> dict[str, Check]:
    """Return how each check of this section ended, by code."""
    chart = Chart()
    check_services(chart, services, now=NOW)
    return {check.code.id: check for check in chart.checks()}


def said(*services: ServiceFacts) -> dict[str, str]:
    """Return code → status of what is neither well nor skipped."""
    bad = (Status.FAILURE, Status.WARNING)
    return {code: each.status.value for code, each in checks(*services).items()
            if each.status in bad}  # fmt: skip


def test_service_in_order_is_well() -> None:
    """Every check is made, and passes; what is meant not to be read does not count."""
    found = checks(facts(), facts(name="two"))
    assert {each.status for each in found.values()} == {Status.OK}
    assert list(found) == [c.id for c in codes.TABLE if c.section is Section.SERVICES]


def exclusion(**said: Any) -> dict[str, Any]:
    """Return a policy's answer with one exclusion."""
    return {**POLICY, "exclusions": [{"name": "cms", "expired": False, **said}]}


FAULTS: list[tuple[str, Says, str]] = [
    ("KYS0002", Says(health={"hello": "world"}), "one: answered something else"),
    ("KYS0003", Says(health={**HEALTH, "status": "loading"}), "one: loading"),
    ("KYS0003", Says(health={**HEALTH, "status": "degraded"}), "one: degraded"),
    ("KYS0006", Says(health={**HEALTH, "policy_error": "line 3: no"}), "one: line 3: no"),
    ("KYS0008", Says(mode={"mode": "active", "expires_at": "2026-12-01T12:30:00.000Z"}),
     "one: active until 2026-12-01T12:30"),
    ("KYS0009", Says(mode={"mode": "active", "saved": False}), "could not be saved"),
    ("KYS0010", Says(health={**HEALTH, "detectors": {"sqli": "regex", "xss": "regex"}}),
     "by rules alone: sqli"),
    ("KYS0010", Says(health={**HEALTH, "detectors": {
        "sqli": "model", "prompt-injection": "regex"}}), "by rules alone: prompt-injection"),
    ("KYS0011", Says(token=""), "none is set"),
    ("KYS0012", Says(token="other"), "it has another token"),
    ("KYS0013", Says(metrics=METRICS.replace('sink="file"} 0.0', 'sink="file"} 3.0')), "file 3"),
    ("KYS0014", Says(metrics=METRICS.replace("failures 0.0", "failures 2.0")), "2 flips"),
    ("KYS0015", Says(metrics=METRICS.replace('timeout"} 0.0', 'timeout"} 200.0')),
     "2.00%: of 10000 not read whole: timeout 200"),
    ("KYS0016", Says(metrics=METRICS.replace("errors_total 0.0", "errors_total 20.0")),
     "0.20%: 20 of 10000"),
    ("KYS0017", Says(policy=exclusion(expires="2026-11-30")), "cms expired 2026-11-30"),
    ("KYS0017", Says(policy=exclusion(expires="x", expired=True)), "cms expired x"),
    ("KYS0018", Says(policy=exclusion(expires="2026-12-01")), "cms expires 2026-12-01"),
    ("KYS0018", Says(policy=exclusion(expires="2026-12-08T00:00:00Z")), "cms expires 2026-12-08"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "says", "text"), FAULTS, ids=range(len(FAULTS)))
def test_fault_is_found_alone(code: str, says: Says, text: str) -> None:
    """Each fault is told by one code, with what was seen, as bad as the table says."""
    found = checks(facts(says))
    bad = {key for key, each in found.items() if each.status in (Status.FAILURE, Status.WARNING)}
    assert bad == {code}
    assert found[code].status is found[code].code.severity
    assert text in found[code].found[0]


@pytest.mark.parametrize("errors", [0, 10])
def test_some_failures_are_no_finding(errors: int) -> None:
    """One failure in a thousand is what restarts cost."""
    metrics = METRICS.replace("errors_total 0.0", f"errors_total {errors}.0")
    assert said(facts(Says(metrics=metrics))) == {}


def test_lasting_flips_are_told_not_warned_of() -> None:
    """A flip that ends tomorrow is nobody's trouble now."""
    mode = {"mode": "active", "expires_at": "2026-12-02T12:00:00Z"}
    found = checks(facts(Says(mode=mode)))[codes.FLIP_LASTS.id]
    assert found.status is Status.OK
    assert found.found == ("one: active until 2026-12-02T12:00:00Z",)


@pytest.mark.parametrize(
    ("key", "code"), [("policy", "KYS0005"), ("mode", "KYS0007"), ("version", "KYS0004")]
)
def test_disagreement_is_found(key: str, code: str) -> None:
    """What differs is told with who says what."""
    other = Says(health={**HEALTH, key: "active"})
    services = (facts(), facts(name="two"), facts(other, name="three"))
    assert said(*services).keys() == {code}
    assert checks(*services)[code].found == (f"{HEALTH[key]}: one, two; active: three",)


def test_older_services_are_not_blamed() -> None:
    """What they can't tell is skipped, with why."""
    health = {key: HEALTH[key] for key in ("service", "status", "mode", "inference")}
    found = checks(facts(Says(health=health, policy=None)))
    skipped = {code for code, each in found.items() if each.status is Status.SKIPPED}
    assert skipped == {"KYS0004", "KYS0005", "KYS0010", "KYS0017", "KYS0018"}
    assert found["KYS0017"].found == ("one: answered 404",)
    assert said(facts(Says(health=health, policy=None))) == {}


def test_own_missing_token_is_a_warning() -> None:
    """Who has no token learns what could not be read; the services are in order."""
    assert said(facts(token="")) == {"KYS0012": "warning"}


def test_silent_service_does_not_hide_others() -> None:
    """One that is down is named; what the others say is checked all the same."""
    down = Reply(Target("two", "http://two"), error="connection refused")
    found = checks(facts(), ServiceFacts(*[down] * 6))
    assert found["KYS0001"].found == ("two: connection refused",)
    assert found["KYS0001"].status is Status.FAILURE
    assert found["KYS0003"].status is Status.OK
    alone = checks(ServiceFacts(*[down] * 6))
    assert {each.status for code, each in alone.items() if code > "KYS0001"} == {Status.SKIPPED}
