"""The engine scores any request: rules first, models where they matter, exclusions before both."""

import gzip
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.detector import Detector, Rule
from inference.engine import MAX_FIELDS, MAX_SCANNED_BYTES, Engine
from inference.fields import Field
from inference.matcher import Re2Matcher
from inference.scanning import Scanner
from kysira.types import Exclusion, Place, Request, ScoreOptions, Uninspected
from tests.detector_cases import FOLDER, load_cases
from tests.inference.fake_models import FakeModel
from tests.inference.linearity import assert_linear, repeated
from tests.placement import BROWSER_HEADERS, MATRIX_PLACES, request_with

OPTIONS = ScoreOptions()
SQLI = Detector("sqli", (Rule("union", "union-select"), Rule("weak", "weak-sign", 0.4)))
XSS = Detector("xss", (Rule("tag", "<tag>", 0.95),))
WORDS = Detector(
    "prompt-injection", (Rule("ignore", "ignore-all"),),
    model_gate=lambda field, text: b" " in text,
)  # fmt: skip


def engine_with(model: FakeModel, *slugs: str, disabled: frozenset[str] = frozenset()) -> Engine:
    """Return an engine in which the model backs these detectors."""
    return Engine((SQLI, XSS, WORDS), classifiers=dict.fromkeys(slugs, model), disabled=disabled)


def get(query: str, path: str = "/") -> Request:
    return Request("GET", f"{path}?{query}".encode())


def form(pairs: Sequence[tuple[str, str]]) -> Request:
    body = "&".join(f"{name}={value}" for name, value in pairs).encode()
    headers = (("content-type", b"application/x-www-form-urlencoded"),)
    return Request("POST", b"/", headers, body)


def test_verdict_names_the_highest() -> None:
    """Score, reason and detector are the highest finding's; every detector has its own score."""
    verdict = Engine((SQLI, XSS, WORDS)).score(get("a=<tag>&b=union-select"), OPTIONS)
    assert (verdict.score, verdict.reason, verdict.detector) == (0.99, "sqli:union", "sqli")
    assert verdict.breakdown == {"sqli": 0.99, "xss": 0.95, "prompt-injection": 0.0}
    assert [finding.location for finding in verdict.findings] == ["query:b", "query:a"]
    assert verdict.uninspected == ()


def test_clean_request_scores_zero() -> None:
    """Nothing found is 0.0 for every detector."""
    verdict = Engine((SQLI, XSS)).score(get("q=red+shoes"), OPTIONS)
    assert (verdict.score, verdict.detector, verdict.findings) == (0.0, "", ())
    assert verdict.breakdown == {"sqli": 0.0, "xss": 0.0}


@pytest.mark.parametrize("place", [*MATRIX_PLACES, Place.MULTIPART, Place.BODY])
def test_every_place_is_read(place: Place) -> None:
    """An attack is found wherever the request carries it."""
    name = "text/markdown" if place is Place.BODY else "x-custom"
    verdict = Engine((SQLI,)).score(request_with(place, name, "a union-select b"), OPTIONS)
    assert verdict.score == 0.99
    assert verdict.findings[0].location.startswith(place.value)


def test_free_text_is_one_value() -> None:
    """A text without a request line is scored whole, whatever it looks like."""
    request = Request("", b"", body=b'{"q": "union-select"}', free_text=True)
    assert Engine((SQLI,)).score(request, OPTIONS).findings[0].location == "body"


@pytest.mark.parametrize("where", ["engine", "call", "both"])
def test_disabled_detector_is_absent(where: str) -> None:
    """A detector that is off finds nothing and is in no breakdown, though its rules are scanned."""
    off = frozenset({"sqli"})
    model = FakeModel()
    engine = Engine(
        (SQLI, XSS), classifiers={"sqli": model}, disabled=off if where != "call" else frozenset(),
        scanner=Scanner((SQLI, XSS)),
    )  # fmt: skip
    options = ScoreOptions(disabled=off if where != "engine" else frozenset())
    verdict = engine.score(get("a=union-select&b=model-bait"), options)
    assert verdict.breakdown == {"xss": 0.0}
    assert verdict.findings == ()
    assert not model.asked
    assert ("sqli" in engine.backings) == (where == "call")


