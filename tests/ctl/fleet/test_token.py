"""What to do about a token that services miss."""

from collections.abc import Iterator

import pytest

from ctl.fleet.open import fleet
from ctl.fleet.token import hint_at_token, tell_once
from tests.ctl.events.service import Service, services, which


@pytest.fixture(autouse=True)
def _fresh_run() -> Iterator[None]:
    """Begin as a run of kysiractl does."""
    tell_once.cache_clear()
    yield
    tell_once.cache_clear()


def test_hint_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    """Another thing for a token that is missing here, is wrong, or is missing there."""
    said = []
    for status, has_token in ((401, False), (401, True), (403, False), (200, False), (500, True)):
        hint_at_token(status, has_token=has_token)
        said.append(capsys.readouterr().err)
    assert "set KYSIRA_ADMIN_TOKEN, or KYSIRA_ADMIN_TOKEN_FILE" in said[0]
    assert "another token" in said[1]
    assert "only its own machine" in said[2]
    assert said[3:] == ["", ""]


async def asked(service: Service, *, is_hinting: bool = True) -> None:
    """Ask a service that refuses twice, in two fleets."""
    for _ in range(2):
        async with fleet(which(service), is_hinting=is_hinting) as found:
            await found.client.ask_all(found.targets * 2, "/api/events/recent")


async def test_fleet_hints_once(capsys: pytest.CaptureFixture[str]) -> None:
    """However many answers are refused in a run, and not where a command says it by itself."""
    async with services(1) as (one,):
        one.status = 401
        await asked(one, is_hinting=False)
        assert capsys.readouterr().err == ""
        await asked(one)
        assert capsys.readouterr().err.count("KYSIRA_ADMIN_TOKEN_FILE") == 1
