"""Fixtures that every test may use."""

import pytest

from inference.engine import Engine
from inference.loading import load_engine
from kysira.settings import NO_MODEL, EngineSettings


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return an engine with every detector and no model."""
    return load_engine(EngineSettings(sqli_model=NO_MODEL, pi_model=NO_MODEL))
