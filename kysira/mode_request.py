"""Reads what a POST to /api/mode asks for."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kysira.mode_store import Wish
from kysira.types import Mode

MAX_TTL_SECONDS = 30 * 24 * 3600.0
_KEYS = ("mode", "ttl_seconds", "expires_at", "back_to", "if_mode")
_MIDDLE_S = 0.0005
"""An end is told to the millisecond, rounded down: from the middle of one the same is told again,
whatever a float makes of it."""


def read_wish(body: bytes, now: float) -> Wish:
    """Return what is asked for; raises ValueError saying what to send instead.

    What GET tells of a flip can be asked for as it is: ``mode``, ``expires_at`` and ``back_to``.
    """
    try:
        row = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError('the body must be JSON: {"mode": "active"}') from None
    mode = _mode(row, "mode") if isinstance(row, dict) else None
    if mode is None:
        raise ValueError('mode must be "shadow" or "active"')
    if unknown := sorted(row.keys() - set(_KEYS)):
        # A flip that should end by itself must not become one for good.
        raise ValueError(f"unknown: {', '.join(unknown)[:80]}; there are {', '.join(_KEYS)}")
    ttl, expires_at, back_to = _ttl(row), _end(row, now), _mode(row, "back_to")
    if ttl is not None and expires_at is not None:
        raise ValueError("send ttl_seconds or expires_at, not both")
    if back_to is not None and ttl is None and expires_at is None:
        raise ValueError("back_to needs ttl_seconds or expires_at: without an end nothing follows")
    return Wish(mode, ttl, expires_at, back_to, _mode(row, "if_mode"))


def _mode(row: Mapping[str, Any], key: str) -> Mode | None:
    said = row.get(key)
    if said is None:
        return None
    if said not in list(Mode):
        raise ValueError(f'{key} must be "shadow" or "active"')
    return Mode(said)


def _ttl(row: Mapping[str, Any]) -> float | None:
    ttl = row.get("ttl_seconds")
    if ttl is None:
        return None
    is_number = isinstance(ttl, (int, float)) and not isinstance(ttl, bool)
    if not is_number or not 0 < ttl <= MAX_TTL_SECONDS:
        raise ValueError(f"ttl_seconds must be a number over 0, at most {MAX_TTL_SECONDS:.0f}")
    return float(ttl)


def _end(row: Mapping[str, Any], now: float) -> float | None:
    said = row.get("expires_at")
    if said is None:
        return None
    end = _time(said)
    if end is None or end - now > MAX_TTL_SECONDS:
        raise ValueError(
            "expires_at must be a time with its zone, such as 2026-12-31T18:00:00Z, at most "
            f"{MAX_TTL_SECONDS:.0f} s ahead"
        )
    return end + _MIDDLE_S


def _time(said: Any) -> float | None:
    try:
        when = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return None
    return when.timestamp() if when.tzinfo else None
