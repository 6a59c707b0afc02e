"""The inference service answers as the API reference says, whatever it is sent."""

import base64
import gzip
import json
import math
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.detectors import load_detectors
from inference.model import WEIGHTS
from tests.inference.service_client import JSON, ServiceProcess, raw_request, service

SQLI = "GET /rest/user/login?email=admin' OR '1'='1"
TRAVERSAL = "GET /download?file=..%2f..%2fetc/passwd"
SLUGS = sorted(detector.slug for detector in load_detectors())
LIMIT = 8 * 131072 + (1 << 20)


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Run the service with every detector."""
    with service() as process:
        process.wait_until_ready()
        yield process


def test_health_tells_what_is_loaded(running: ServiceProcess) -> None:
    """Every detector with its backing, and the models' folders."""
    answer = running.get("/health")
    assert answer.status == 200
    assert answer.json == {
        "service": "kysira-inference",
        "status": "ok",
        "sqli_model": str(WEIGHTS / "sqli-classifier"),
        "pi_model": str(WEIGHTS / "prompt-injection"),
        "detectors": {
            **dict.fromkeys(SLUGS, "regex"), "sqli": "model", "prompt-injection": "model",
        },
    }  # fmt: skip
    assert running.get("/ready").status == 200


def test_score_finds_sql_injection(running: ServiceProcess) -> None:
    """The reference's example."""
    answer = running.post("/score", {"request_text": SQLI})
    assert answer.status == 200
    assert answer.json.keys() == {"score", "reason"}
    assert 0.95 <= answer.json["score"] <= 1.0
    assert answer.json["reason"].startswith("sqli:")


@pytest.mark.parametrize("slug", SLUGS)
def test_each_detector_answers(running: ServiceProcess, slug: str) -> None:
    """One schema for all; a harmless request scores nothing."""
    answer = running.post(f"/score/{slug}", {"request_text": "GET /cart?page=2"})
    assert (answer.status, answer.json) == (200, {"score": 0.0, "reason": ""})


def test_one_detector_ignores_the_others(running: ServiceProcess) -> None:
    """Each endpoint speaks for its own detector only."""
    both = {"request_text": SQLI + "&file=../../etc/passwd"}
    assert running.post("/score/xxe", both).json["score"] == 0.0
    assert running.post("/score/sqli", both).json["reason"].startswith("sqli:")
    assert "traversal" in running.post("/score/path-traversal", both).json["reason"]


def test_score_all_tells_everything(running: ServiceProcess) -> None:
    """The highest score, its detector, a breakdown of all, and where it was found."""
    answer = running.post("/score/all", {"request_text": TRAVERSAL}).json
    assert answer["detector"] == "path-traversal"
    assert answer["score"] == max(answer["breakdown"].values()) >= 0.95
    assert sorted(answer["breakdown"]) == SLUGS
    assert "traversal" in answer["reason"]
    first = answer["findings"][0]
    assert (first["detector"], first["location"]) == ("path-traversal", "query:file")
    assert answer["uninspected"] == []


def test_raw_bytes_win_over_the_text(running: ServiceProcess) -> None:
    """A compressed body, which no text can carry, is read."""
    payload = {
        "request_text": "POST /upload\n",
        "headers": [["Content-Encoding", "gzip"]],
        "content_type": "application/x-www-form-urlencoded",
        "body_base64": base64.b64encode(gzip.compress(b"file=../../etc/passwd")).decode(),
    }
    answer = running.post("/score/all", payload).json
    assert answer["detector"] == "path-traversal"
    assert answer["findings"][0]["location"] == "form:file"


def test_options_are_obeyed(running: ServiceProcess) -> None:
    """Disabled detectors are left out, excluded findings dropped, cut bodies told."""
    disabled = {"request_text": TRAVERSAL, "disabled": ["path-traversal"]}
    assert "path-traversal" not in running.post("/score/all", disabled).json["breakdown"]
    excluded = {"request_text": TRAVERSAL, "exclusions": [{"location": "query:file"}]}
    assert running.post("/score/all", excluded).json["score"] == 0.0
    named = {**excluded, "exclusions": [{"location": "query:file", "name": "files"}]}
    assert running.post("/score/all", named).json["excluded"] == ["files"]
    cut = {"request_text": "POST /\nx", "body_truncated": True}
    assert running.post("/score/all", cut).json["uninspected"] == ["oversize"]


