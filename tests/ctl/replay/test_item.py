"""Requests of files."""

import pytest

from ctl.replay.item import Item, sent
from kysira.types import Request


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("/a?q=%27", b"/a?q=%27"),
        ("/é a", b"/%C3%A9%20a"),
        ("/a\x00b", b"/a%00b"),
        ("/a|b<c>", b"/a|b<c>"),
    ],
)
def test_target_is_as_browsers_send_it(text: str, target: bytes) -> None:
    """What can't stand in a request line is escaped, nothing else."""
    assert sent(text) == target


def test_path_has_no_query() -> None:
    """A sample shows the path alone: a query may hold secrets."""
    assert Item("x", Request("GET", b"/a?token=1")).path == "/a"
    assert Item("x", Request("GET", b"http://h/a?token=1")).path == "/a"
