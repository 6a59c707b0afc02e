"""A path is under a prefix by whole segments, however a client writes it."""

import pytest

from kysira.paths import is_under, read_prefix, readings


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/api", "/api", True),
        ("/api/", "/api", True),
        ("/api/x", "/api", True),
        ("/api/x", "/api/", True),
        ("/api", "/api/", True),
        ("/apis", "/api", False),
        ("/ap", "/api", False),
        ("/x/api", "/api", False),
        ("/API", "/api", False),
        ("/anything", "/", True),
        ("", "/", True),
        ("*", "/", True),
        ("*", "/api", False),
    ],
)
def test_prefix_holds_whole_segments(path: str, prefix: str, expected: bool) -> None:
    """``/api`` and ``/api/`` are one prefix; ``/apis`` is none of their business."""
    assert is_under(path, prefix) is expected


@pytest.mark.parametrize(
    "target",
    [
        b"/admin", b"/admin/", b"/admin/x.php?a=/../", b"/admin/a..b", b"/admin/...",
        b"/admin/a%20b", b"/admin/caf%C3%A9", b"/admin/x%2Dy", b"http://h/admin/x?y",
        b"/admin/a;b=c", b"/admin/a%2fb", b"/admin/~me", b"/admin/100%", b"/admin/%zz",
    ],
)  # fmt: skip
def test_ordinary_path_is_sure(target: bytes) -> None:
    """What every app reads under the prefix is under it, whatever stands behind."""
    found = readings(target)
    assert found.are_under("/admin")
    assert found.may_be_under("/admin")
    assert not found.may_be_under("/adm")


@pytest.mark.parametrize(
    "target",
    [
        b"/%61dmin", b"/%61dmin/x", b"/%2561dmin", b"//admin", b"/admin//..//x", b"/admin%2fx",
        b"/admin;a=b", b"/admin;a/x", b"/admin\\x", b"/admin%5cx", b"/admin#x", b"/admin%3fx",
        b"/admin%23", b"/x/../admin", b"/x/%2e%2e/admin", b"/x/..;/admin", b"/x/..%2fadmin",
        b"/x/%252e%252e/admin", b"/x/..%c0%afadmin", b"/x/..\\admin", b"/./admin", b"/x/..%00/y",
        b"/x/%ef%bc%8e%ef%bc%8e/admin", b"/x/%u002e%u002e/admin", b"/admin/..", b"/admin/%2e%2e/x",
        b"//x/admin", b"/\\x/admin", b"///x/admin", b"//x\\admin", b"//x%2fy/admin", b"/%2fx/admin",
        b"http://h//x/admin", b"/admin%00", b"/admin%00.png", b"/admin%0a", b"/admin%20/x",
        b"/admin%09", b"/%20admin", b"/admin/..%00x", b"/%252561dmin", b"/%25252561dmin",
    ],
)  # fmt: skip
def test_odd_path_may_be_there(target: bytes) -> None:
    """What some app reads under the prefix, and another elsewhere, may be under it."""
    found = readings(target)
    assert found.may_be_under("/admin")
    assert not found.are_under("/admin")


@pytest.mark.parametrize("target", [b"/administrator", b"/x/admin", b"/", b"", b"*", b"host:443"])
def test_other_path_is_not_there(target: bytes) -> None:
    """Nobody reads these under the prefix; all are under "/"."""
    found = readings(target)
    assert not found.may_be_under("/admin")
    assert found.are_under("/")


@pytest.mark.parametrize(
    "target",
    [
        b"admin", b"\\admin", b"%2fadmin", b"abcdefghijklmnopqrst://h/admin", b"ws://h/admin",
        b"http:/admin", b"http://h\\admin/x", b"http://h#/admin", b"http://h%2fadmin", b"#/admin",
        b";/admin", b"http:///admin",
    ],
)  # fmt: skip
def test_target_that_is_none_may_be_anywhere(target: bytes) -> None:
    """An app that takes it at all may read any path in it."""
    found = readings(target)
    assert found.is_anywhere
    assert found.are_under("/")


def test_climbing_path_may_be_anywhere() -> None:
    """Where it leads is not even asked."""
    found = readings(b"/a/../b")
    assert found.is_anywhere
    assert found.may_be_under("/not/there")
    assert not found.are_under("/b")
    assert found.are_under("/")


def test_long_odd_path_may_be_anywhere() -> None:
    """Nobody has to look through 64 kB of escapes; a plain one is as long as it likes."""
    for piece in (b"/%2e", b"//", b"\\", b";", b"%25", b"/%c0%af", b"/a/.."):
        assert readings(b"/" + piece * (65536 // len(piece))).is_anywhere
    assert readings(b"/admin" + b"/abc" * 16384).are_under("/admin")


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("/", "/"), ("/api", "/api"), ("/api/", "/api"), ("/caf%C3%A9/", "/café"), ("/a b", "/a b")],
)
def test_prefix_is_read_as_it_is_compared(text: str, prefix: str) -> None:
    """Without the last slash, and decoded."""
    assert read_prefix(text) == prefix


@pytest.mark.parametrize(
    "text",
    ["", "api", "*", "/a/../b", "/a//b", "/%61", "/a%2fb", "/a;b", "/a?b", "/a#b", "/a\\b", "/./a"],
)
def test_prefix_that_is_ambiguous_is_refused(text: str) -> None:
    """Nobody could say what it holds."""
    with pytest.raises(ValueError, match=r"must begin|in more than one way"):
        read_prefix(text)
