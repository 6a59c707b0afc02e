"""What a soak found: whether memory grew, and what was lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Load
from benchmarks.metrics import Counts
from benchmarks.readers import Visits
from benchmarks.report import goal

MINUTE_S = 60.0
MAX_GROWTH_MB = 10.0
"""From the second minute to the last: what is over it is no noise."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the proxy was like at one moment."""

    at_s: float
    rss_mb: float
    requests: int
    readers: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Growth:
    """How much more memory the last minute took than the second."""

    before_mb: float
    after_mb: float
    requests: float
    """Between the two."""

    @property
    def mb(self) -> float:
        """Return the megabytes gained."""
        return self.after_mb - self.before_mb

    @property
    def mb_per_million(self) -> float:
        """Return the megabytes gained per million requests."""
        return self.mb / max(1.0, self.requests) * 1e6


@dataclass(frozen=True, slots=True)
class Soak:
    """Everything that was measured."""

    samples: Sequence[Sample]
    loads: Sequence[Load]
    visits: Visits
    cut_off: int
    """Readers that the proxy has cut off for being too slow."""
    counts: Counts
    """What the proxy says of requests and events."""
    events: int
    descriptors_before: int
    descriptors_after: int

    @property
    def requests(self) -> int:
        """Return how many requests were answered."""
        return sum(load.requests for load in self.loads)

    @property
    def failed(self) -> int:
        """Return how many got another answer than 2xx, or none."""
        return sum(load.failed for load in self.loads)


def growth(samples: Sequence[Sample]) -> Growth | None:
    """Return how memory grew from the second minute to the last; None after less than three.

    Medians of each minute: a single moment may lie on either side of some readers' queues.
    """
    end = samples[-1].at_s if samples else 0.0
    second = [s for s in samples if MINUTE_S < s.at_s <= 2 * MINUTE_S]
    last = [s for s in samples if s.at_s > max(2 * MINUTE_S, end - MINUTE_S)]
    if end < 3 * MINUTE_S or not second:
        return None
    return Growth(
        median(s.rss_mb for s in second),
        median(s.rss_mb for s in last),
        median(s.requests for s in last) - median(s.requests for s in second),
    )


def faults(soak: Soak) -> list[str]:
    """Return what must not be: failed or unscored requests, descriptors that stay open."""
    found = []
    if soak.failed:
        found.append(f"{soak.failed} requests failed")
    if not soak.requests:
        found.append("no request was answered")
    if soak.counts.scored < soak.requests:
        found.append(f"{soak.requests - soak.counts.scored} requests passed by without a score")
    if not soak.visits.begun:
        found.append("nobody got to read the event stream")
    if soak.descriptors_after > soak.descriptors_before:
        more = soak.descriptors_after - soak.descriptors_before
        found.append(f"{more} file descriptors stayed open")
    return found


def line(sample: Sample) -> str:
    """Return one sample as a line."""
    return (
        f"{sample.at_s:5.0f} s: RSS {sample.rss_mb:6.1f} MB, {sample.requests:8d} requests,"
        f" {sample.readers:4d} readers, {sample.descriptors:4d} file descriptors"
    )


def report(soak: Soak) -> str:
    """Return what was found as text."""
    visits = soak.visits
    seconds = sum(load.duration_us for load in soak.loads) / 1e6
    return "\n".join(
        [
            f"requests: {soak.requests} ({soak.requests / max(1.0, seconds):.0f}/s),"
            f" p50 {_median_ms(soak, 'p50_us')} ms, p99 {_median_ms(soak, 'p99_us')} ms,"
            f" {soak.failed} not 2xx\nnot read in full: {_listed(soak.counts.unread)}",
            f"readers: {visits.begun} came, {visits.refused} refused, {visits.failed} unanswered,"
            f" {soak.cut_off} cut off ({visits.ended} of them while they read),"
            f" {visits.read_bytes / 1e9:.2f} GB read",
            f"events: {soak.events}, lost {soak.counts.lost}{goal(soak.counts.lost, 0)}",
            f"events dropped: {_listed(soak.counts.dropped)}",
            _memory(soak.samples),
            f"file descriptors: {soak.descriptors_before} at the begin,"
            f" {soak.descriptors_after} at the end",
        ]
    )


def _memory(samples: Sequence[Sample]) -> str:
    peak = f"peak {max(sample.rss_mb for sample in samples):.1f} MB" if samples else "not sampled"
    found = growth(samples)
    if found is None:
        return f"memory: {peak}; growth can be told from 3 minutes on"
    return (
        f"memory: {found.before_mb:.1f} MB in the second minute, {found.after_mb:.1f} MB in the"
        f" last, {peak}\ngrowth: {found.mb:+.1f} MB, {found.mb_per_million:+.2f} MB per million"
        f" requests{goal(found.mb, MAX_GROWTH_MB, ' MB')}"
    )


def _median_ms(soak: Soak, key: str) -> str:
    return f"{median(getattr(load, key) for load in soak.loads) / 1e3:.1f}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
