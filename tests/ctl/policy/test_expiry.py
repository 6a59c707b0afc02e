"""The end of an exclusion, as a user says it."""

import pytest

from ctl.policy.expiry import DEFAULT, read_expiry, written
from kysira.policy_model import read_moment
from tests.ctl.replay.made import NOW


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("30d", "2027-02-14"), ("2w", "2027-01-29"), ("8h", "2027-01-15T16:00:00Z"),
        ("30m", "2027-01-15T08:30:00Z"), ("2027-12-31", "2027-12-31"),
        ("2027-12-31T18:00:00Z", "2027-12-31T18:00:00Z"), (DEFAULT, "2027-04-15"),
    ],
)  # fmt: skip
def test_end_is_read(text: str, shown: str) -> None:
    """Days end at midnight, and what is written means the same moment."""
    moment = read_expiry(text, lambda: NOW)
    assert moment is not None
    assert written(moment) == shown
    assert read_moment(shown) == moment


def test_never_has_no_end() -> None:
    """It must be said."""
    assert read_expiry("never", lambda: NOW) is None


@pytest.mark.parametrize(
    ("text", "why"), [("soon", "is no end"), ("30", "is no end"), ("2020-01-01", "has passed")]
)
def test_wrong_end_is_refused(text: str, why: str) -> None:
    """With what to write, or that it has passed."""
    with pytest.raises(ValueError, match=why):
        read_expiry(text, lambda: NOW)
