"""When it is tried again."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from kysira.events.sinks.retry import Backoff, is_passing, retry_after_s

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    "status", [302, 308, 401, 403, 404, 407, 408, 425, 429, 500, 502, 503, 504, 599]
)
def test_passing_status_is_tried_again(status: int) -> None:
    """These may work later: at another time, or with another key or URL."""
    assert is_passing(status)


@pytest.mark.parametrize("status", [400, 405, 410, 413, 415, 422])
def test_lasting_status_is_not(status: int) -> None:
    """These say that this batch will never be taken."""
    assert not is_passing(status)


def test_backoff_grows_to_its_bound() -> None:
    """It doubles with each failure, is never over its bound, and not the same for everybody."""
    longest = Backoff(0.5, 60, chance=lambda: 1.0)
    shortest = Backoff(0.5, 60, chance=lambda: 0.0)
    assert [longest.delay_s(n) for n in (1, 2, 3, 7, 8, 10_000)] == [0.5, 1, 2, 32, 60, 60]
    assert [shortest.delay_s(n) for n in (1, 2, 8)] == [0.25, 0.5, 30]
    assert len({Backoff().delay_s(5) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        (None, None), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("٣", None),
        ("0", 0), ("7", 7), (" 7 ", 7), ("301", 300), ("9" * 400, 300),
        (format_datetime(datetime.fromtimestamp(NOW + 20, UTC), usegmt=True), 20),
        (format_datetime(datetime.fromtimestamp(NOW - 20, UTC), usegmt=True), 0),
        (format_datetime(datetime.fromtimestamp(NOW + 9000, UTC), usegmt=True), 300),
        ("Wed, 99 Foo 2026 99:99:99 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read(text: str | None, wait_s: float | None) -> None:
    """Seconds and dates are, up to five minutes; everything else asks for nothing."""
    assert retry_after_s(text, NOW) == wait_s
