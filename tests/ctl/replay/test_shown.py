"""What an event hides is known for hidden."""

import pytest

from ctl.replay.shown import is_location_whole, is_path_whole, known_path
from kysira.events.redaction import shown_location, shown_path

SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (b"/shop/cart", "/shop/cart"),
        (b"/", "/"),
        (f"/reset/{SECRET}/x".encode(), "/reset"),
        (f"/{SECRET}".encode(), ""),
        (b"/a/" + b"b" * 9000, "/a"),
        (b"/a/b\x01c/d", "/a"),
    ],
)
def test_path_is_known_up_to_what_is_hidden(sent: bytes, known: str) -> None:
    """Masked and cut segments, and ones with odd bytes, are not known, nor what follows."""
    shown = shown_path(sent).text
    assert known_path(shown) == known
    assert is_path_whole(shown) is (known == sent.decode("latin-1"))


@pytest.mark.parametrize(
    ("location", "is_whole"),
    [
        ("query:q", True), ("form:items[3][name]", True), ("json:user.name", True),
        ("header:user-agent", True), ("path", True), ("query:odd name!", True),
        ("form:odd name!", False), (f"query:{SECRET}", False), (f"cookie:{SECRET}", False),
    ],
)  # fmt: skip
def test_location_is_whole_when_shown(location: str, is_whole: bool) -> None:
    """A name that may be a value is a shape, or masked; a shape is known for one."""
    assert is_location_whole(shown_location(location)) is is_whole