@pytest.mark.parametrize("path", ["/score", "/score/all", "/score/xss"])
@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON"),
        (b"request_text=GET /", "JSON"),
        (b'{"request_text": ', "JSON"),
        (b'{"request_text": "\xff\xfe"}', "JSON"),
        (b'{"request_text": "a", "thresholds": {"*": NaN}}', "JSON"),
        (b'{"request_text": "a", "n": ' + b"9" * 5000 + b"}", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"request_text": "a", "headers": ' + b"[" * 900 + b"]" * 900 + b"}", "headers"),
        (b"null", "object"),
        (b'["GET /"]', "object"),
        (b"{}", "request_text is missing"),
        (b'{"request_text": null}', "request_text is missing"),
        (b'{"request_text": 7}', "request_text must be a str"),
        (b'{"request_text": "a", "request_text": []}', "request_text must be a str"),
        (b'{"request_text": "a", "headers": [["x"]]}', "headers"),
        (b'{"request_text": "a", "headers": {"x": "y"}}', "headers"),
        (b'{"request_text": "a", "body_base64": "?"}', "body_base64 is not base64"),
        (b'{"request_text": "a", "body_base64": "\\ud800"}', "body_base64 is not base64"),
        (b'{"request_text": "a", "target_base64": 1}', "target_base64"),
        (b'{"request_text": "a", "body_truncated": "yes"}', "body_truncated"),
        (b'{"request_text": "a", "thresholds": {"*": 2}}', "thresholds"),
        (b'{"request_text": "a", "thresholds": {"*": 1' + b"0" * 400 + b"}}", "thresholds"),
        (b'{"request_text": "a", "thresholds": {"\\ud800": "x"}}', "thresholds"),
        (b'{"request_text": "a", "disabled": [1]}', "disabled"),
        (b'{"request_text": "a", "exclusions": ["*"]}', "exclusions"),
    ],
)
def test_unreadable_call_is_400(running: ServiceProcess, path: str, body: bytes, word: str) -> None:
    """The answer says what is wrong, in a line that doesn't echo the whole call."""
    answer = running.send("POST", path, body, JSON)
    assert answer.status == 400
    assert word in answer.json["error"]
    assert len(answer.body) < 1000


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonp"},
        {"content-type": ";"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_other_media_type_is_415(running: ServiceProcess, headers: dict[str, str]) -> None:
    """A declared type must be JSON, and the body as it is."""
    body = b'{"request_text": "GET /"}'
    answer = running.send("POST", "/score", body, headers)
    assert (answer.status, list(answer.json)) == (415, ["error"])


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "Application/JSON; charset=utf-8"}, {"content-type": "a/b+json"}],
)
def test_json_media_types_are_read(running: ServiceProcess, headers: dict[str, str]) -> None:
    """None at all, a parameter, and types built on JSON."""
    body = json.dumps({"request_text": TRAVERSAL}).encode()
    assert running.send("POST", "/score/all", body, headers).json["score"] >= 0.95


def test_unknown_detector_is_404(running: ServiceProcess) -> None:
    """The answer lists those there are."""
    answer = running.post("/score/nope%0d%0a%ff", {"request_text": SQLI})
    assert answer.status == 404
    assert "path-traversal" in answer.json["error"]


@pytest.mark.parametrize("path", ["/", "/score/", "/score/a/b", "/healthz", "/..%2fscore"])
def test_unknown_path_is_404(running: ServiceProcess, path: str) -> None:
    """In JSON, whatever the method."""
    assert "error" in running.get(path).json
    assert running.get(path).status == running.post(path, {}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/score", "POST"),
        ("GET", "/score/all", "POST"),
        ("GET", "/score/xss", "POST"),
        ("DELETE", "/score", "POST"),
        ("POST", "/health", "GET,HEAD"),
        ("PUT", "/metrics", "GET,HEAD"),
    ],
)
def test_other_method_is_405(running: ServiceProcess, method: str, path: str, allow: str) -> None:
    """In JSON, with the methods that are there."""
    answer = running.send(method, path, None)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)
    assert "error" in answer.json


def test_largest_call_fits(running: ServiceProcess) -> None:
    """A body as long as the inspection limit may grow eightfold on its way, and a bit."""
    head = b'{"request_text": "POST /\\n../../etc/passwd '
    body = head + b"\\u0000" * ((LIMIT - len(head) - 2) // 6) + b'"}'
    body += b" " * (LIMIT - len(body))
    answer = running.send("POST", "/score/all", body, JSON)
    assert answer.status == 200
    assert answer.json["detector"] == "path-traversal"


@pytest.mark.parametrize("is_chunked", [False, True])
def test_larger_call_is_413(running: ServiceProcess, is_chunked: bool) -> None:
    """Whether or not its length was declared."""
    body = b'{"request_text": "' + b"x" * LIMIT + b'"}'
    sent = iter([body[:100_000], body[100_000:]]) if is_chunked else body
    answer = running.send("POST", "/score", sent, JSON)
    assert (answer.status, answer.json) == (413, {"error": f"the body is over {LIMIT} bytes"})


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"POST /score HTTP/9.9\r\n\r\n",
        b"POST /score/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: " + b"a" * 20_000 + b"\r\n\r\n",
        raw_request("/score", "Content-Length: 99999999999999999999"),
        raw_request("/score", "Content-Length: 5", "Transfer-Encoding: chunked"),
        raw_request("/score", "Transfer-Encoding: chunked") + b"ZZ\r\n{}\r\n",
    ],
)
def test_broken_http_is_400(running: ServiceProcess, sent: bytes) -> None:
    """It ends the connection, leaves no trace in the log, and harms nobody else."""
    logged = len(running.program.output)
    with running.connect() as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 400 Bad Request\r\n" in answer
    assert running.get("/health").status == 200
    assert running.program.output[logged:] == []


