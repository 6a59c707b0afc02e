"""Whether a client's own X-Kysira-* headers are taken away, however that is written."""

import pytest

from ctl.doctor.codes import Status
from ctl.doctor.dump import Manager
from ctl.doctor.http_filters import Filter, FilterList
from ctl.doctor.report import Chart
from ctl.doctor.stripping import check_stripping, is_match
from tests.ctl.doctor.envoys import Config

REGEX = {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": "(?i)x[-_]kysira[-_].*"}}}}
NAMES = ("score", "reason", "mode", "would-have-killed", "event-id")
BY_NAME: list[Config] = [{"remove": f"X-Kysira-{name}"} for name in NAMES]


def status(*mutations: Config, manager: Config | None = None, is_open: bool = True) -> Status:
    """Return how the check ends with a filter that has these mutations before Kysira's."""
    strip = Filter("s", "HeaderMutation", "header_mutation",
                   {"mutations": {"request_mutations": list(mutations)}})  # fmt: skip
    chart = Chart()
    found = FilterList(Manager("it", {}, manager or {}), (strip,))
    check_stripping(chart, found, (strip,), is_open=is_open)
    [check] = chart.checks()
    return check.status


def test_pattern_takes_all() -> None:
    """What is rendered is well."""
    assert status(REGEX) is Status.OK


def test_names_alone_leave_underscores() -> None:
    """Many app servers read "_" as "-": a warning, unless Envoy refuses such names."""
    assert status(*BY_NAME) is Status.WARNING
    refuses = {"common_http_protocol_options": {"headers_with_underscores_action": "DROP_HEADER"}}
    assert status(*BY_NAME, manager=refuses) is Status.OK


@pytest.mark.parametrize(("is_open", "expected"), [(True, "failure"), (False, "warning")])
def test_missing_name_is_found(is_open: bool, expected: str) -> None:
    """One header that is left is enough to be believed when requests pass unchecked."""
    assert status(*BY_NAME[1:], is_open=is_open) == expected
    assert status(is_open=is_open) == expected


def test_early_removal_counts() -> None:
    """Envoy Gateway removes headers before any filter."""
    early = {"early_header_mutation_extensions": [{"typed_config": {"mutations": [REGEX]}}]}
    assert status(manager=early) is Status.OK


@pytest.mark.parametrize(
    ("matcher", "is_taken"),
    [
        ({"exact": "x-kysira-score"}, True),
        ({"exact": "X-Kysira-Score"}, False),
        ({"exact": "X-Kysira-Score", "ignore_case": True}, True),
        ({"prefix": "x-kysira-"}, True),
        ({"suffix": "-score"}, True),
        ({"contains": "kysira"}, True),
        ({"safe_regex": {"regex": "x-kysira"}}, False),  # the whole name must match
        ({"safe_regex": {"regex": "("}}, False),
        ({"custom": {}}, False),
    ],
)
def test_matchers_are_read_as_envoy_does(matcher: Config, is_taken: bool) -> None:
    """Each sort of Envoy's StringMatcher."""
    assert is_match(matcher, "x-kysira-score") is is_taken
