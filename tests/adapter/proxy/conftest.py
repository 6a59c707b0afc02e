"""Every promise holds on both event loops that the proxy may run on."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from kysira.serving import new_event_loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each test of this folder on asyncio's own loop, and on the one that services use."""
    return {"asyncio": asyncio.new_event_loop, "service": new_event_loop}
