"""Fixtures that every test may use."""

import pytest

from inference.detectors import load_detectors
from inference.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return an engine with every detector and no model."""
    return Engine(load_detectors())
