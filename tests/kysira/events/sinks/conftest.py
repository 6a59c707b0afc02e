"""The endpoint that tests of sinks send to."""

from collections.abc import AsyncIterator

import pytest

from tests.kysira.events.sinks.receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Listen as long as a test runs."""
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()
