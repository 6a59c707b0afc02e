"""Times as operators write and read them."""

import pytest

from ctl.mode.ttl import MAX_TTL_S, iso, left_text, read_ttl, until_text
from kysira.mode_request import MAX_TTL_SECONDS


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("30m", 1800), ("2h", 7200), ("1d", 86400), ("30d", 2592000)]
)
def test_read_ttl_takes_units(text: str, seconds: int) -> None:
    """Seconds, minutes, hours and days."""
    assert read_ttl(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "30", "1.5h", "-5m", "31d", "1h30m", "5 m", "٣m", "1w"])
def test_read_ttl_refuses_others(text: str) -> None:
    """What the services would not take, or what could be misread, is refused with an example."""
    with pytest.raises(ValueError, match="such as 30m"):
        read_ttl(text)


def test_read_ttl_limit_is_the_services() -> None:
    """The longest time is what a service takes."""
    assert MAX_TTL_S == MAX_TTL_SECONDS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0s"), (59, "59s"), (60, "1m"), (3725, "1h 2m"), (90000, "1d 1h"), (-4, "0s")],
)
def test_left_text_has_two_units(seconds: float, text: str) -> None:
    """A time is told as precisely as somebody needs it."""
    assert left_text(seconds) == text


def test_until_text_tells_when_and_how_long() -> None:
    """An end is told in UTC and as what is left; none is for good."""
    assert until_text(None) == "for good"
    assert until_text(1800.0, now=0.0) == "1970-01-01T00:30:00Z (in 30m)"
    assert iso(0.4) == "1970-01-01T00:00:00Z"
