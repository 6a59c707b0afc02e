"""What ``up`` prints once everything runs."""

import io
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from ctl.envoy.options import Address, Target
from ctl.stack.plan import Running
from ctl.stack.report import show
from ctl.stack.screen import Screen
from kysira.serving import start_http


@pytest.fixture
async def management() -> AsyncIterator[Address]:
    """Serve the health of an ext-proc whose mode is active."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"mode": "active", "policy": "aad64018f5df"})

    app = web.Application()
    app.router.add_get("/_kysira/health", answer)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0.1)
    yield Address("127.0.0.1", server.port)
    await server.close()


async def shown(management: Address, *, is_demo: bool = True, policy: Path | None = None) -> str:
    """Return what is printed."""
    place = Running(
        proxy=Address("127.0.0.1", 1), target=Target(Address("127.0.0.1", 2)), is_demo=is_demo,
        ext_proc=Address("127.0.0.1", 3), management=management, admin=Address("127.0.0.1", 4),
        config=Path("/tmp/folder/envoy.yaml"), policy=policy,
    )  # fmt: skip
    out = io.StringIO()
    await show(place, Screen(Console(file=out, markup=False, highlight=False, width=20)))
    return out.getvalue()


async def test_every_part_is_listed(management: Address) -> None:
    """What listens where, on lines that a narrow terminal does not break."""
    text = await shown(management)
    for line in (
        "  proxy        http://127.0.0.1:1   send requests here", "  demo app     http://127.0.0.1:2",
        "  ext-proc     grpc://127.0.0.1:3", f"  management   http://{management}",
        "  Envoy admin  http://127.0.0.1:4", "  envoy.yaml   /tmp/folder/envoy.yaml",
        "  mode         active: attacks get 403",
    ):  # fmt: skip
        assert line in text
    assert "your app     http://127.0.0.1:2" in await shown(management, is_demo=False)
    assert "policy" not in text


async def test_policy_in_force_is_named(management: Address) -> None:
    """Its hash as the service tells it, and the file that it watches."""
    text = await shown(management, policy=Path("/home/kysira.yaml"))
    assert "  policy       aad64018f5df: /home/kysira.yaml, read again when it changes\n" in text


async def test_mode_in_force_decides_the_flip(management: Address) -> None:
    """The mode is asked for, and the third command sets the other one."""
    assert '-d \'{"mode": "shadow"}\'' in await shown(management)


async def test_kysiractl_is_called_as_it_can_be(
    management: Address, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By its name where the PATH leads to it, else by where it is."""
    own = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(own))
    assert f"  kysiractl mode shadow -t {management} --ttl 30m\n" in await shown(management)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(own.parent)
    assert f"  {own.name}/kysiractl doctor -t {management} --envoy-admin http://127.0.0.1:4\n" in (
        await shown(management)
    )


async def test_token_is_used_and_never_printed(
    management: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a token is needed the command reads it from where it is."""
    monkeypatch.setenv("KYSIRA_ADMIN_TOKEN", "hush")
    text = await shown(management)
    assert '-H "Authorization: Bearer $KYSIRA_ADMIN_TOKEN"' in text
    monkeypatch.setenv("KYSIRA_ADMIN_TOKEN_FILE", "/run/token")
    text += await shown(management)
    assert '-H "Authorization: Bearer $(cat /run/token)"' in text
    monkeypatch.setenv("KYSIRA_ADMIN_TOKEN_FILE", "/run/my token;id")
    text += await shown(management)
    assert "$(cat '/run/my token;id')" in text
    assert "hush" not in text
