"""kysira-ext-proc as it ships, run so that the benchmark can reach its engine.

Run as a program: with ``BENCHMARK_NO_CACHE`` set the engine is built without its value cache. At
the end it prints how often the cache knew a value.
"""

import os
import sys
from unittest.mock import patch

import extproc.__main__ as service
from inference import in_process
from inference.detectors import load_detectors
from inference.engine import Engine
from inference.loading import load_engine
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.serving import run
from kysira.settings import EngineSettings


def main() -> int:
    """Run the service until a signal and return its exit status."""
    engines: list[Engine] = []
    build = _uncached if os.environ.get("BENCHMARK_NO_CACHE") else load_engine

    def build_and_keep(settings: EngineSettings) -> Engine:
        engines.append(build(settings))
        return engines[0]

    # The service has no way in, so that what is measured is all that it does, and nothing more.
    with patch.object(in_process, "load_engine", build_and_keep):
        status = run(service.KIND.service, service.serve)
    for engine in engines:
        info = engine.cache_info()
        print(f"cache hits={info.hits} misses={info.misses}", flush=True)
    return status


def _uncached(_: EngineSettings) -> Engine:
    detectors = load_detectors()
    scanner = Scanner(detectors, is_cached=False, compile_with=cached_matcher)
    return Engine(detectors, scanner=scanner)


if __name__ == "__main__":
    sys.exit(main())
