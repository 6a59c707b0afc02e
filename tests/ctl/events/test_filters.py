"""Which events are meant: each test as a table of events that pass and that don't."""

import re
from typing import Any

import pytest

from ctl.events import filters
from ctl.events.filters import Filter, Test
from tests.ctl.events.made import made

CASES: list[tuple[Test, list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        filters.has_action(filters.read_actions("flagged")),
        [{"action": "shadow_kill"}, {"action": "active_kill"}],
        [{"action": "passed"}, {"action": "error"}, {"action": "skipped"}, {"action": "new"}],
    ),
    (
        filters.has_action(filters.read_actions("killed,error")),
        [{"action": "active_kill"}, {"action": "error"}],
        [{"action": "shadow_kill"}],
    ),
    (
        filters.has_detector(frozenset({"xss"})),
        [{}, {"detector": "xss", "findings": []}],
        [{"findings": []}, {"detector": "", "findings": [{"detector": "ssrf"}]}],
    ),
    (
        filters.has_score(0.5, 0.95),
        [{"score": 0.5}, {"score": 0.95}, {"score": 0.7}],
        [{"score": 0.4999}, {"score": 1}, {"score": None}],
    ),
    (
        filters.is_path("/api/"),
        [{"path": "/api"}, {"path": "/api/"}, {"path": "/api/x"}, {"path": "/%61pi/x"}],
        [{"path": "/apis"}, {"path": "/"}, {"path": "/x/api"}, {"path": None}],
    ),
    (filters.is_path("/"), [{"path": "/"}, {"path": "/x"}], []),
    (
        filters.is_path("/api*.php"),
        [{"path": "/api.php"}, {"path": "/api/a/b.php"}, {"path": "/%61pi/b.php"}],
        [{"path": "/x/api.php"}, {"path": "/api.phpx"}],
    ),
    (
        filters.is_host("shop.example"),
        [{"host": "shop.example"}, {"host": "SHOP.example:8080"}],
        [{"host": "x.shop.example"}, {"host": "shop.example.evil"}, {"host": ""}],
    ),
    (filters.is_host("shop.example:81"), [{"host": "shop.example:81"}], [{"host": "shop.example"}]),
    (
        filters.is_host("*.shop.example"),
        [{"host": "a.shop.example"}, {"host": "a.b.shop.example:1"}],
        [{"host": "shop.example"}],
    ),
    (
        filters.is_from("192.0.2.0/24"),
        [{"source_ip": "192.0.2.7"}, {"source_ip": "::ffff:192.0.2.7"}],
        [{"source_ip": "192.0.3.7"}, {"source_ip": ""}, {"source_ip": "x"}, {"source_ip": "::1"}],
    ),
    (filters.is_from("2001:db8::1"), [{"source_ip": "2001:db8:0::1"}], [{"source_ip": "2001::1"}]),
    (filters.is_text("method", ["post", "PUT"]), [{"method": "POST"}], [{"method": "GET"}]),
    (
        filters.has_reason("Union"),
        [{}, {"reason": "", "findings": [{"reason": "a UNION b"}]}],
        [{"reason": "", "findings": [{}]}],
    ),
    (
        filters.is_between(1795654800.0, 1795654801.0),
        [{}, {"timestamp": "2026-11-26T01:00:00.999Z"}],
        [{"timestamp": "2026-11-26T01:00:01Z"}, {"timestamp": "2026-11-26T00:59:59.999Z"}],
    ),
    (filters.is_between(None, None), [{}], []),
    (filters.is_uninspected, [{"uninspected": ["timeout"]}], [{}, {"uninspected": None}]),
    (
        filters.any_of([filters.is_path("/a"), filters.is_path("/b")]),
        [{"path": "/a"}, {"path": "/b"}],
        [{"path": "/c"}],
    ),
]


@pytest.mark.parametrize(("test", "passing", "others"), CASES)
def test_filter_tells_events_apart(
    test: Test, passing: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Those that are meant pass, those that are nearly so don't."""
    assert [each for each in passing if not test(made(**each))] == []
    assert [each for each in others if test(made(**each))] == []


def test_filter_needs_all_tests() -> None:
    """Each option narrows; without any, every event is meant."""
    path, score = filters.is_path("/search"), filters.has_score(0, 0.5)
    assert Filter()(made())
    assert Filter((path,))(made())
    assert not Filter((path, score))(made())


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (filters.read_actions, "kiled", "is it killed?"),
        (filters.read_actions, "zzz", "there are flagged, killed"),
        (filters.is_path, "api", "must begin with a slash"),
        (filters.is_from, "192.0.2", "no address or network"),
    ],
)
def test_filter_error_says_what_to_do(read: Any, text: str, says: str) -> None:
    """A word that is none names the nearest, or what there is."""
    with pytest.raises(ValueError, match=re.escape(says)):
        read(text)
