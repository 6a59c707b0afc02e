"""Points in time as people say them."""

import pytest

from ctl.events.times import read_time, short_time

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", NOW - 90), ("15m", NOW - 900), ("2h", NOW - 7200), ("1d", NOW - 86400),
        ("1w", NOW - 604800), ("1970-01-02", 86400.0), ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T01:01:00+01:00", 60.0), ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01 00:01:00.5Z", 60.5),
    ],
)  # fmt: skip
def test_time_is_read(text: str, seconds: float) -> None:
    """How long ago, or RFC 3339; UTC where no zone is said."""
    assert read_time(text, lambda: NOW) == seconds


@pytest.mark.parametrize("text", ["", "15", "15 m", "m", "yesterday", "2026-13-01", "20261126T01"])
def test_wrong_time_says_what_to_do(text: str) -> None:
    """The error shows both forms."""
    with pytest.raises(ValueError, match=r"15m.*2026-11-26T01:09:38Z"):
        read_time(text)


def test_short_time_has_the_date_of_other_days() -> None:
    """In UTC, to the second."""
    assert short_time(NOW - 5.4, lambda: NOW) == "13:46:34Z"
    assert short_time(NOW - 86400, lambda: NOW) == "1970-01-11T13:46:40Z"
