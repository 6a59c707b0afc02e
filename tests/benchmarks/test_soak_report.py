"""Growth is told from noise, and what must not be is told."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.load import Load
from benchmarks.metrics import Counts
from benchmarks.readers import Visits
from benchmarks.soak_report import Sample, Soak, faults, growth, line, report

SOAK = Soak(
    samples=[Sample(10.0, 100.0, 1000, 900, 40)],
    loads=[Load(1000, 2_000_000, 3000, 9000, 0, 0)] * 2,
    visits=Visits(begun=5, read_bytes=10**9),
    cut_off=3,
    counts=Counts(2010, {"timeout": 1}, {"queue": 0, "reader": 70}),
    events=2010,
    descriptors_before=20,
    descriptors_after=20,
)


def samples(minutes: int, per_minute_mb: float) -> Sequence[Sample]:
    """Return a sample every ten seconds of a proxy that grows from 100 MB; 600 requests a second.

    It has taken 50 MB more by the end of the first minute, and is noisy once a minute.
    """
    found = []
    for at_s in range(10, minutes * 60 + 1, 10):
        mb = 100.0 + at_s / 60 * per_minute_mb - (50.0 if at_s <= 60 else 0.0)
        mb += 30.0 if at_s % 60 == 30 else 0.0
        found.append(Sample(float(at_s), mb, at_s * 600, 1000, 40))
    return found


def test_growth_leaves_the_first_minute_out() -> None:
    """Memory that is taken once is no growth, nor is a moment's queue."""
    found = growth(samples(10, 0.0))
    assert found is not None
    assert (found.mb, found.mb_per_million) == (0.0, 0.0)


def test_growth_is_from_the_second_minute_to_the_last() -> None:
    """Eight minutes lie between the middles of the two, and 288,000 requests."""
    found = growth(samples(10, 2.0))
    assert found is not None
    assert found.mb == pytest.approx(16.0)
    assert found.requests == 288_000
    assert found.mb_per_million == pytest.approx(16.0 / 0.288)


@pytest.mark.parametrize("found", [[], samples(1, 2.0), samples(2, 2.0)])
def test_short_run_tells_no_growth(found: Sequence[Sample]) -> None:
    """Nothing to compare is not the same as no growth."""
    assert growth(found) is None
    text = report(replace(SOAK, samples=found))
    assert "growth can be told from 3 minutes on" in text
    assert "goal: at most 10 MB" not in text


@pytest.mark.parametrize(("per_minute", "word"), [(0.5, "met"), (5.0, "missed")])
def test_growth_has_a_goal(per_minute: float, word: str) -> None:
    """Four megabytes within eight minutes are noise, forty are not."""
    text = report(replace(SOAK, samples=samples(10, per_minute)))
    assert f"goal: at most 10 MB, {word}" in text


def test_clean_soak_has_no_fault() -> None:
    """Events that slow readers have missed are expected."""
    assert faults(SOAK) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loads": [Load(1000, 1, 1, 1, 1, 2)]}, "3 requests failed"),
        ({"counts": Counts(1999, {}, {})}, "1 requests passed by without a score"),
        ({"visits": Visits(refused=9)}, "nobody got to read"),
        ({"descriptors_after": 22}, "2 file descriptors stayed open"),
        ({"loads": [Load(0, 1, 0, 0, 0, 0)]}, "no request was answered"),
    ],
)
def test_what_must_not_be_is_a_fault(change: dict[str, object], words: str) -> None:
    """Each alone."""
    (fault,) = faults(replace(SOAK, **change))  # type: ignore[arg-type]
    assert words in fault


def test_report_sums_up() -> None:
    """Requests of all parts; lost events apart from those that slow readers missed."""
    text = report(SOAK)
    assert "requests: 2000 (500/s), p50 3.0 ms, p99 9.0 ms, 0 not 2xx" in text
    assert "events: 2010, lost 0; goal: at most 0, met" in text
    assert "events dropped: queue 0, reader 70" in text
    assert "5 came, 0 refused, 0 unanswered, 3 cut off" in text


def test_line_shows_one_moment() -> None:
    """As they go by."""
    assert line(SOAK.samples[0]) == (
        "   10 s: RSS  100.0 MB,     1000 requests,  900 readers,   40 file descriptors"
    )