def test_backings_tell_model_or_regex() -> None:
    """What the health answer shows for each enabled detector."""
    engine = engine_with(FakeModel(), "sqli", "xss", disabled=frozenset({"xss"}))
    assert engine.backings == {"sqli": "model", "prompt-injection": "regex"}


def test_model_is_asked_when_rules_are_silent() -> None:
    """A value that no rule knows is the model's, with the place it came from."""
    model = FakeModel(0.97126)
    verdict = engine_with(model, "sqli").score(get("a=one-two&b=model-bait"), OPTIONS)
    assert model.asked == ["one-two", "model-bait"]
    assert (verdict.score, verdict.reason) == (0.9713, "sqli:model")
    assert verdict.findings[0].location == "query:b"
    assert verdict.breakdown["xss"] == 0.0


def test_decided_request_asks_no_model() -> None:
    """A rule over its threshold switches the models off; one under it does not."""
    model = FakeModel()
    engine = engine_with(model, "sqli")
    assert engine.score(get("a=<tag>&b=model-bait"), OPTIONS).score == 0.95
    assert not model.asked
    strict = ScoreOptions(thresholds={"xss": 0.96})
    assert engine.score(get("a=<tag>&b=model-bait"), strict).detector == "sqli"
    assert model.asked == ["<tag>", "model-bait"]


def test_gate_keeps_values_from_model() -> None:
    """Only values that could matter to a model reach it."""
    model = FakeModel()
    engine_with(model, "prompt-injection").score(get("a=one-two&b=one+two"), OPTIONS)
    assert model.asked == ["one two"]


def test_excluded_finding_is_dropped_before_models() -> None:
    """A payload in an excluded field can't switch the models off for the whole request."""
    model = FakeModel()
    options = ScoreOptions(exclusions=(Exclusion("/editor", "query:html", "xss"),))
    engine = engine_with(model, "sqli")
    verdict = engine.score(get("html=<tag>&b=model-bait", "/editor/1"), options)
    assert (verdict.detector, verdict.score) == ("sqli", 0.97)
    assert verdict.breakdown["xss"] == 0.0
    assert engine.score(get("html=<tag>&b=model-bait", "/other"), options).detector == "xss"


def test_exclusion_holds_for_models() -> None:
    """An excluded field is not the model's either."""
    model = FakeModel()
    options = ScoreOptions(exclusions=(Exclusion(location="query:a", detector="sqli"),))
    verdict = engine_with(model, "sqli").score(get("a=model-bait&b=one-two"), options)
    assert model.asked == ["one-two"]
    assert verdict.score == 0.01


def test_exclusions_that_counted_are_named() -> None:
    """Where a finding was dropped, or a value kept from a model that would have been shown it."""
    cms = Exclusion("/cms", "query:a", name="cms")
    options = ScoreOptions(exclusions=(cms, Exclusion("/cms", name="all"), Exclusion("/x")))
    engine = Engine((SQLI, XSS))
    assert engine.score(get("a=union-select&b=1", "/cms/1"), options).excluded == ("cms",)
    assert engine.score(get("a=<tag>&b=union-select", "/cms"), options).excluded == ("cms", "all")
    for path in ("/cmsx", "/cms/../admin"):
        verdict = engine.score(get("a=union-select", path), options)
        assert (verdict.excluded, verdict.score) == ((), 0.99)
    assert engine.score(get("a=red+shoes", "/cms"), options).excluded == ()
    disabled = ScoreOptions(disabled=frozenset({"sqli"}), exclusions=options.exclusions)
    assert engine.score(get("a=union-select", "/cms"), disabled).excluded == ()


def test_values_kept_from_a_model_are_named() -> None:
    """What no gate lets through would not have been shown, and counts for nothing."""
    model = FakeModel()
    options = ScoreOptions(exclusions=(Exclusion(location="query:a", name="prose"),))
    engine = engine_with(model, "prompt-injection")
    assert engine.score(get("a=two+words"), options).excluded == ("prose",)
    assert engine.score(get("a=one"), options).excluded == ()
    assert model.asked == []


def test_exclusion_is_not_reached_by_climbing() -> None:
    """An exclusion under one path can't be used from another."""
    options = ScoreOptions(exclusions=(Exclusion("/static"),))
    engine = Engine((SQLI,))
    assert engine.score(get("a=union-select", "/static/x"), options).score == 0.0
    assert engine.score(get("a=union-select", "/static/..%2fapi"), options).score == 0.99


