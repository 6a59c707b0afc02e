"""Fixtures that every test may use."""

import pytest

from inference.engine import Engine
from inference.loading import load_engine
from kysira.settings import NO_MODEL, EngineSettings
from tests.ctl.golden import UPDATE, Golden
from tests.needs import IN_CI


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites golden files."""
    parser.addoption(UPDATE, action="store_true", help="rewrite tests/ctl/golden")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse that flag in CI, where a golden file is there to be compared with."""
    if config.getoption(UPDATE) and IN_CI:
        raise pytest.UsageError(f"{UPDATE} is not for CI: commit what it changes")


@pytest.fixture
def golden(pytestconfig: pytest.Config) -> Golden:
    """Return what compares a text with a golden file, or rewrites that on --update-golden."""
    return Golden(is_updating=bool(pytestconfig.getoption(UPDATE)))


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return an engine with every detector and no model."""
    return load_engine(EngineSettings(sqli_model=NO_MODEL, pi_model=NO_MODEL))
