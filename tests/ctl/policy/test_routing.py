"""Why a request falls under a route."""

import itertools

import pytest

from ctl.policy.routing import Fit, considered
from kysira.routes import Route, head_of, match
from kysira.types import Request

ROUTES = (
    Route("api", path="/api", methods=frozenset({"POST"})),
    Route("admin", "shop.example", "/admin"),
    Route("sub", "*.shop.example"),
    Route("all", path="/"),
    Route("after", path="/x"),
)


def told(target: bytes, method: str = "GET", *hosts: bytes) -> list[tuple[str, Fit, str]]:
    """Return what is said of each route."""
    request = Request(method, target, tuple(("host", host) for host in hosts))
    found = considered(ROUTES, head_of(request))
    return [(each.route.name, each.fit, each.why) for each in found]


def test_first_match_ends_it() -> None:
    """Each before it says what does not fit; each after it is not reached."""
    assert told(b"/api/x", "POST") == [
        ("api", Fit.MATCHES, "method POST is one of POST; path /api/x against /api"),
        *[(name, Fit.NOT_REACHED, "api matches before it")
          for name in ("admin", "sub", "all", "after")],
    ]  # fmt: skip
    assert told(b"/apis", "GET", b"shop.example")[:4] == [
        ("api", Fit.NO, "method GET is none of POST; path /apis against /api"),
        ("admin", Fit.NO, "path /apis against /admin"),
        ("sub", Fit.NO, "host shop.example against *.shop.example"),
        ("all", Fit.MATCHES, "it takes every request"),
    ]


def test_ambiguous_request_may_match() -> None:
    """What apps read differently may be a route's, and is said to."""
    odd = told(b"/x/..;/admin", "GET", b"shop.example")
    assert odd[1][:2] == ("admin", Fit.MAY_MATCH)
    assert "anywhere against /admin" in odd[1][2]
    two = told(b"/admin", "GET", b"shop.example", b"other")
    assert two[1] == ("admin", Fit.MAY_MATCH, "host shop.example and other against shop.example")


@pytest.mark.parametrize("target", [b"/api", b"/admin/x", b"/%61dmin", b"/a/../admin", b"/x"])
def test_routes_are_those_that_decide(target: bytes) -> None:
    """What is said is what ``match`` does, which decides for real."""
    for method, host in itertools.product(("GET", "POST"), (b"shop.example", b"a.shop.example")):
        head = head_of(Request(method, target, (("host", host),)))
        found = considered(ROUTES, head)
        fits = [n for n, each in enumerate(found) if each.fit in (Fit.MATCHES, Fit.MAY_MATCH)]
        assert tuple(fits) == match(ROUTES, head).routes