def test_padding_hides_nothing() -> None:
    """An attack behind more values than are read one by one is still found, and that is told."""
    values = ["-"] * (MAX_FIELDS + 5000) + ["a union-select b"]
    headers = (("content-type", b"application/json"),)
    request = Request("POST", b"/", headers, json.dumps(values).encode())
    verdict = Engine((SQLI,)).score(request, OPTIONS)
    assert verdict.score == 0.99
    assert verdict.uninspected == (Uninspected.BUDGET,)
    pairs = "&".join(["a=-"] * (MAX_FIELDS + 1))
    assert Engine((SQLI,)).score(get(pairs), OPTIONS).uninspected == (Uninspected.BUDGET,)
    pairs = "&".join(["a=-"] * (MAX_FIELDS - 1))
    assert Engine((SQLI,)).score(get(pairs), OPTIONS).uninspected == ()


@pytest.mark.parametrize("unit", [b"\"'a&lt;%27../ /**/$IFS", b"<tag>'%2527&", b"\xc0\xaf%x"])
@pytest.mark.parametrize("content_type", [b"text/x", b"application/x-www-form-urlencoded"])
def test_work_is_bounded(unit: bytes, content_type: bytes) -> None:
    """However a small body grows and multiplies, only so many bytes are matched; that is told."""
    body = gzip.compress(b"a=" + unit * 150_000 + b"&b=union-select", mtime=0)
    headers = (("content-type", content_type), ("content-encoding", b"gzip"))
    matched: list[int] = []

    class Counting(Re2Matcher):
        def match(self, text: bytes) -> list[int]:
            matched.append(len(text))
            return super().match(text)

    engine = Engine((SQLI, XSS), scanner=Scanner((SQLI, XSS), compile_with=Counting))
    verdict = engine.score(Request("POST", b"/", headers, body), OPTIONS)
    assert Uninspected.BUDGET in verdict.uninspected
    assert sum(matched) < 4 * MAX_SCANNED_BYTES


def test_value_behind_the_budget_is_read_as_sent() -> None:
    """Costly values in front of an attack in clear do not hide it."""
    costly = "&".join(f"a={n}'%252525252541" for n in range(5000))
    verdict = Engine((SQLI,)).score(form([("x", costly), ("b", "union-select")]), OPTIONS)
    assert verdict.score == 0.99
    assert verdict.uninspected == (Uninspected.BUDGET,)


def test_undecoded_rest_is_told() -> None:
    """A value that is encoded deeper than is read makes no clean verdict."""
    deep = "%" + "25" * 7 + "27"
    assert Engine((SQLI,)).score(get(f"a=x-{deep}"), OPTIONS).uninspected == (Uninspected.BUDGET,)


@pytest.mark.parametrize("content_type", [b"", b"text/plain", b"multipart/form-data; boundary=X"])
def test_control_characters_hide_nothing(engine: Engine, content_type: bytes) -> None:
    """A text made to look binary is read whole all the same."""
    text = b"hello " * 50 + b"\x01" * 20 + b"1'\x01UNION\x01SELECT\x01name\x01FROM\x01sysobj--"
    if b"multipart" in content_type:
        text = b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + text + b"\r\n--X--"
    headers = (("content-type", content_type),) if content_type else ()
    assert engine.score(Request("POST", b"/", headers, text), OPTIONS).score > 0.8


def test_names_of_json_are_read(engine: Engine) -> None:
    """What makes an object of a document may be a member's name alone."""
    body = json.dumps({"a": [{"py/object": "m.X", "py/reduce": [{"py/type": "os.system"}]}]})
    verdict = engine.score(Request("POST", b"/", (), body.encode()), OPTIONS)
    assert (verdict.reason, verdict.findings[0].location) == (
        "deserialization:jsonpickle", "json:a.py/reduce",
    )  # fmt: skip


def test_cut_body_is_told() -> None:
    """A body that did not come whole is read as far as it goes, and that is told."""
    request = Request("POST", b"/", body=b"a=union-select", body_truncated=True)
    verdict = Engine((SQLI,)).score(request, OPTIONS)
    assert (verdict.score, verdict.uninspected) == (0.99, (Uninspected.OVERSIZE,))


