"""What a connection of nginx's promises holds on both event loops that it may run on."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from kysira.serving import new_event_loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the connection's tests on asyncio's own loop, and on the one that services use."""
    if item.path.name != "test_connection.py":
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "service": new_event_loop}
