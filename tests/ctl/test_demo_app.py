"""The demo app shows what reached it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from ctl.demo_app import demo_app
from kysira.serving import start_http


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Serve the app on a free port."""
    server = await start_http(demo_app(), "127.0.0.1", 0, drain_s=0.1)
    yield server.url
    await server.close()


async def test_any_request_is_shown(url: str) -> None:
    """Method, raw path, body size and headers come back, Kysira's apart."""
    headers, body = {"X-Kysira-Score": "0.5", "X-Mine": "1"}, b"x" * 3_000_000
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.put(f"{url}/a%20b?c=1", data=body) as answer,
    ):
        seen = await answer.json()
    assert (seen["method"], seen["path"], seen["body_bytes"]) == ("PUT", "/a%20b?c=1", 3_000_000)
    assert seen["kysira"] == {"X-Kysira-Score": "0.5"}
    assert seen["headers"]["X-Mine"] == "1"


async def test_browser_gets_escaped_html(url: str) -> None:
    """What a request holds is never markup."""
    headers = {"Accept": "text/html", "X-Mine": "<script>alert(1)</script>"}
    async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as answer:
        page = await answer.text()
        assert answer.content_type == "text/html"
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
