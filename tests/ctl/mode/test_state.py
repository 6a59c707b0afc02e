"""What services say of their mode."""

from pathlib import Path
from typing import Any

import pytest

from ctl.fleet.client import Reply
from ctl.fleet.target import Target
from ctl.mode.state import State, read_all, reading
from kysira.types import Mode
from tests.ctl.mode.services import client, services

TARGET = Target("it", "http://it")


async def test_read_all_reads_real_services(tmp_path: Path) -> None:
    """Mode and end are read from a service as it tells them; nobody at a port is an error."""
    async with services(tmp_path, 2) as (timed, plain), client() as asked:
        await timed.modes.flip(Mode.ACTIVE, 60)
        nobody = Target("nobody", "http://127.0.0.1:1")
        first, second, third = await read_all(asked, [timed.target, plain.target, nobody])
        assert timed.modes.expires_at is not None
    assert first.state is not None
    assert first.state.mode is Mode.ACTIVE
    assert first.state.expires_at == pytest.approx(timed.modes.expires_at, abs=0.01)
    assert (first.state.configured, first.state.back_to) == (Mode.SHADOW, Mode.SHADOW)
    assert second.state == State(Mode.SHADOW)
    assert (third.state, third.error) == (None, "connection refused")


def test_reading_takes_what_is_told() -> None:
    """What is not saved, and over which mode, is known where the service tells it."""
    body = {"mode": "active", "saved": False, "configured": "shadow", "back_to": "active"}
    told = reading(Reply(TARGET, 200, body)).state
    assert told == State(Mode.ACTIVE, None, False, Mode.SHADOW, Mode.ACTIVE)


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        [],
        None,
        {},
        {"mode": "off"},
        {"mode": "active", "expires_at": "soon"},
        {"mode": "active", "back_to": "off"},
    ],
)
def test_reading_refuses_strangers(body: Any) -> None:
    """Something else that answers 200 is no service."""
    read = reading(Reply(TARGET, 200, body))
    assert read.state is None
    assert "not as a Kysira service" in read.error


def test_reading_keeps_refusals() -> None:
    """A refusal keeps its status and its words."""
    read = reading(Reply(TARGET, 401, None, "answered 401: send the token"))
    assert (read.state, read.status, read.error) == (None, 401, "answered 401: send the token")
