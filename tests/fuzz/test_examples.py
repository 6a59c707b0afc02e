"""The number of examples that CI runs can't silently shrink."""

import importlib
from pathlib import Path
from types import FunctionType

from tests.fuzz.examples import EXAMPLES

FEWEST = 50_000
MODULES = [
    importlib.import_module(f"tests.fuzz.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.stem != "test_examples"
]


def properties() -> dict[str, FunctionType]:
    """Return every test of this folder that takes examples."""
    return {
        f"{module.__name__}.{name}": value
        for module in MODULES
        for name, value in vars(module).items()
        if name.startswith("test_") and hasattr(value, "hypothesis")
    }


def test_examples_are_enough() -> None:
    """At least 50,000 over the parsers, the decoders and the engine."""
    assert sum(EXAMPLES.values()) >= FEWEST


def test_every_property_is_counted() -> None:
    """Each has its number of examples, and none has gone."""
    assert EXAMPLES.keys() == properties().keys()
    assert min(EXAMPLES.values()) >= 100
