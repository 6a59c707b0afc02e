"""An event has the API reference's fields and the others, and nothing that is private."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kysira.events.event import MAX_TARGET, Event, target_and_host, timestamp
from kysira.events.redaction import CUT, MASK, MAX_SHOWN
from kysira.types import (
    Action,
    Decision,
    Finding,
    Mode,
    Place,
    Request,
    Uninspected,
    Verdict,
)
from tests.kysira.events.cases import PASSED, flagged, not_scored, request

NOW = 1_764_000_000.5
API_FIELDS = [
    "timestamp", "method", "path", "source_ip", "score", "reason", "mode", "action", "latency_ms",
]  # fmt: skip
MORE_FIELDS = [
    "id", "front_end", "host", "route", "query", "detector", "threshold", "findings", "breakdown",
    "policy", "uninspected", "excluded",
]  # fmt: skip
SQLI = Finding(
    "sqli", 0.9912, "sqli:union_select", "query:q", ("percent",), (0, 8), "' UNION SELECT"
)

TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["", '"', "\\", "\n", "é", "\u2028"]))
SCORES = st.one_of(st.sampled_from([0.0, 1, 0, 0.95, 1e-9]), st.floats(0, 1))
PAIRS = st.tuples(
    st.sampled_from([b"q", b"page", b"sid", b"token", b"utm_source", b"a%3Db", b"h\xc3\xa9"]),
    st.sampled_from([b"1", b"two+words", b"%C3%A9%22", b'"\\', b"4111111111111111"])
    | st.binary(max_size=30).map(lambda text: text.replace(b"&", b"")),
)  # fmt: skip
TARGETS = st.one_of(
    st.binary(max_size=60),
    st.lists(PAIRS.map(b"=".join), max_size=8).map(lambda pairs: b"/search?" + b"&".join(pairs)),
    st.lists(
        st.sampled_from(
            [b"/", b"/a", b"?", b"a=1", b"&", b"token=x", b"%2F", b"=", b"http://u:p@h", b"\xff",
             b'"', b"q1W2e3R4t5Y6u7I8o9P0", b"x" * MAX_TARGET]
        ),
        max_size=12,
    ).map(b"".join),
)  # fmt: skip
FINDINGS = st.builds(
    Finding,
    TEXTS,
    SCORES,
    TEXTS,
    st.tuples(st.sampled_from(Place), TEXTS).map(":".join),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.just((0, 1)),
    TEXTS,
)
NAMES = st.lists(TEXTS, max_size=2).map(tuple)
BREAKDOWNS = st.dictionaries(TEXTS, SCORES, max_size=3).flatmap(
    lambda scores: st.sampled_from([scores, MappingProxyType(scores)])
)


def decisions(
    found: st.SearchStrategy[tuple[Finding, ...]], winner: st.SearchStrategy[Finding | None]
) -> st.SearchStrategy[Decision]:
    unread = st.lists(st.sampled_from(Uninspected), max_size=2).map(tuple)
    return st.builds(
        Decision,
        st.sampled_from(Action),
        st.sampled_from(Mode),
        SCORES,
        st.none() | SCORES,
        TEXTS,
        verdict=st.builds(Verdict, SCORES, TEXTS, TEXTS, BREAKDOWNS, found, unread, NAMES),
        finding=winner,
        route=TEXTS,
    )


DECISIONS = st.one_of(
    decisions(st.just(()), st.none()),
    decisions(st.lists(FINDINGS, max_size=2).map(tuple), st.none() | FINDINGS),
)
EVENTS = st.builds(
    Event,
    TEXTS,
    st.floats(0, 4e9),
    TEXTS,
    TEXTS,
    TARGETS,
    st.binary(max_size=20),
    TEXTS,
    DECISIONS,
    st.floats(0, 1e4),
    TEXTS,
)


@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_line_is_the_fields_as_json(events: list[Event]) -> None:
    """Byte for byte as a plain encoder writes them, of every kind of event, and ever again."""
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    for each in [*events, *events]:
        line = each.line()
        assert line == encode(each.to_json()).encode()
        assert json.loads(line) == each.to_json()


def test_equal_numbers_are_written_as_they_are() -> None:
    """A score or threshold of 1 is not told as the 1.0 of another event."""
    for number in (1, 1.0, 1, 0, 0.0):
        line = event(request(), replace(PASSED, score=number, threshold=number)).line()
        assert f'"score":{number!r},'.encode() in line
        assert f'"threshold":{number!r},'.encode() in line


def event(asked: Request, decision: Decision = PASSED) -> Event:
    target, host = target_and_host(asked)
    return Event(
        "id-1", NOW, "proxy", asked.method, target, host, asked.source_ip, decision, 0.0412345,
        "abc123",
    )  # fmt: skip


def told(asked: Request, decision: Decision = PASSED) -> dict[str, object]:
    line = event(asked, decision).line()
    assert b"\n" not in line
    assert b"\r" not in line
    row: dict[str, object] = json.loads(line)
    return row


def test_fields_are_the_api_references_and_more() -> None:
    """The nine of the API reference come first, in its order."""
    row = told(request(b"/a?b=1"))
    assert list(row) == API_FIELDS + MORE_FIELDS


def test_passed_request_is_told() -> None:
    """Every field of a harmless request."""
    assert told(request(b"/rest/user?id=1")) == {
        "timestamp": "2025-11-24T16:00:00.500Z", "method": "GET", "path": "/rest/user",
        "source_ip": "192.0.2.7", "score": 0.0, "reason": "", "mode": "shadow",
        "action": "passed", "latency_ms": 41.234, "id": "id-1", "front_end": "proxy",
        "host": "app.test", "route": "", "query": "id=1", "detector": "", "threshold": 0.95,
        "findings": [], "breakdown": {"sqli": 0.0}, "policy": "abc123", "uninspected": [],
            "excluded": [],
    }  # fmt: skip


def test_flagged_request_says_why() -> None:
    """The winner, and what each detector found, where, and after which decoding."""
    other = replace(SQLI, detector="xss", score=0.5, location="json:a", matched="<b>x1")
    row = told(request(b"/s?q=%27%20UNION%20SELECT"), flagged(SQLI, other))
    assert (row["score"], row["reason"], row["detector"]) == (0.9912, "sqli:union_select", "sqli")
    assert (row["action"], row["breakdown"]) == ("shadow_kill", {"sqli": 0.9912, "xss": 0.5})
    assert row["findings"] == [
        {
            "detector": "sqli", "location": "query:q", "score": 0.9912,
            "reason": "sqli:union_select", "steps": ["percent"], "matched": "' UNION SELECT",
        },
        {
            "detector": "xss", "location": "json:a", "score": 0.5,
            "reason": "sqli:union_select", "steps": ["percent"], "matched": "<x>x0",
        },
    ]  # fmt: skip


def test_unscored_request_has_a_score() -> None:
    """The field is always a number; that nothing was scored is said beside it."""
    row = told(request(), not_scored())
    assert (row["score"], row["action"], row["mode"]) == (0.0, "error", "active")
    assert (row["reason"], row["uninspected"]) == ("uninspected:timeout", ["timeout"])


def test_partly_read_request_says_so() -> None:
    """What was left unread is named also when the request passed."""
    verdict = replace(PASSED.verdict, uninspected=(Uninspected.BUDGET, Uninspected.OVERSIZE))
    row = told(request(), replace(PASSED, verdict=verdict))
    assert (row["action"], row["uninspected"]) == ("passed", ["budget", "oversize"])


def test_event_holds_no_secret() -> None:
    """Bodies, cookies, authorization values and secret query values are in no part of it."""
    private = [b"cookiesecret", b"bearersecret", b"bodysecret", b"querysecret"]
    headers = (
        (":authority", b"app.test"), ("cookie", b"sid=" + private[0]),
        ("authorization", b"Bearer " + private[1]),
    )  # fmt: skip
    asked = request(b"/a?token=" + private[3] + b"&q=1", headers=headers, body=private[2])
    findings = [
        replace(SQLI, location=location, matched=f"' OR '{text.decode()}")
        for location, text in zip(
            ["cookie:sid", "header:authorization", "json:a", "query:token"], private, strict=True
        )
    ]
    made = event(asked, flagged(*findings))
    assert not any(text in made.line() for text in private)
    assert b"querysecret" in repr(made).encode()  # the waiting event has the target alone
    assert not any(text in repr(made._replace(decision=PASSED)).encode() for text in private[:3])
    row = made.to_json()
    assert (row["query"], row["host"]) == (f"token={MASK}&q=1", "app.test")


def test_match_beside_a_masked_value_is_a_shape() -> None:
    """Where some value of the query looked secret, the match may be a part of it."""
    asked = request(b"/a?x=q1W2e3R4t5Y6u7I8o9P0&q=1")
    row = told(asked, flagged(SQLI))
    assert row["findings"][0]["matched"] == "' xxxxx xxxxxx"  # type: ignore[index]


def test_long_target_costs_little() -> None:
    """A target over the limit is kept cut, and shown with a mark."""
    made = event(request(b"/a?" + b"q=1&" * 20_000))
    assert len(made.target) == MAX_TARGET + 1
    query = str(made.to_json()["query"])
    assert (len(query), query[-1]) == (MAX_SHOWN, CUT)
    path = str(told(request(b"/" + b"a" * 20_000))["path"])
    assert (len(path), path[-1]) == (MAX_SHOWN, CUT)
    assert str(told(request(b"/" + b"a" * 20_000))["query"]) == ""


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"*", "*", ""),
        (b"/", "/", ""),
        (b"/a?", "/a", ""),
        (b"/a?b?c", "/a", "b?c"),
        (b"/a%2Fb//../c", "/a%2Fb//../c", ""),
        (b"http://user:pw@host/a?b=1", "/a", "b=1"),
        (b"http://user:pw@host?b=1", "", "b=1"),
        (b"http://user:pw@host", "/", ""),
        (b"/a\n\xff\x00", "/a?\ufffd?", ""),
    ],
)
def test_path_and_query_are_as_sent(target: bytes, path: str, query: str) -> None:
    """Nothing is decoded; an authority in the target, which may hold a password, is left out."""
    row = told(request(target))
    assert (row["path"], row["query"]) == (path, query)


def test_client_text_is_tamed() -> None:
    """Host, method, reason and address are printable and short whatever was sent."""
    asked = Request("G\nT" * 50, b"/", (("host", b"\xff\n" * 500),), source_ip="::1\n")
    row = told(asked, replace(PASSED, reason="é\n" * 500))
    assert row["host"] == "\ufffd?" * 127 + CUT or len(str(row["host"])) <= 255
    assert all(str(row[name]).isprintable() for name in ("host", "method", "source_ip", "reason"))
    assert (len(str(row["method"])), row["source_ip"]) == (32, "::1?")
    assert row["reason"] == "?" * 256


def test_timestamp_is_rfc_3339() -> None:
    """UTC, to the millisecond."""
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1_764_000_000.0999) == "2025-11-24T16:00:00.099Z"


def test_route_and_exclusions_are_told() -> None:
    """Where the policy says something of this request, it is in its event."""
    verdict = replace(PASSED.verdict, excluded=("cms", "search"))
    row = told(request(b"/cms"), replace(PASSED, route="admin", verdict=verdict))
    assert (row["route"], row["excluded"]) == ("admin", ["cms", "search"])
