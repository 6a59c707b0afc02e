"""doctor against whole data paths: Envoy, the proxy and nginx, well and broken."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from ctl.nginx.options import NginxOptions
from kysira import __version__
from kysira.serving import start_http
from tests.ctl.doctor import breakages
from tests.ctl.doctor.envoys import filters, parsed
from tests.ctl.doctor.services import Says, service
from tests.envoy import rendered as rendered_text
from tests.integration.nginx_stack import running as running_nginx
from tests.integration.proxy import running_proxy
from tests.integration.stack import Stack, running
from tests.integration.test_doctor import started
from tests.processes import ExtProc, kysiractl

TOKEN = {"KYSIRA_ADMIN_TOKEN": "s3cret"}
RULES = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}
CAN_NOT_BE_SEEN = {"KYS0206"}
"""What reached this app."""


async def doctor(folder: Path, *options: str) -> dict[str, Any]:
    """Return the report of a doctor with the token, and nothing else of this machine's."""
    env = {**TOKEN, "XDG_CONFIG_HOME": str(folder)}
    done = await asyncio.to_thread(kysiractl, "doctor", "-o", "json", *options, env=env)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == report["summary"]["exit_code"]
    return report


def by_status(report: dict[str, Any], *statuses: str) -> set[str]:
    """Return the codes of the checks that ended so."""
    return {each["code"] for each in report["checks"] if each["status"] in statuses}


async def of_stack(stack: Stack, folder: Path) -> dict[str, Any]:
    """Return the report about a stack."""
    return await doctor(
        folder, "--target", stack.ext_proc.http, "--envoy-admin", stack.envoy.admin_address
    )


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_whole_stack_is_well(mode: str, tmp_path: Path) -> None:
    """What kysiractl renders, in front of an ext-proc as installed: nothing to find."""
    async with running(tmp_path, KYSIRA_MODE=mode, **TOKEN) as stack:
        report = await of_stack(stack, tmp_path)
    assert by_status(report, "failure", "warning") == set()
    assert by_status(report, "skipped") <= CAN_NOT_BE_SEEN
    assert report["summary"]["exit_code"] == 0
    assert report["skipped_sections"] == {}


BYPASSES = {
    "no filter": {"KYS0105", "KYS0203", "KYS0204"},
    "off on route": {"KYS0107", "KYS0203", "KYS0204"},
    "no override": {"KYS0117", "KYS0204"},
    "override with other modes": {"KYS0117", "KYS0204"},
    "observing": {"KYS0117", "KYS0122", "KYS0204", "KYS0205"},
    "no refusals": {"KYS0122", "KYS0203", "KYS0204"},
}
"""Breakages, and the failures that they lead to when attacks are sent."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Return an app and an ext-proc that blocks, and fails closed."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = {"KYSIRA_MODE": "active", "KYSIRA_ON_FAILURE": "closed", **TOKEN, **RULES}
    async with running(folder, "--on-failure", "closed", **settings) as found:
        yield found


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", BYPASSES)
async def test_bypass_is_seen_from_both_sides(name: str, guarded: Stack, tmp_path: Path) -> None:
    """What the configuration shows is what the probes meet: the checks say what is so."""
    broken = next(each for each in breakages.CONFIGURATIONS if each.name == name)
    text = rendered_text(guarded.app.url, guarded.ext_proc.grpc, "--on-failure", "closed")
    config = parsed(text)
    broken.change(config)
    with started(config, tmp_path) as envoy:
        await asyncio.to_thread(envoy.wait_until_healthy, "kysira_ext_proc")
        report = await doctor(
            tmp_path, "--target", guarded.ext_proc.http, "--envoy-admin", envoy.admin_address
        )
    assert by_status(report, "failure") == BYPASSES[name]


async def test_spoofed_header_is_seen(tmp_path: Path) -> None:
    """Open, without stripping, ext-proc gone: the app believes a client, and shows it."""

    async def show(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", show)
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    config = parsed(rendered_text(server.url, "127.0.0.1:1"))
    filters(config).pop(0)
    with ExtProc(tmp_path / "state", **TOKEN, **RULES) as ext_proc:
        with started(config, tmp_path) as envoy:
            report = await doctor(
                tmp_path, "--target", ext_proc.http, "--envoy-admin", envoy.admin_address
            )
    await server.close()
    failed = {"KYS0111", "KYS0132", "KYS0203", "KYS0204", "KYS0206"}
    assert by_status(report, "failure") == failed


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_proxy_needs_no_envoy(mode: str, tmp_path: Path) -> None:
    """kysira-proxy resets what it blocks, on the port that it is managed at."""
    async with running_proxy(tmp_path / "state", KYSIRA_MODE=mode, **TOKEN) as stack:
        report = await doctor(tmp_path, "--target", stack.admin, "--url", stack.url)
    assert by_status(report, "failure", "warning") == {"KYS0010"}  # run without models here
    assert set(report["skipped_sections"]) == {"envoy"}


@pytest.mark.parametrize("mode", ["shadow", "active"])
async def test_nginx_needs_no_envoy(mode: str, tmp_path: Path) -> None:
    """Through njs bodies are read, and all is well."""
    async with running_nginx(tmp_path, NginxOptions(), mode=mode, **TOKEN) as stack:
        report = await doctor(tmp_path, "--target", stack.management, "--url", stack.url)
    assert by_status(report, "failure", "warning") == {"KYS0010"}


async def test_other_version_is_told(tmp_path: Path) -> None:
    """A service beside one that says that it is older: who has which version is named."""
    with ExtProc(tmp_path / "1", **TOKEN, **RULES) as ours:
        async with service(Says()) as older:
            both = ("--target", ours.http, "--target", older)
            found = {each["code"]: each for each in (await doctor(tmp_path, *both))["checks"]}
            alone = await doctor(tmp_path, "--target", ours.http)
    assert found["KYS0004"]["status"] == "warning"
    other = older.removeprefix("http://")
    assert found["KYS0004"]["found"] == [f"{__version__}: {ours.http}; 1.2.3: {other}"]
    assert "KYS0004" in by_status(alone, "ok")


async def test_services_that_disagree_are_told(tmp_path: Path) -> None:
    """Another threshold, another mode, and one that died: each is named."""
    one, two = ({**TOKEN, **RULES, "KYSIRA_MODE": mode} for mode in ("shadow", "active"))
    two["KYSIRA_SCORE_THRESHOLD"] = "0.5"
    with ExtProc(tmp_path / "1", **one) as a, ExtProc(tmp_path / "2", **two) as b:
        with ExtProc(tmp_path / "3", **one) as c:
            targets = [f"--target={each.http}" for each in (a, b, c)]
            c.kill()
            report = await doctor(tmp_path, *targets)
    assert by_status(report, "failure") == {"KYS0001", "KYS0005", "KYS0007"}
    assert report["summary"]["exit_code"] == 3
    found = {each["code"]: each["found"] for each in report["checks"]}
    assert found["KYS0007"] == [f"shadow: {a.http}; active: {b.http}"]
    assert found["KYS0001"] == [f"{c.http}: connection refused"]
