"""However apps read a path, none is outside of what its readings say."""

import posixpath
import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import unquote_to_bytes, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from kysira.paths import is_under, read_prefix, readings
from tests.fuzz.examples import examples

PIECES = [
    b"/", b"//", b"/admin", b"/static", b"admin", b"static", b"/..", b"/.", b"..", b".", b";",
    b";x", b"%2e", b"%2E", b"%2f", b"%5c", b"\\", b"%61", b"%252e", b"%252f", b"%25", b"#", b"%23",
    b"?", b"%3f", b"a", b"%20", b"\xc3\xa9", b"%c3%a9", b"%00", b"+", b"//x", b"/x", b"%0a",
]  # fmt: skip
PATHS = st.lists(st.sampled_from(PIECES), max_size=8).map(lambda pieces: b"/" + b"".join(pieces))
App = Callable[[bytes], bytes]


def resolved(path: bytes) -> bytes:
    """Return the path after its dots."""
    return re.sub(rb"//+", b"/", posixpath.normpath(b"/" + path.lstrip(b"/")))


def as_sent(path: bytes) -> bytes:
    """Read it as a router of raw paths does."""
    return path


def like_nginx(path: bytes) -> bytes:
    """Decode once, cut at "#", merge slashes, resolve dots."""
    return resolved(unquote_to_bytes(path.partition(b"#")[0]))


def like_tomcat(path: bytes) -> bytes:
    """Cut parameters off each name, decode, resolve dots."""
    names = [name.partition(b";")[0] for name in path.split(b"/")]
    return resolved(unquote_to_bytes(b"/".join(names)))


def like_iis(path: bytes) -> bytes:
    """Decode, take backslashes for slashes, resolve dots."""
    return resolved(unquote_to_bytes(path).replace(b"\\", b"/"))


def twice(path: bytes) -> bytes:
    """Decode twice, as a proxy and an app behind it do."""
    return resolved(unquote_to_bytes(unquote_to_bytes(path)))


def rewritten(path: bytes) -> bytes:
    """Decode, and read what comes out once more as a target."""
    return resolved(unquote_to_bytes(path).partition(b"?")[0])


def thrice(path: bytes) -> bytes:
    """Decode once more than that."""
    return twice(unquote_to_bytes(path))


def like_python(path: bytes) -> bytes:
    """Take the target for a reference, which may name a host, then decode."""
    with suppress(ValueError):
        path = urlsplit(path).path
    return resolved(unquote_to_bytes(path))


def like_node(path: bytes) -> bytes:
    """Do what new URL(path, base) does: backslashes are slashes, two of them name a host."""
    path = path.partition(b"#")[0].replace(b"\\", b"/")
    if path.startswith(b"//"):
        path = b"/" + path.lstrip(b"/").partition(b"/")[2]
    return resolved(unquote_to_bytes(path))


def like_c(path: bytes) -> bytes:
    """Decode, and end at a zero byte."""
    return resolved(unquote_to_bytes(path).partition(b"\0")[0])


def trimmed(path: bytes) -> bytes:
    """Decode, and drop the blanks around each name."""
    names = unquote_to_bytes(path).split(b"/")
    return resolved(b"/".join([name.strip() for name in names]))


APPS: list[App] = [
    as_sent, like_nginx, like_tomcat, like_iis, twice, rewritten, thrice, like_python, like_node,
    like_c, trimmed,
]  # fmt: skip


@examples(3000)
@given(PATHS)
@example(b"/static/..%2fadmin")
@example(b"/static/%252e%252e/admin")
@example(b"/static/..;/admin")
@example(b"/%61dmin")
@example(b"/#/../admin")
@example(b"/admin/..#")
@example(b"/;\\%25/admin")
@example(b"/;%2f%25/admin")
@example(b"//x/admin")
@example(b"//x\\y/admin")
@example(b"/%5cx/admin")
@example(b"/\\x/admin")
@example(b"//x%2fy/admin")
@example(b"/admin%00.png")
@example(b"/admin/..%00admin")
@example(b"/x;%00/../admin")
@example(b"/admin%20/x")
@example(b"/%0a%2e/admin")
@example(b"/%25%32%35%36%31dmin")
def test_readings_hold_what_any_app_reads(target: bytes) -> None:
    """Surely under a prefix is so for every app; where one app is under it, it may be."""
    found = readings(target)
    path = target.partition(b"?")[0]
    for app in APPS:
        read = app(path).decode("utf-8", "replace")
        for prefix in ("/admin", "/static", "/static/admin"):
            if found.are_under(prefix):
                assert is_under(read, prefix), app
            if is_under(read, prefix):
                assert found.may_be_under(prefix), app


@examples(500)
@given(st.binary(max_size=60))
def test_any_target_has_readings(target: bytes) -> None:
    """Nothing raises, everything is under "/", and what is sure is possible."""
    found = readings(target)
    assert found.are_under("/")
    for prefix in ("/a", "/", "/admin"):
        assert found.may_be_under(prefix) or not found.are_under(prefix)


@examples(500)
@given(st.text(max_size=20).map(lambda text: f"/{text}"))
def test_any_prefix_is_read_or_refused(text: str) -> None:
    """What is taken holds itself; anything else is one ValueError."""
    try:
        prefix = read_prefix(text)
    except ValueError:
        return
    assert prefix == "/" or not prefix.endswith("/")
    assert is_under(prefix, prefix)
