"""What a POST to /api/mode may ask for, key by key."""

import json
from typing import Any

import pytest

from kysira.events.event import timestamp
from kysira.mode_request import MAX_TTL_SECONDS, read_wish
from kysira.mode_store import Wish
from kysira.types import Mode

NOW = 1_700_000_000.0
END = "2023-11-14T22:14:20Z"  # a minute later
S, A = Mode.SHADOW, Mode.ACTIVE


def read(**said: Any) -> Wish:
    """Return what is read of a body with these keys, and a mode."""
    return read_wish(json.dumps({"mode": "active", **said}).encode(), NOW)


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ({}, Wish(A)),
        ({"ttl_seconds": 60}, Wish(A, 60.0)),
        ({"ttl_seconds": 60, "back_to": "active"}, Wish(A, 60.0, back_to=A)),
        ({"if_mode": "shadow"}, Wish(A, if_mode=S)),
        (dict.fromkeys(("ttl_seconds", "expires_at", "back_to", "if_mode")), Wish(A)),
    ],
)
def test_wish_is_read(said: dict[str, Any], wish: Wish) -> None:
    """Every key but the mode may be missing, or null."""
    assert read(**said) == wish


@pytest.mark.parametrize(
    "end", [END, "2023-11-14T22:14:20.000Z", "2023-11-14T23:14:20+01:00", "2001-01-01T00:00:00Z"]
)
def test_end_is_read(end: str) -> None:
    """A time in any zone, also a past one: what was put back late may be over."""
    wish = read(expires_at=end, back_to="shadow")
    assert wish.back_to is S
    assert wish.expires_at is not None
    expected = 978_307_200 if end.startswith("2001") else NOW + 60
    assert wish.expires_at == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("millisecond", range(0, 1000, 7))
def test_end_is_told_again_as_it_was(millisecond: int) -> None:
    """No float makes it another millisecond."""
    end = f"2023-11-14T22:14:20.{millisecond:03d}Z"
    wish = read(expires_at=end)
    assert wish.expires_at is not None
    assert timestamp(wish.expires_at) == end


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"ttl": 5}, "unknown: ttl; there are mode, ttl_seconds, expires_at, back_to, if_mode"),
        ({"expires_at": END, "ttl_seconds": 60}, "not both"),
        ({"back_to": "shadow"}, "needs ttl_seconds or expires_at"),
        ({"ttl_seconds": 60, "back_to": "off"}, "back_to must be"),
        ({"ttl_seconds": 60, "back_to": ["shadow"]}, "back_to must be"),
        ({"if_mode": "ACTIVE"}, "if_mode must be"),
        ({"if_mode": True}, "if_mode must be"),
        ({"if_mode": {}}, "if_mode must be"),
        ({"expires_at": "soon"}, "expires_at must be a time with its zone"),
        ({"expires_at": "2023-11-14T22:14:20"}, "expires_at must be"),
        ({"expires_at": "2023-11-14"}, "expires_at must be"),
        ({"expires_at": NOW + 60}, "expires_at must be"),
        ({"expires_at": ""}, "expires_at must be"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at must be"),
        ({"expires_at": "2023-12-14T22:13:21Z"}, f"at most {MAX_TTL_SECONDS:.0f} s ahead"),
        ({"mode": "off"}, "mode must be"),
        ({"mode": None}, "mode must be"),
    ],
)
def test_unclear_wish_is_refused(said: dict[str, Any], error: str) -> None:
    """With what to send instead."""
    with pytest.raises(ValueError, match=error):
        read(**said)


def test_oldest_time_is_over() -> None:
    """The ends of the calendar break nothing."""
    assert (read(expires_at="0001-01-01T00:00:00+23:59").expires_at or 0) < NOW
