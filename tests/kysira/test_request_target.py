"""The path that a request is about, however its target is written."""

import pytest

from kysira.request_target import origin_form


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a?b=http://c/d", b"/a?b=http://c/d"), (b"*", b"*"), (b"", b""),
        (b"http://h/a//b?c", b"/a//b?c"), (b"HTTPS://ann:pw@h:1/a", b"/a"),
        (b"http://h", b"/"), (b"http://h?q=/x", b"?q=/x"), (b"a" * 20 + b"://h/", b"a" * 20 + b"://h/"),
    ],
)  # fmt: skip
def test_authority_is_left_out(target: bytes, path: bytes) -> None:
    """An absolute target names a server, and perhaps a user, before its path."""
    assert origin_form(target) == path
