"""What the engine promises of any bytes at all; both fuzzers ask for it."""

from itertools import pairwise

from inference.bodies import body_fields
from inference.bodies.compression import MAX_INFLATED_BYTES
from inference.engine import Engine
from inference.fields import Field, head_fields
from inference.normalizer import MAX_BYTES, MAX_VARIANTS, Reading
from kysira.types import Request, ScoreOptions, Uninspected, Verdict

OPTIONS = ScoreOptions()
LONGER = 3
"""A byte that is no text in its charset becomes U+FFFD, of three bytes."""
_COPIES = 16
"""How often a byte of a body is read: raw and parsed, as JSON and a form, decoded and as sent."""
_NAME_BYTES = 4 * 64
"""A location shows 64 characters of a name, as many letters of a place beside them."""
_GROWTH = 2
"""No decoding step makes a text longer than this; most make it shorter."""


def assert_verdict(engine: Engine, verdict: Verdict) -> None:
    """Fail unless the verdict says one thing, in probabilities, of every detector."""
    assert verdict.breakdown.keys() == engine.backings.keys()
    assert all(0 <= score <= 1 for score in verdict.breakdown.values())
    assert verdict.score == max(verdict.breakdown.values())
    assert all(first.score >= second.score for first, second in pairwise(verdict.findings))
    found = {finding.detector: finding.score for finding in verdict.findings}
    assert len(found) == len(verdict.findings)
    assert verdict.breakdown == dict.fromkeys(engine.backings, 0.0) | found
    top = verdict.findings[0] if verdict.findings else None
    named = (verdict.score, verdict.reason, verdict.detector)
    assert named == ((top.score, top.reason, top.detector) if top else (0.0, "", ""))
    for finding in verdict.findings:
        assert finding.score == round(finding.score, 4)
        assert finding.reason
        assert finding.location.isprintable()
        assert len(finding.location.encode()) <= _NAME_BYTES + 10
        assert 0 <= finding.span[0] <= finding.span[1]
    assert [*verdict.uninspected] == sorted(set(verdict.uninspected))


def assert_reading(value: bytes, reading: Reading) -> None:
    """Fail unless the readings are few, different, not much longer than the value, and as sent."""
    texts = reading.texts
    assert reading.variants[0] == (value, ())
    assert len(set(texts)) == len(texts) <= MAX_VARIANTS
    assert max(map(len, texts)) <= _GROWTH * len(value) + 4
    assert sum(map(len, texts)) <= MAX_BYTES + 6 * (_GROWTH * len(value) + 4)
    assert all(variant.steps for variant in reading.variants[1:])


def read_fields(request: Request) -> tuple[list[Field], set[Uninspected]]:
    """Return every field of the request and what could not be read of it."""
    problems: set[Uninspected] = set()
    return [*head_fields(request), *body_fields(request, problems)], problems


def assert_fields(request: Request, fields: list[Field]) -> None:
    """Fail unless the fields are no more than a few copies of what was sent."""
    sent = len(request.target) + sum(len(value) + len(name) for name, value in request.headers)
    coded = any(name == "content-encoding" for name, _ in request.headers)
    body = max(len(request.body), MAX_INFLATED_BYTES if coded else 0)
    assert sum(len(field.value) for field in fields) <= _COPIES * LONGER * (sent + body) + 4096
    assert all(field.location.isprintable() for field in fields)


def assert_scored(engine: Engine, request: Request) -> Verdict:
    """Return the verdict; fail unless it is sound, and the same when it is asked for again."""
    verdict = engine.score(request, OPTIONS)
    assert_verdict(engine, verdict)
    assert engine.score(request, OPTIONS) == verdict
    return verdict
