"""Headers that are known to be harmless."""

import pytest

from inference.detectors import load_detectors
from inference.engine import Engine
from inference.harmless_headers import REMEMBERED_BYTES, HarmlessHeaders
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.types import Exclusion, Request, ScoreOptions, Uninspected
from kysira.wire import request_from_json
from tests.inference.fake_models import FakeModel

AGENT = ("user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
ATTACK = ("x-search", b"1 union select name, password from users")
OPTIONS = ScoreOptions()


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    """Return a scanner of all rules that remembers values."""
    return Scanner(load_detectors(), compile_with=cached_matcher)


def request(*headers: tuple[str, bytes], body: bytes = b"") -> Request:
    """Return a request with these headers."""
    return Request("GET", b"/", headers, body)


def test_unseen_leaves_out_what_was_added() -> None:
    """A header is known by its name and its value."""
    headers = HarmlessHeaders()
    headers.add([AGENT])
    other = ("referer", AGENT[1])
    assert headers.unseen(request(AGENT, ATTACK, other)) == [ATTACK, other]
    assert headers.hits == 1


@pytest.mark.parametrize("body", [b"a" * 4097, b"a"])
def test_unseen_returns_all_beside_a_body_that_may_need_the_budget(body: bytes) -> None:
    """Where the budget runs out must not depend on what came before."""
    headers = HarmlessHeaders()
    headers.add([AGENT])
    encoding = ("content-encoding", b"gzip")
    assert [*headers.unseen(request(AGENT, encoding, body=body))] == [AGENT, encoding]


@pytest.mark.parametrize("target", [b"/?q=%25" + b"&%25" * 1400, b"/"])
def test_unseen_returns_all_beside_much_that_is_new(target: bytes) -> None:
    """A long query or cookie may need the budget, too."""
    headers = HarmlessHeaders()
    headers.add([AGENT])
    cookie = ("cookie", b"%25;" * (10 if len(target) > 1 else 1400))
    rows = (AGENT, cookie)
    assert headers.unseen(Request("GET", target, rows)) == rows
    assert headers.hits == 0


@pytest.mark.parametrize(
    "long", [("x-long", b"a" * REMEMBERED_BYTES), ("x" * REMEMBERED_BYTES, b"a")]
)
def test_long_headers_are_not_remembered(long: tuple[str, bytes]) -> None:
    """What is remembered takes a bounded place: a client chooses names, too."""
    headers = HarmlessHeaders()
    headers.add([long, AGENT])
    assert headers.unseen(request(long, AGENT)) == [long]


def test_no_more_than_the_size_and_one_request_are_remembered() -> None:
    """Headers that never come again push out the others, which are learned anew."""
    headers = HarmlessHeaders(10)
    for number in range(100):
        headers.add([("x-request-id", b"%d" % number)])
    known = [n for n in range(100) if not headers.unseen(request(("x-request-id", b"%d" % n)))]
    assert 0 < len(known) <= 11
    assert 99 in known


def test_size_0_remembers_nothing() -> None:
    """It is there to measure what remembering is worth."""
    headers = HarmlessHeaders(0)
    headers.add([AGENT])
    assert headers.unseen(request(AGENT)) == [AGENT]


def test_the_engine_learns_what_is_harmless_and_nothing_else(scanner: Scanner) -> None:
    """The second request costs no look at the browser's headers, and no attack becomes known."""
    engine = Engine(load_detectors(), scanner=scanner)
    first = engine.score(request(AGENT, ATTACK), OPTIONS)
    assert engine.score(request(AGENT), OPTIONS).score == 0
    before = engine.cache_info()
    assert engine.score(request(AGENT), OPTIONS).score == 0
    assert engine.cache_info().hits == before.hits + 1
    assert engine.score(request(AGENT, ATTACK), OPTIONS) == first
    assert first.score > 0.9


def test_headers_beside_a_free_text_are_not_learned(scanner: Scanner) -> None:
    """Nobody looks at them: an attack that was sent so is one still."""
    engine = Engine(load_detectors(), scanner=scanner)
    call = {"request_text": "red shoes", "headers": [[ATTACK[0], ATTACK[1].decode()]]}
    text, options = request_from_json(call)
    assert text.free_text
    assert engine.score(text, options).score == 0
    assert engine.score(request(ATTACK), OPTIONS).score > 0.9


def test_what_a_model_was_asked_of_is_not_learned(scanner: Scanner) -> None:
    """Though it was found harmless, asked of it or not: the model's own memory knows that."""
    model = FakeModel()
    engine = Engine(load_detectors(), scanner=scanner, classifiers={"prompt-injection": model})
    prose = ("x-note", b"these are many words that somebody wrote by hand")
    for _ in range(2):  # the model is late, as under load
        inspection = engine.inspect(request(prose), OPTIONS)
        assert inspection.needs_models
        engine.conclude_without_models(inspection, Uninspected.OVERLOAD)
    assert engine.score(request(prose), OPTIONS).breakdown["prompt-injection"] == 0.01
    assert engine.score(request(prose), OPTIONS).breakdown["prompt-injection"] == 0.01
    assert len(model.asked) == 1


def test_low_finding_is_not_learned(scanner: Scanner) -> None:
    """One under its threshold counts for a policy that is stricter."""
    engine = Engine(load_detectors(), scanner=scanner)
    for _ in range(2):
        assert engine.score(request(ATTACK), ScoreOptions(threshold=1.0)).score > 0.9
    assert engine.score(request(ATTACK, AGENT), OPTIONS).score > 0.9


@pytest.mark.parametrize(
    "options",
    [
        ScoreOptions(disabled=frozenset({"sqli"})),
        ScoreOptions(exclusions=(Exclusion(detector="sqli", name="search"),)),
    ],
    ids=["disabled", "excluded"],
)
def test_what_a_policy_lets_pass_is_not_learned(scanner: Scanner, options: ScoreOptions) -> None:
    """A header that one route accepts is still an attack on the others."""
    engine = Engine(load_detectors(), scanner=scanner)
    for _ in range(2):
        assert engine.score(request(ATTACK), options).score < 0.9
    assert engine.score(request(ATTACK), OPTIONS).score > 0.9