def test_repeated_values_come_from_the_cache(engine: Engine) -> None:
    """The second request of a browser costs few scans."""
    request = Request("GET", b"/cached?q=only-once-here", BROWSER_HEADERS)
    first = engine.score(request, OPTIONS)
    misses = engine.cache_info().misses
    assert engine.score(request, OPTIONS) == first
    assert engine.cache_info().misses == misses


def test_threads_share_an_engine(engine: Engine) -> None:
    """Many threads at once get the verdicts that one would."""
    cases = [case for path in sorted(FOLDER.glob("*.jsonl")) for case in load_cases(path.stem)[:12]]
    alone = [engine.score(case.request, OPTIONS) for case in cases]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(2):
            together = threads.map(lambda case: engine.score(case.request, OPTIONS), cases)
            assert list(together) == alone


def test_field_of_a_gate_is_the_fields() -> None:
    """A gate sees place and name beside the value."""
    seen: list[Field] = []

    def gate(field: Field, text: bytes) -> bool:
        seen.append(field)
        return False

    detector = Detector("sqli", (Rule("a", "never"),), model_gate=gate)
    Engine((detector,), classifiers={"sqli": FakeModel()}).score(get("a=x-y"), OPTIONS)
    assert seen == [Field(Place.QUERY, "a", b"x-y")]


PAYLOADS = [
    case.input.encode("utf-8", "surrogateescape")
    for path in sorted(FOLDER.glob("*.jsonl"))
    for case in load_cases(path.stem)
    if case.match
]
PIECES = st.binary(max_size=40) | st.sampled_from(PAYLOADS or [b"'"])
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["content-type", "content-encoding", "cookie", "host", "user-agent", "x-a", ":path"]
        ),
        PIECES
        | st.sampled_from(
            [b"application/json", b"text/xml", b"application/x-www-form-urlencoded", b"gzip",
             b"multipart/form-data; boundary=X", b"deflate", b"br", b"a/b; charset=utf-16",
             b"application/json; charset=utf-7"]
        ),
    ),
    max_size=4,
)  # fmt: skip
BODIES = (
    st.lists(PIECES, max_size=3).map(b"".join)
    | PIECES.map(lambda data: gzip.compress(data, mtime=0))
    | PIECES.map(lambda data: json.dumps({"a": data.decode("latin-1")}).encode())
    | PIECES.map(lambda data: b"<a b='" + data + b"'>" + data + b"</a>")
    | PIECES.map(lambda data: b'--X\r\nX: y; name="' + data + b'"\r\n\r\n' + data + b"\r\n--X--")
)


@settings(
    max_examples=1500, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.text(max_size=8), PIECES, HEADERS, BODIES, st.booleans(), st.booleans())
def test_any_request_has_a_verdict(
    engine: Engine,
    method: str,
    target: bytes,
    headers: list[tuple[str, bytes]],
    body: bytes,
    is_cut: bool,
    is_free: bool,
) -> None:
    """Any bytes, under any type and coding, have a verdict of probabilities, never an error."""
    request = Request(method, b"/" + target, tuple(headers), body, is_cut, "", is_free)
    verdict = engine.score(request, OPTIONS)
    assert 0 <= verdict.score <= 1
    assert verdict.score == max(verdict.breakdown.values())
    for finding in verdict.findings:
        assert finding.score == round(finding.score, 4)
        assert finding.location.isprintable()


HOSTILE = (
    b"'", b"<", b"<a ", b"on=", b"(", b"((", b"{{", b"${", b"$(", b"`", b"../", b"//", b"http://",
    b"http://a@", b"1.", b"select ", b"union ", b"or 1=1 ", b"1 ", b"-- ", b"<script>", b"<iframe ",
    b"javascript:", b"onclick=", b"eval(", b"ignore all previous ", b"<!ENTITY a ", b"\r\n", b"$ne",
    b"(|(", b'O:8:"a":1:{', b"rO0AB", b"%0d%0a", b"Set-Cookie:", b"cat /etc/passwd;", b"a=b&",
    b"%25", b"\xff", b"a b,", b"{", b"[", b'"', b"\\",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_scoring_takes_linear_time(engine: Engine, unit: bytes) -> None:
    """Scan, checks and spans of every detector, on what they look for, over and over."""

    def score(body: bytes) -> None:
        engine.score(Request("POST", b"/", (("content-type", b"text/x"),), body), OPTIONS)

    assert_linear(score, lambda size: repeated(unit, size // 4))
