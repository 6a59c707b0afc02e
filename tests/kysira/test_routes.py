"""The first route that matches holds; where apps may disagree, all that may are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kysira.paths import Readings
from kysira.routes import ANY_HOST, Head, Match, Route, head_of, match
from kysira.types import Request

ROUTES = (
    Route("uploads", "shop.example", "/upload", frozenset({"POST", "PUT"})),
    Route("shops", "*.shop.example"),
    Route("admin", path="/admin"),
    Route("writes", methods=frozenset({"POST"})),
)


def found(method: str, target: bytes, *hosts: bytes) -> Match:
    """Return what matches a request to these hosts."""
    names = (":authority", "host")
    headers = tuple(zip(names, hosts, strict=False))
    return match(ROUTES, head_of(Request(method, target, headers)))


@pytest.mark.parametrize(
    ("method", "target", "host", "route"),
    [
        ("POST", b"/upload/x", b"shop.example", 0),
        ("PUT", b"/upload?x", b"SHOP.example:8080", 0),
        ("post", b"/upload", b"shop.example.", 0),
        ("POST", b"/upload", b"shop.example:", 0),
        ("POST", b"/uploads", b"shop.example", 3),
        ("GET", b"/upload", b"shop.example", None),
        ("GET", b"/", b"a.shop.example", 1),
        ("GET", b"/", b"a.b.shop.example", 1),
        ("GET", b"/", b"ashop.example", None),
        ("GET", b"/", b".shop.example", None),
        ("GET", b"/admin", b"a.shop.example", 1),
        ("GET", b"/admin/", b"", 2),
        ("POST", b"/admin", b"[::1]:80", 2),
        ("POST", b"/x", b"x", 3),
        ("GET", b"/x", b"x", None),
    ],
)
def test_first_that_matches_holds(
    method: str, target: bytes, host: bytes, route: int | None
) -> None:
    """Host, path and method must all fit; the host's case, port and last dot don't matter."""
    expected = Match((), is_open=True) if route is None else Match((route,), is_open=False)
    assert found(method, target, host) == expected


def test_host_of_the_target_counts_too() -> None:
    """The target may name the host (RFC 9112 §3.2.2), and agree with the header."""
    assert found("GET", b"http://a.shop.example/x").routes == (1,)
    assert found("GET", b"http://a.shop.example:80?x", b"a.shop.example") == Match(
        (1,), is_open=False
    )


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        (b"http://a.shop.example/", (b"other",)),
        (b"http://other/", (b"a.shop.example",)),
        (b"/", (b"a.shop.example", b"other")),
    ],
)
def test_two_hosts_may_match(target: bytes, hosts: tuple[bytes, ...]) -> None:
    """Where several are named the app may believe either."""
    assert found("GET", target, *hosts) == Match((1,), is_open=True)


@pytest.mark.parametrize(
    "host",
    [
        b"a.shop.example:evil", b"a.shop.example:80:80", b"a.shop.example..", b"a.shop.example, x",
        b"a.shop.example/x", b"a%2eshop.example", b"a.shop.example#", b"a.shop.example\\x",
        b"x@a.shop.example", b"a.shop.example:80@x", b"a.shop.example\xe3\x80\x82",
        b"a.shop.example:\xb2", b"a.shop.example :80", b"[a.shop.example]", b"a.shop.example\0",
    ],
)  # fmt: skip
def test_host_that_is_none_may_match(host: bytes) -> None:
    """Express ends it at a colon, others elsewhere: it may be any, and is surely none."""
    assert found("GET", b"/", host) == Match((1,), is_open=True)
    assert found("POST", b"/upload", host) == Match((0, 1, 3), is_open=False)
    assert found("GET", b"/", b"a.shop.example", host) == Match((1,), is_open=True)


def test_many_hosts_are_any() -> None:
    """Nobody in earnest names so many, and each would be compared with every route."""
    headers = tuple([("host", b"h%d.shop.example" % n) for n in range(100)])
    head = head_of(Request("GET", b"/", headers))
    assert head.hosts == (ANY_HOST,)
    assert match(ROUTES, head) == Match((1,), is_open=True)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_head_is_matched(host: bytes, target: bytes) -> None:
    """Nothing that a client sends raises."""
    places = found("GET", target, host).routes
    assert places == tuple(sorted(places))


def test_odd_path_may_match_several() -> None:
    """Every route that the path may lead to is told, up to the first that is sure."""
    assert found("GET", b"/%61dmin", b"x") == Match((2,), is_open=True)
    assert found("POST", b"/%61dmin", b"x") == Match((2, 3), is_open=False)
    assert found("POST", b"/a/../b", b"shop.example") == Match((0, 2, 3), is_open=False)
    assert found("GET", b"/a/../b", b"a.shop.example") == Match((1,), is_open=False)


def test_no_host_matches_no_name() -> None:
    """A request without one is to no host in particular."""
    assert found("GET", b"/") == Match((), is_open=True)


HOST = st.sampled_from(["", "a", "b.a", "*.a", "c"])
PATH = st.sampled_from(["/", "/a", "/a/b", "/ab", "/b"])
ROUTE = st.builds(
    Route,
    st.just("r"),
    HOST,
    PATH,
    st.frozensets(st.sampled_from(["GET", "POST"]), max_size=2),
)


@given(st.lists(ROUTE, max_size=5), HOST, PATH, st.sampled_from(["GET", "PUT"]))
def test_ordinary_requests_match_like_others(
    routes: list[Route], host: str, path: str, method: str
) -> None:
    """The short way to an answer gives the answer of the long one."""
    head = Head((host,), method, Readings((path,)))
    assert match(routes, head) == match(routes, head._replace(hosts=(host, host)))
    assert match(routes, head) == match(routes, head._replace(paths=Readings((path, path))))


def test_long_host_is_compared_too() -> None:
    """It is only not remembered."""
    name = "a." * 200 + "shop.example"
    assert found("GET", b"/", name.encode()) == Match((1,), is_open=False)
