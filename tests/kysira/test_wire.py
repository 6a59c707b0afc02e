"""The JSON of a scoring call keeps every byte, and unreadable JSON is named, never a crash."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kysira.errors import RequestError, ScoringError
from kysira.types import (
    DEFAULT_THRESHOLD,
    Exclusion,
    Finding,
    Request,
    ScoreOptions,
    Uninspected,
    Verdict,
)
from kysira.wire import request_from_json, request_to_json, verdict_from_json, verdict_to_json

PROPERTY = settings(max_examples=200, deadline=None, database=None)
# RFC 9110 §9.1: a method is any token.
METHODS = st.text("ABCZabz019-_.!#$%&'*+^`|~", max_size=24)
HEADERS = st.lists(st.tuples(st.text("abcz-_:", min_size=1), st.binary(max_size=40)), max_size=4)
REQUESTS = st.builds(
    Request,
    METHODS,
    st.binary(max_size=80),
    HEADERS.map(tuple),
    st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)),
    st.booleans(),
)
SCORES = st.floats(0, 1)
OPTIONS = st.builds(
    ScoreOptions,
    SCORES,
    st.dictionaries(st.text("abc-", min_size=1), SCORES, max_size=3),
    st.frozensets(st.text(max_size=9), max_size=3),
    st.lists(st.builds(Exclusion, st.text(), st.text(), st.text(), st.text()), max_size=3).map(
        tuple
    ),
)
FINDINGS = st.builds(
    Finding,
    st.text(min_size=1), SCORES, st.text(), st.text(), st.lists(st.text(), max_size=2).map(tuple),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
REQUEST_KEYS = (
    "request_text", "headers", "content_type", "body_truncated", "target_base64", "body_base64",
    "thresholds", "disabled", "exclusions",
)  # fmt: skip


def over_the_wire(request: Request, options: ScoreOptions) -> tuple[Request, ScoreOptions]:
    return request_from_json(json.loads(json.dumps(request_to_json(request, options))))


@PROPERTY
@given(REQUESTS, OPTIONS)
def test_any_request_survives(request: Request, options: ScoreOptions) -> None:
    """Whatever the bytes, what arrives equals what was sent."""
    assert over_the_wire(request, options) == (request, options)


@pytest.mark.parametrize(
    "request_",
    [
        Request("get", b"/a", body=b'{"a": 1}'),
        Request("PO_ST", b"/a", body=b"a=1"),
        Request("", b"", body=b"x"),
        Request("GET", b"/a\nb c\r\n", body=b"x\n\ny"),
        Request("GET", b"/ HTTP/1.1"),
        Request("POST", b"/", (("x", b"\xed\xb2\x80\xff"),), b"\xff\xfea"),
        Request("", b"", body=b"GET /a HTTP/1.1\n\nb", free_text=True),
        Request("", b"", body=b"\xff", free_text=True),
    ],
    ids=repr,
)
def test_odd_request_survives(request_: Request) -> None:
    """Odd methods, targets and encodings can't shift the border of line and body."""
    assert over_the_wire(request_, ScoreOptions())[0] == request_


def test_address_stays_here() -> None:
    """The client's address is not sent: no detector asks for it."""
    request = Request("GET", b"/", source_ip="192.0.2.1")
    assert "192.0.2.1" not in json.dumps(request_to_json(request, ScoreOptions()))


def test_text_is_the_contracts() -> None:
    """A service that knows the contract alone finds method, path, query and body in the text."""
    payload = request_to_json(Request("POST", b"/a?b=%27", body=b"c=d"), ScoreOptions())
    assert payload["request_text"] == "POST /a?b=%27\nc=d"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /a?b=c", Request("GET", b"/a?b=c")),
        ("GET /a?b=c' OR '1'='1", Request("GET", b"/a?b=c' OR '1'='1")),
        ("POST /a\r\nx=y\n\nz", Request("POST", b"/a", body=b"x=y\n\nz")),
        ("GET /a HTTP/1.1\r\nHost: x", Request("GET", b"/a", body=b"Host: x")),
        ("OPTIONS * HTTP/1.1", Request("OPTIONS", b"*")),
        ("GET search?q=1", Request("GET", b"search?q=1")),
        ("M-SEARCH http://h/a b", Request("M-SEARCH", b"http://h/a b")),
        ("GET /é", Request("GET", "/é".encode())),
        ("GET /\udcff", Request("GET", b"/\xff")),
        ("GET /\ud83d", Request("GET", b"/\xed\xa0\xbd")),
    ],
)
def test_contract_text_is_read(text: str, expected: Request) -> None:
    r"""``{METHOD} {path}?{query}\n{body}`` with what people add to it."""
    assert request_from_json({"request_text": text}) == (expected, ScoreOptions())


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "\n", "get /a", " GET /a", "' OR 1=1 --", "SELECT password FROM users",
        "SELECT * FROM users", "SELECT /*!50000a*/ FROM users", "DROP TABLE users", "GET",
        "UNION SELECT 1\nGET /", "GET a b c",
    ],
)  # fmt: skip
def test_other_text_is_scored_whole(text: str) -> None:
    """A text without a request line loses no word to one."""
    request, _ = request_from_json({"request_text": text})
    assert request == Request("", b"", body=text.encode(), free_text=True)


