"""Headers that are known to be harmless."""

import pytest

from inference.detectors import load_detectors
from inference.engine import Engine
from inference.harmless_headers import REMEMBERED_BYTES, HarmlessHeaders
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.types import Exclusion, Request, ScoreOptions

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


def test_long_values_are_not_remembered() -> None:
    """What is remembered takes a bounded place."""
    headers = HarmlessHeaders()
    long = ("x-long", b"a" * (REMEMBERED_BYTES + 1))
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
