"""Targets as users spell them, and the services behind them."""

import pytest

from ctl.fleet.target import Spoken, Target, read_target, resolve


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("127.0.0.1", Spoken("http", "127.0.0.1", 9090)),
        ("waf:9191", Spoken("http", "waf", 9191)),
        ("http://waf/", Spoken("http", "waf", 9090)),
        ("https://waf.example/base/", Spoken("https", "waf.example", 443, "/base")),
        ("[::1]:8080", Spoken("http", "::1", 8080)),
    ],
)
def test_read_target_takes_what_users_write(text: str, spoken: Spoken) -> None:
    """A URL, a host with a port and a bare name are all targets."""
    assert read_target(text) == spoken


@pytest.mark.parametrize(
    "text", ["", "http://", "ftp://a", "a b", "a:port", "http://u:p@a", "a?x=1", "[::1", "a#b"]
)
def test_read_target_refuses_others(text: str) -> None:
    """What can't be a service is refused with a sentence."""
    with pytest.raises(ValueError, match=" "):
        read_target(text)


async def test_resolve_names_each_address_once() -> None:
    """The same service said twice is one target; localhost is one service, not one per family."""
    targets = await resolve([read_target("127.0.0.1:1"), read_target("localhost:1")])
    assert [target.url for target in targets] == ["http://127.0.0.1:1"]
    assert targets[0].name == "127.0.0.1:1"


async def test_resolve_keeps_name_for_certificate() -> None:
    """An https target is asked by address, and its certificate must be for its name."""
    [target] = await resolve([read_target("https://localhost")])
    assert target.url == "https://127.0.0.1:443"
    assert target.server_name == "localhost"
    assert target.spelt == "https://localhost:443"


@pytest.mark.parametrize("name", ["nowhere.invalid", "a..b", "a" * 64])
async def test_resolve_unknown_name_keeps_nobody_waiting(name: str) -> None:
    """A name that nobody knows, or nobody can have, is told of; the others can be asked."""
    unknown, known = await resolve([read_target(name), read_target("127.0.0.1:1")])
    assert unknown.problem
    assert (unknown.name, unknown.spelt) == (f"{name}:9090", f"{name}:9090")
    assert (known.url, known.problem) == ("http://127.0.0.1:1", "")


def test_spelt_of_one_of_many_is_their_name() -> None:
    """No certificate is for the address of one: the name, which means all, can be asked."""
    one = Target("10.0.0.7:8443/base", "https://10.0.0.7:8443/base", "waf.example")
    assert one.spelt == "https://waf.example:8443/base"
