"""The engine that is fuzzed: every detector's rules, and no model, which would take the time."""

from functools import cache

from inference.detectors import load_detectors
from inference.engine import Engine
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner


@cache
def rules_alone(*, is_cached: bool = True) -> Engine:
    """Return the engine that this process fuzzes; without a cache each value is scanned again."""
    detectors = load_detectors()
    scanner = Scanner(detectors, is_cached=is_cached, compile_with=cached_matcher)
    return Engine(detectors, scanner=scanner)