def test_raw_bytes_win() -> None:
    """Base64 of target and body wins over the text's."""
    payload = {
        "request_text": "PUT /text\nbody",
        "target_base64": base64.b64encode(b"/raw").decode(),
        "body_base64": base64.b64encode(b"\xff").decode(),
    }
    assert request_from_json(payload)[0] == Request("PUT", b"/raw", body=b"\xff")


def test_content_type_is_a_header() -> None:
    """``content_type`` stands for the header, unless the headers have one."""
    payload: dict[str, Any] = {"request_text": "POST /", "content_type": "text/xml"}
    assert request_from_json(payload)[0].header("content-type") == b"text/xml"
    payload["headers"] = [["Content-Type", "text/csv"]]
    assert request_from_json(payload)[0].headers == (("content-type", b"text/csv"),)


def test_options_have_defaults() -> None:
    """What a call leaves out is the default; ``*`` is the general threshold."""
    _, options = request_from_json(
        {
            "request_text": "GET /",
            "thresholds": {"*": 0.5, "xss": 1},
            "exclusions": [{"path": "/a"}, {"location": "query:*"}, {}],
        }
    )
    assert (options.threshold, options.threshold_of("xss")) == (0.5, 1)
    assert options.exclusions == (Exclusion("/a"), Exclusion(location="query:*"), Exclusion())
    assert request_from_json({"request_text": "GET /"})[1].threshold == DEFAULT_THRESHOLD


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ("GET /", "JSON object"),
        ({}, "request_text is missing"),
        ({"request_text": None}, "request_text"),
        ({"request_text": 1}, "request_text must be a str"),
        ({"headers": {}}, "headers must be a list"),
        ({"headers": [["a"]]}, "pairs"),
        ({"headers": [["a", 1]]}, "pairs"),
        ({"headers": ["ab"]}, "pairs"),
        ({"content_type": 1}, "content_type"),
        ({"body_truncated": "yes"}, "body_truncated must be a bool"),
        ({"target_base64": "%"}, "target_base64 is not base64"),
        ({"target_base64": None}, "target_base64"),
        ({"body_base64": "YQ"}, "body_base64 is not base64"),
        ({"body_base64": "é"}, "body_base64 is not base64"),
        ({"thresholds": []}, "thresholds"),
        ({"thresholds": {"xss": 2}}, "'xss' must be a number from 0 to 1"),
        ({"thresholds": {"xss": True}}, "'xss'"),
        ({"thresholds": {"xss": float("nan")}}, "'xss'"),
        ({"thresholds": {"*": "high"}}, "'[*]'"),
        ({"disabled": "xss"}, "disabled"),
        ({"disabled": [1]}, "disabled"),
        ({"exclusions": ["/a"]}, "exclusions"),
        ({"exclusions": [{"path": 1}]}, "exclusions"),
        ({"exclusions": [{"paths": "/a"}]}, "exclusions"),
    ],
)
def test_wrong_call_is_named(payload: Any, named: str) -> None:
    """A call that can't be read is an error that names the field; its status is 400."""
    if isinstance(payload, dict) and payload and "request_text" not in payload:
        payload = {"request_text": "GET /", **payload}
    with pytest.raises(RequestError, match=named) as raised:
        request_from_json(payload)
    assert raised.value.status == 400


@PROPERTY
@given(JSON | st.dictionaries(st.sampled_from(REQUEST_KEYS), JSON))
def test_any_json_is_a_request_or_an_error(payload: object) -> None:
    """No JSON value at all makes anything but a request or a RequestError."""
    try:
        request, _ = request_from_json(payload)
    except RequestError:
        return
    assert isinstance(request.body, bytes)


