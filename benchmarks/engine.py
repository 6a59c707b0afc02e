"""What the engine costs, in this process on one core: time per request, by kind and by stage."""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median, quantiles

from benchmarks.machine import header
from benchmarks.workload import Workload
from inference.bodies import body_fields
from inference.detectors import load_detectors
from inference.engine import Engine
from inference.fields import head_fields
from inference.matcher import Matcher, Pattern
from inference.normalizer import variants
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.types import Request, ScoreOptions

_OPTIONS = ScoreOptions()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request, and what makes as many of it as one round measures."""

    name: str
    make: Callable[[Workload], list[Request]]


def _many(count: int, make: Callable[[Workload], Request]) -> Callable[[Workload], list[Request]]:
    return lambda workload: [make(workload) for _ in range(count)]


KINDS = (
    Kind("GET, 6 query values", _many(2000, Workload.get)),
    Kind("form, 300 B", _many(2000, Workload.form)),
    Kind("JSON, 2 kB", _many(1000, lambda workload: workload.json(2_000))),
    Kind("JSON, 64 kB", _many(40, lambda workload: workload.json(64_000))),
    Kind("JSON, 1 MB", _many(4, lambda workload: workload.json(1_000_000))),
    Kind("mix", lambda workload: list(islice(workload.mix(), 3000))),
)


def main() -> int:
    """Measure and print a table; return 0."""
    parser = argparse.ArgumentParser(prog="benchmarks.engine", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, help="times everything is measured (%(default)s)"
    )
    rounds: int = parser.parse_args().rounds
    print(header(), flush=True)
    detectors = load_detectors()
    matcher = cached_matcher(
        [Pattern(r.pattern, r.is_case_sensitive) for d in detectors for r in d.rules]
    )
    engines = {is_cached: _engine(matcher, is_cached=is_cached) for is_cached in (True, False)}
    print(f"{'':22}{'cache: median µs':>18}{'p99':>9}{'no cache: median µs':>22}{'p99':>9}")
    workload = Workload()
    for kind in KINDS:
        row = f"{kind.name:22}"
        for is_cached, engine in engines.items():
            times = _times(engine, kind, workload, rounds)
            row += f"{median(times):{18 if is_cached else 22}.1f}{_p99(times):9.1f}"
        print(row, flush=True)
    info = engines[True].cache_info()
    print(f"\ncache hits: {info.hits / (info.hits + info.misses):.1%} of the values looked up")
    print(_stages(matcher, list(islice(workload.mix(), 2000))))
    return 0


def _engine(matcher: Matcher, *, is_cached: bool) -> Engine:
    detectors = load_detectors()
    scanner = Scanner(detectors, is_cached=is_cached, compile_with=lambda _: matcher)
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


def _stages(matcher: Matcher, requests: Sequence[Request]) -> str:
    """Return what each stage costs when it is run alone over the whole mix, without the cache."""
    fields, took = [], {}
    started = time.thread_time()
    for request in requests:
        fields += [*head_fields(request), *body_fields(request, set())]
    took["reading fields"] = time.thread_time() - started
    started = time.thread_time()
    texts = [variant.text for field in fields for variant in variants(field.value)]
    took["decoding"] = time.thread_time() - started
    started = time.thread_time()
    for text in texts:
        matcher.match(text)
    took["matching"] = time.thread_time() - started
    per_request = ", ".join(f"{name} {s / len(requests) * 1e6:.1f} µs" for name, s in took.items())
    count = (
        f"{len(fields) / len(requests):.1f} values and {len(texts) / len(requests):.1f} variants"
    )
    return f"mix, without the cache: {per_request}; {count} a request"


if __name__ == "__main__":
    sys.exit(main())
