"""What the engine costs, in this process on one core: CPU time per request, by kind and stage."""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median, quantiles

from benchmarks.machine import header
from benchmarks.model_cost import model_report
from benchmarks.workload import Workload
from inference.bodies import body_fields
from inference.detectors import load_detectors
from inference.engine import Engine
from inference.fields import head_fields
from inference.loading import load_engine
from inference.matcher import Matcher, Pattern
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.settings import EngineSettings
from kysira.types import Request, ScoreOptions

_OPTIONS = ScoreOptions()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request, and what makes as many of it as one round measures."""

    name: str
    make: Callable[[Workload], list[Request]]


def _many(count: int, make: Callable[[Workload], Request]) -> Callable[[Workload], list[Request]]:
    return lambda workload: [make(workload) for _ in range(count)]


def _mix(count: int) -> Callable[[Workload], list[Request]]:
    return lambda workload: list(islice(workload.mix(), count))


KINDS = (
    Kind("GET, 6 query values", _many(2000, Workload.get)),
    Kind("form, 300 B", _many(2000, Workload.form)),
    Kind("JSON, 2 kB", _many(1000, lambda workload: workload.json(2_000))),
    Kind("JSON, 64 kB", _many(40, lambda workload: workload.json(64_000))),
    Kind("JSON, 1 MB", _many(3, lambda workload: workload.json(1_000_000))),
    Kind("mix of 7 GET, 2 form, 1 JSON", _mix(3000)),
)


class _Recorder:
    """A matcher that keeps what it was asked."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.texts: list[bytes] = []
        self.matcher: Matcher = cached_matcher(patterns)

    def match(self, text: bytes) -> list[int]:
        self.texts.append(text)
        return self.matcher.match(text)


def main() -> int:
    """Measure and print a table; return 0."""
    parser = argparse.ArgumentParser(prog="benchmarks.engine", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="times each is measured (%(default)s)"
    )
    rounds: int = parser.parse_args().rounds
    print(header(), flush=True)
    engines = [_engine(is_cached=True), _engine(is_cached=False), load_engine(EngineSettings())]
    workload = Workload()
    columns = ("rules: median", "without cache", "with models")
    print(f"{'CPU µs per request':30}" + "".join(f"{name:>15}{'p99':>11}" for name in columns))
    for kind in KINDS:
        row = f"{kind.name:30}"
        for engine in engines:
            times = _times(engine, kind, workload, rounds)
            row += f"{median(times):15.1f}{_p99(times):11.1f}"
        print(row, flush=True)
    info = engines[0].cache_info()
    rate = info.hits / (info.hits + info.misses)
    print(f"\ncache hits: {rate:.1%} of the values and whole headers looked up")
    print(_stages(list(islice(workload.mix(), 2000)), rounds))
    print(model_report(engines[2], rounds))
    return 0


def _engine(*, is_cached: bool) -> Engine:
    detectors = load_detectors()
    scanner = Scanner(detectors, is_cached=is_cached, compile_with=cached_matcher)
    return Engine(detectors, scanner=scanner)


def _times(engine: Engine, kind: Kind, workload: Workload, rounds: int) -> list[float]:
    """Return CPU µs for each request, none of which the engine has seen before."""
    found = []
    for _ in range(rounds):
        requests = kind.make(workload)
        gc.collect()
        for request in requests:
            # CPU time of this thread, so that what else runs on the machine does not count.
            started = time.thread_time_ns()
            engine.score(request, _OPTIONS)
            found.append((time.thread_time_ns() - started) / 1e3)
    return found


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98]


def _stages(requests: Sequence[Request], rounds: int) -> str:
    """Return what the stages cost, each run alone over all the requests, without the cache."""
    detectors = load_detectors()
    recorders: list[_Recorder] = []

    def record(patterns: Sequence[Pattern]) -> Matcher:
        recorders.append(_Recorder(patterns))
        return recorders[-1]

    scan = Scanner(detectors, is_cached=False, compile_with=record).scan
    values = [[f.value for f in (*head_fields(r), *body_fields(r, set()))] for r in requests]
    reading = _fastest(
        rounds, lambda: [(*head_fields(r), *body_fields(r, set())) for r in requests]
    )
    scanning = _fastest(rounds, lambda: [scan(each) for each in values])
    # Every round asked for the same texts.
    asked = [(r.matcher, r.texts[: len(r.texts) // rounds]) for r in recorders]
    matching = _fastest(rounds, lambda: [m.match(text) for m, texts in asked for text in texts])
    shares = {"reading": reading, "decoding": scanning - matching, "matching": matching}
    per_request = ", ".join(f"{k} {s / len(requests) * 1e6:.0f} µs" for k, s in shares.items())
    read = sum(map(len, values)) / len(requests)
    matched = sum(len(texts) for _, texts in asked) / len(requests)
    return (
        f"stages of the mix, without the cache: {per_request}; a request has {read:.1f} values, "
        f"matched in {matched:.1f} looks"
    )


def _fastest(rounds: int, work: Callable[[], object]) -> float:
    """Return the least CPU seconds that the work took."""
    took = []
    for _ in range(rounds):
        started = time.thread_time()
        work()
        took.append(time.thread_time() - started)
    return min(took)


if __name__ == "__main__":
    sys.exit(main())
