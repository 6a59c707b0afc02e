"""Answers of a scoring service that want too much of us, or would say too much in a log."""

import asyncio
import gzip
import json
from contextlib import suppress

import pytest
from aiohttp import web

from kysira.errors import ScoringError
from kysira.scorer import HttpScorer
from kysira.wire import verdict_to_json
from tests.kysira.test_scorer import OPTIONS, REQUEST, VERDICT, scorer_of, server_of


async def test_endless_answer_is_an_error() -> None:
    """What is far too long for a verdict is not read to its end."""

    async def answer(call: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(call)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * 65536)
        return response

    async with asyncio.timeout(30), scorer_of(answer) as scorer:
        with pytest.raises(ScoringError, match="without end"):
            await scorer.score(REQUEST, OPTIONS)
        assert scorer.is_failing


async def test_answer_is_not_inflated() -> None:
    """A small answer can't become a large one: a plain one is asked for, and read as it comes."""
    asked = []

    async def answer(call: web.Request) -> web.Response:
        asked.append(call.headers["Accept-Encoding"])
        body = gzip.compress(json.dumps(verdict_to_json(VERDICT)).encode())
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async with scorer_of(answer) as scorer:
        with pytest.raises(ScoringError, match="unreadable"):
            await scorer.score(REQUEST, OPTIONS)
    assert asked == ["identity"]


async def test_no_cookie_is_kept() -> None:
    """A service is told nothing but the request."""
    seen = []

    async def answer(call: web.Request) -> web.Response:
        seen.append(call.headers.get("Cookie"))
        told = web.json_response(verdict_to_json(VERDICT))
        told.set_cookie("a", "1")
        return told

    async with scorer_of(answer) as scorer:
        url = scorer.description.replace("127.0.0.1", "localhost")  # addresses get no cookies
        named = HttpScorer(url)
        await named.score(REQUEST, OPTIONS)
        await named.score(REQUEST, OPTIONS)
        await named.close()
    assert seen == [None, None]


@pytest.mark.parametrize(
    "sent",
    [
        b"hunter2\r\n\r\n", b"HTTP/1.1 200 OK\r\nhunter2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz hunter2\r\n",
    ],
)  # fmt: skip
async def test_broken_answer_is_not_quoted(sent: bytes) -> None:
    """The error is logged, and what is no HTTP may be part of a request."""

    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(sent)
        await writer.drain()
        writer.close()

    async with server_of(garble) as scorer:
        with pytest.raises(ScoringError, match="inference at") as raised:
            await scorer.score(REQUEST, OPTIONS)
        assert "hunter2" not in str(raised.value)
