"""Every detector flags its attacks and leaves its near misses alone."""

import json

import pytest

from inference.detectors import load_detectors
from inference.engine import Engine
from inference.matcher import Pattern, Re2Matcher, compile_matcher
from inference.normalizer import read
from kysira.types import DEFAULT_THRESHOLD, DETECTORS, ScoreOptions
from tests.detector_cases import FOLDER, Case, load_cases

SLUGS = (
    "sqli", "xss", "prompt-injection", "nosqli", "command-injection", "ssti", "path-traversal",
    "ldap-injection", "xpath-injection", "ssrf", "xxe", "deserialization", "open-redirect", "crlf",
)  # fmt: skip
CASES = [case for slug in SLUGS for case in load_cases(slug)]


@pytest.mark.parametrize("case", [c for c in CASES if c.match], ids=str)
def test_attack_is_flagged(engine: Engine, case: Case) -> None:
    """The detector's own score reaches the default threshold."""
    verdict = engine.score(case.request, ScoreOptions())
    assert verdict.breakdown[case.slug] >= DEFAULT_THRESHOLD, case.why


@pytest.mark.parametrize("case", [c for c in CASES if not c.match], ids=str)
def test_near_miss_passes(engine: Engine, case: Case) -> None:
    """No detector at all reaches the threshold."""
    verdict = engine.score(case.request, ScoreOptions())
    assert verdict.score < DEFAULT_THRESHOLD, f"{case.why}: {verdict.reason}"


@pytest.mark.parametrize("slug", SLUGS)
def test_table_is_complete(slug: str) -> None:
    """At least 40 attacks of at least 6 techniques, at least 40 near misses, none twice."""
    cases = load_cases(slug)
    attacks = [case for case in cases if case.match]
    lines = (FOLDER / f"{slug}.jsonl").read_text("utf-8").splitlines()
    assert len(cases) == len(lines) == len([c for c in CASES if c.slug == slug])
    assert len(attacks) >= 40
    assert len({case.technique for case in attacks}) >= 6
    assert len(cases) - len(attacks) >= 40
    assert len({json.dumps([c.input, c.place, c.name]) for c in cases}) == len(cases)
    assert all(case.why for case in cases)


@pytest.mark.parametrize("lead", [b"", b"some words before it, 37 of them: "])
def test_engines_agree_on_every_attack(lead: bytes) -> None:
    """Of a few shapes hyperscan misses matches that RE2 finds: no rule has one of those."""
    rules = [rule for detector in load_detectors() for rule in detector.rules]
    patterns = list(dict.fromkeys(Pattern(rule.pattern, rule.is_case_sensitive) for rule in rules))
    fast, exact = compile_matcher(patterns), Re2Matcher(patterns)
    values = [case.input.encode("utf-8", "surrogateescape") for case in CASES]
    texts = {variant.text for value in values for variant in read(value).variants}
    missed = {
        patterns[index].expression: text
        for text in texts
        for index in set(exact.match(lead + text)) - set(fast.match(lead + text))
    }
    assert not missed


def test_policies_can_name_every_detector() -> None:
    """A policy file's slugs are checked where no engine is: kysira/types.py lists them."""
    assert sorted(DETECTORS) == sorted(detector.slug for detector in load_detectors())