@PROPERTY
@given(st.lists(FINDINGS, max_size=3), st.lists(st.sampled_from(Uninspected), unique=True))
def test_any_verdict_survives(findings: list[Finding], problems: list[Uninspected]) -> None:
    """The verdict that arrives is the one that was given."""
    ordered = tuple(sorted(findings, key=lambda finding: -finding.score))
    top = ordered[0] if ordered else Finding("", 0.0, "", "")
    breakdown = {finding.detector: finding.score for finding in findings}
    verdict = Verdict(top.score, top.reason, top.detector, breakdown, ordered, tuple(problems))
    assert verdict_from_json(json.dumps(verdict_to_json(verdict)).encode()) == verdict


def test_plain_contract_decides() -> None:
    """An answer with the contract's four fields alone has a finding, which is what decides."""
    answer = {"score": 0.97, "reason": "r", "detector": "xss", "breakdown": {"xss": 0.97}}
    verdict = verdict_from_json(json.dumps(answer).encode())
    assert verdict.findings == (Finding("xss", 0.97, "r", ""),)
    clean = {"score": 0, "reason": "", "detector": "", "breakdown": {"xss": 0.0}}
    assert verdict_from_json(json.dumps(clean).encode()).findings == ()


def test_findings_are_put_in_order() -> None:
    """The highest finding comes first, however the service orders them."""
    rows = [
        {"detector": d, "score": s, "reason": "", "location": "", "steps": [], "span": [0, 0]}
        for d, s in (("a", 0.2), ("b", 0.9), ("c", 0.5))
    ]
    answer = {"score": 0.9, "reason": "", "detector": "b", "breakdown": {}, "findings": rows}
    verdict = verdict_from_json(json.dumps(answer).encode())
    assert [finding.detector for finding in verdict.findings] == ["b", "c", "a"]


def test_newer_services_reason_is_an_error() -> None:
    """A reason for not reading that only a newer service knows does not void its verdict."""
    answer = {"score": 0, "reason": "", "detector": "", "breakdown": {}, "uninspected": ["new"]}
    assert verdict_from_json(json.dumps(answer).encode()).uninspected == (Uninspected.ERROR,)


GOOD: dict[str, Any] = {"score": 0.5, "reason": "", "detector": "xss", "breakdown": {}}
ROW: dict[str, Any] = {
    "detector": "xss", "score": 0.5, "reason": "", "location": "", "steps": [], "span": [0, 1],
}  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"ok", b"null", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe\xfd", b'{"score": 0.5}',
        *(
            json.dumps(GOOD | change).encode()
            for change in (
                {"score": float("nan")}, {"score": float("inf")}, {"score": 1.5}, {"score": -1},
                {"score": "0.5"}, {"score": None}, {"breakdown": []}, {"breakdown": {"a": 2}},
                {"findings": 1}, {"findings": [{}]}, {"findings": [ROW | {"score": float("nan")}]},
                {"findings": [ROW | {"span": []}]}, {"findings": [ROW | {"span": [1e308 * 10, 1]}]},
                {"uninspected": 1}, {"excluded": 1},
            )
        ),
    ],
)  # fmt: skip
def test_garbage_is_no_verdict(answer: bytes) -> None:
    """An answer that is none, or has a score that is no probability, is a ScoringError."""
    with pytest.raises(ScoringError, match="unreadable") as raised:
        verdict_from_json(answer)
    assert len(str(raised.value)) < 300


@PROPERTY
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_answer_is_a_verdict_or_an_error(answer: bytes) -> None:
    """No answer at all makes anything but a verdict or a ScoringError."""
    with suppress(ScoringError):
        assert 0 <= verdict_from_json(answer).score <= 1


def test_exclusions_that_counted_come_back() -> None:
    """By the names they were sent with; services that tell none are understood."""
    options = ScoreOptions(exclusions=(Exclusion("/cms", name="cms", expires=1.0, reason="x"),))
    _, arrived = request_from_json(request_to_json(Request("GET", b"/"), options))
    assert arrived.exclusions == (Exclusion("/cms", name="cms"),)
    verdict = Verdict(excluded=("cms", "other"))
    assert verdict_from_json(json.dumps(verdict_to_json(verdict)).encode()) == verdict
    assert verdict_from_json(json.dumps(GOOD).encode()).excluded == ()
