"""An Envoy as Contour configures it for external authorization, in front of the app."""

import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.app import App
from tests.envoy import Envoy
from tests.integration.stack import Stack
from tests.processes import ExtProc

CONTOUR = Path(__file__).parents[1] / "data" / "envoy" / "contour.yaml"
QUICK = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}


def with_body(size: int, *, as_bytes: bool = True, partial: bool = True) -> str:
    """Return ``withRequestBody`` as Contour writes it."""
    flags = f"allow_partial_message: {partial}, pack_as_bytes: {as_bytes}".lower()
    return f"{{ max_request_bytes: {size}, {flags} }}"


def contour(app_url: str, grpc: str, **values: str) -> str:
    """Return the configuration with ports and the given values; nothing is late by default."""
    defaults = {
        "NORMALIZE_PATH": "true",
        "MERGE_SLASHES": "true",
        "REMOVE": "[]",
        "TIMEOUT": "60s",
        "FAIL_OPEN": "false",
        "BODY": with_body(131073),
        "RAW_HEADERS": "false",
        "EXT_PROC_PORT": grpc.rpartition(":")[2],
        "APP_PORT": app_url.rpartition(":")[2],
    }
    return string.Template(CONTOUR.read_text()).substitute({**defaults, **values})


@asynccontextmanager
async def running(
    folder: Path, config: dict[str, str] | None = None, **settings: str
) -> AsyncIterator[Stack]:
    """Run everything; ``settings`` are ext-proc's environment variables."""
    app = App()
    await app.start()
    try:
        with ExtProc(folder / "state", **{**QUICK, **settings}) as ext_proc:
            text = contour(app.url, ext_proc.grpc, **(config or {}))
            with Envoy(text, folder) as envoy:
                async with aiohttp.ClientSession() as client:
                    yield Stack(app, ext_proc, envoy, client)
    finally:
        await app.stop()
