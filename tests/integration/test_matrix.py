"""Each of the 14 attack classes, in each place of a request, through a real Envoy."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from kysira.types import Place, Request
from tests.inference.test_detectors import SLUGS
from tests.integration.stack import Stack, running
from tests.placement import MATRIX_PLACES, request_with

FOLDER = Path(__file__).parents[1] / "data" / "matrix"
CELLS = [(slug, place) for slug in SLUGS for place in MATRIX_PLACES]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Return one data path for all cells."""
    async with running(tmp_path_factory.mktemp("matrix")) as running_stack:
        yield running_stack


def cell(slug: str, place: Place) -> dict[str, str]:
    """Return the cell of the committed matrix: name and input, or a reason for being empty."""
    found: dict[str, str] = json.loads((FOLDER / f"{slug}.json").read_text())[place.value]
    return found


async def send(stack: Stack, request: Request) -> aiohttp.ClientResponse:
    """Send the request as it stands, target and all."""
    headers = [(name, value.decode("latin-1")) for name, value in request.headers]
    url = URL(stack.url + request.target.decode("latin-1"), encoded=True)
    return await stack.client.request(
        request.method, url, headers=headers, data=request.body or None, allow_redirects=False
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("slug", "place"), CELLS, ids=[f"{s}-{p}" for s, p in CELLS])
async def test_attack_is_flagged_and_blocked(stack: Stack, slug: str, place: Place) -> None:
    """In shadow the app hears of it; in active the client gets 403 and the app nothing."""
    found = cell(slug, place)
    if "reason" in found:
        assert len(found["reason"]) > 20
        return
    request = request_with(place, found["name"], found["input"])
    await stack.set_mode("shadow")
    before = len(stack.app.received)
    answer = await send(stack, request)
    assert answer.status == 200, await answer.text()
    seen = stack.app.received[before].headers
    assert seen["x-kysira-would-have-killed"] == "true"
    assert float(seen["x-kysira-score"]) >= 0.95
    assert seen["x-kysira-mode"] == "shadow"
    await stack.set_mode("active")
    answer = await send(stack, request)
    assert answer.status == 403
    refused = await answer.json()
    assert refused["error"] == "forbidden"
    assert refused["reason"]
    assert refused["score"] >= 0.95
    assert len(stack.app.received) == before + 1


def test_few_cells_are_empty() -> None:
    """An empty cell is an exception, not a way out."""
    empty = [(s, p.value) for s, p in CELLS if "reason" in cell(s, p)]
    assert len(empty) <= 6, empty
