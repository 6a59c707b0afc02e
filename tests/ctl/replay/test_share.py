"""Shares are read and told."""

import pytest

from ctl.replay.share import percent, read_share, told


@pytest.mark.parametrize(
    ("text", "share"), [("0.1%", 0.001), ("0.001", 0.001), ("0", 0.0), ("100%", 1.0), ("1", 1.0)]
)
def test_share_is_read(text: str, share: float) -> None:
    """With a sign it is of a hundred, without of one."""
    assert read_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "%", "5", "-1%", "101%", "nan", "a"])
def test_no_share_is_refused(text: str) -> None:
    """What is no share says how to write one; 5 may be meant as 5%."""
    with pytest.raises(ValueError, match=r"write 0\.1% or 0\.001"):
        read_share(text)


def test_share_has_its_interval() -> None:
    """A count is told with Wilson's interval; of nothing there is none."""
    assert told(1, 1000) == "1 (0.1 %; 95 % interval 0.0177 % to 0.564 %)"
    assert told(0, 0) == "0"
    assert percent(0.123456) == "12.3 %"
