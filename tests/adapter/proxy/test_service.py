"""The service is built from its settings; tests/integration/test_proxy_*.py run it."""

import asyncio
import resource
from pathlib import Path

from adapter.proxy.limits import Limits
from adapter.proxy.service import limits_of
from adapter.settings import ProxySettings
from tests.adapter.raw import RawApp, ask, get
from tests.integration.proxy import running_proxy


def test_limits_are_what_is_set() -> None:
    """In seconds; the others are left alone."""
    limits = limits_of(ProxySettings(connect_timeout_ms=1500, upstream_timeout_ms=250))
    assert (limits.connect_s, limits.answer_s) == (1.5, 0.25)
    assert limits.header_s == Limits().header_s


async def test_upstream_timeout_is_obeyed(tmp_path: Path) -> None:
    """By the program: an app that thinks for too long is a 504."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with RawApp(talk=talk).running() as app:
        settings = {
            "KYSIRA_TARGET_URL": f"http://127.0.0.1:{app.port}",
            "KYSIRA_UPSTREAM_TIMEOUT_MS": "200",
        }
        async with running_proxy(tmp_path, **settings) as stack:
            assert (await ask(stack.port, get())).startswith(b"HTTP/1.1 504 ")


async def test_many_clients_may_connect(tmp_path: Path) -> None:
    """The limit of open files is the highest that the system grants."""
    async with running_proxy(tmp_path) as stack:
        limits = Path(f"/proc/{stack.program.pid}/limits")
        rows = [line.split() for line in limits.read_text().splitlines()]
        soft, hard = next(row[3:5] for row in rows if row[:3] == ["Max", "open", "files"])
        assert soft == hard == str(resource.getrlimit(resource.RLIMIT_NOFILE)[1])
