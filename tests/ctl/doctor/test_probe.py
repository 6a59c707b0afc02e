"""The requests that doctor sends, and what comes back."""

from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp import web

from ctl.doctor.probe import ATTACK, attack_in_body, attack_in_query, benign, new_token, send
from kysira import __version__
from kysira.events.redaction import shown_query
from kysira.serving import start_http
from tests.ctl.doctor.closing import closing_server


@pytest.mark.parametrize("url", ["http://a/", "http://a", "http://a/shop?x=1&y=%20"])
def test_probes_keep_the_url(url: str) -> None:
    """They add to its query, and say who they are."""
    for made in (benign(url, "w"), attack_in_query(url), attack_in_body(url)):
        parts = urlsplit(made.url)
        assert (parts.netloc, parts.path) == ("a", urlsplit(url).path or "/")
        query = parse_qsl(parts.query)
        assert query[: -1 or None][: len(parse_qsl(urlsplit(url).query))] == parse_qsl(
            urlsplit(url).query
        )
        assert ("doctor", made.token) in query
        assert made.headers["User-Agent"] == f"kysiractl-doctor/{__version__}"


def test_attacks_are_where_they_are_said_to_be() -> None:
    """One in the query, one in the body whose line is harmless."""
    assert ("q", ATTACK) in parse_qsl(urlsplit(attack_in_query("http://a/").url).query)
    in_body = attack_in_body("http://a/")
    assert (in_body.method, in_body.json_body) == ("POST", {"comment": ATTACK})
    assert "UNION" not in in_body.url


def test_token_is_shown_in_events() -> None:
    """A thousand of them: none looks like a secret, or the event could not be found by it."""
    for _ in range(1000):
        query = f"doctor={new_token()}&q=x"
        assert shown_query(query.encode()).text == query


async def test_answer_is_kept() -> None:
    """Status, headers and body, of a redirect too."""

    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/x", "X-Up": "1"}, text="go")

    app = web.Application()
    app.router.add_get("/", moved)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    async with aiohttp.ClientSession() as session:
        answer = await send(session, benign(server.url, "w"), 5)
    await server.close()
    assert (answer.status, answer.body, answer.headers["x-up"]) == (302, b"go", "1")


async def test_silence_is_told_from_a_cut() -> None:
    """Nobody there is no answer; a connection that is ended after the request is one."""
    async with aiohttp.ClientSession() as session:
        async with closing_server() as url:
            cut = await send(session, benign(url, "w"), 5)
        gone = await send(session, benign(url, "w"), 5)
    assert (cut.status, cut.is_cut) == (0, True)
    assert (gone.status, gone.is_cut) == (0, False)
    assert gone.error == "connection refused"