def test_leaving_client_is_forgotten(running: ServiceProcess) -> None:
    """A client that leaves in the middle of its call leaves nothing behind."""
    logged = len(running.program.output)
    for _ in range(20):
        with running.connect() as connection:
            connection.sendall(raw_request("/score", "Content-Length: 100") + b'{"request')
    assert running.post("/score", {"request_text": SQLI}).status == 200
    assert running.program.output[logged:] == []


def test_connection_is_kept(running: ServiceProcess) -> None:
    """Calls one after the other share a connection, errors among them."""
    with running.connect() as connection:
        for body in (b"{}", b'{"request_text": "GET /"}', b"no json"):
            length = f"Content-Length: {len(body)}"
            connection.sendall(raw_request("/score", length) + body)
            assert connection.recv(65536).startswith(b"HTTP/1.1 ")


def test_metrics_count_requests(running: ServiceProcess) -> None:
    """By endpoint and status, with durations, what was flagged and what was not read."""
    before = metrics(running)
    running.post("/score/all", {"request_text": TRAVERSAL})
    running.post("/score/xss", {"request_text": "POST /\nx", "body_truncated": True})
    running.post("/score", {})
    running.get("/no/such/path")
    grown = {name: value - before.get(name, 0) for name, value in metrics(running).items()}
    prefix = "kysira_inference"
    for name in (
        'requests_total{endpoint="/score/all",status="200"}',
        'requests_total{endpoint="/score/{detector}",status="200"}',
        'requests_total{endpoint="/score",status="400"}',
        'requests_total{endpoint="other",status="404"}',
        'request_duration_seconds_count{endpoint="/score/all"}',
        'flagged_total{detector="path-traversal"}',
        'uninspected_total{reason="oversize"}',
    ):
        assert grown[f"{prefix}_{name}"] == 1, name


def metrics(running: ServiceProcess) -> dict[str, float]:
    answer = running.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    rows = (line.rpartition(" ") for line in answer.body.decode().splitlines())
    return {name: float(value) for name, _, value in rows if not name.startswith("#")}


KEYS = (
    "request_text", "headers", "content_type", "body_truncated", "target_base64", "body_base64",
    "thresholds", "disabled", "exclusions", "path", "location", "detector", "*",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.sampled_from(
        ["GET /", "POST /a?b=%ff%00\n{", "Zm9v", SQLI, "\ud800", "\x00", "path-traversal"]
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**400) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)
CALLS = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"request_text": TEXTS}, optional=dict.fromkeys(KEYS[1:], VALUES)
    ).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.fixed_dictionaries(
        {"request_text": TEXTS},
        optional={
            "headers": st.lists(st.tuples(TEXTS, TEXTS), max_size=4),
            "body_base64": st.binary(max_size=99).map(lambda body: base64.b64encode(body).decode()),
            "thresholds": st.dictionaries(TEXTS, st.floats(0, 1), max_size=3),
            "exclusions": st.lists(st.fixed_dictionaries({"location": TEXTS}), max_size=3),
        },
    ).map(lambda value: json.dumps(value).encode()),
)  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(["/score", "/score/all", "/score/xss"]), body=CALLS)
def test_no_call_breaks_the_service(running: ServiceProcess, path: str, body: bytes) -> None:
    """Each answer is valid JSON: a verdict with scores in [0, 1], or an error of the client's."""
    answer = running.send("POST", path, body, JSON)
    assert answer.status in (200, 400), answer.body
    if answer.status == 200:
        scores = [answer.json["score"], *answer.json.get("breakdown", {}).values()]
        assert all(math.isfinite(score) and 0 <= score <= 1 for score in scores)
    else:
        assert answer.json["error"]


@pytest.mark.parametrize("filler", [b"'<a/*%27", b"../", b"((((((((", b"=" * 8, "ſ\u0301".encode()])
def test_hostile_bodies_hold_nobody_up(running: ServiceProcess, filler: bytes) -> None:
    """While large bodies are scored in threads, health still answers, and each gets an answer.

    On a slow machine the last of them may have waited too long for a thread, and is told so.
    """
    body = json.dumps(
        {
            "request_text": "POST /",
            "body_base64": base64.b64encode(filler * (131072 // len(filler))).decode(),
        }
    ).encode()
    connections = [running.connect() for _ in range(4)]
    try:
        for connection in connections:
            connection.sendall(raw_request("/score/all", f"Content-Length: {len(body)}") + body)
        started = time.perf_counter()
        assert running.get("/health").status == 200
        assert time.perf_counter() - started < 2.0
        answers = [connection.recv(65536) for connection in connections]
        assert any(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
        for answer in answers:
            assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 503 ")), answer
            assert answer.startswith(b"HTTP/1.1 200 ") or b"waited too long" in answer, answer
    finally:
        for connection in connections:
            connection.close()
