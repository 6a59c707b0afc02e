"""Starts the parts in order, each once the one before is ready, and ends them in reverse."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import kysira
from ctl.demo_app import demo_app
from ctl.envoy.options import Address, Target, read_address
from ctl.envoy.program import Admin, command
from ctl.envoy.template import render_envoy
from ctl.stack.child import Child, running
from ctl.stack.plan import HOST, Plan, Running
from ctl.stack.report import show
from ctl.stack.screen import Screen
from kysira.serving import start_http

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READY = r"kysira-ext-proc listening grpc=(\S+) http=(\S+)"
_TARGET_S = 2.0


async def run(plan: Plan, screen: Screen) -> None:
    """Run until a signal, then end everything; raises StartError when a part ends by itself."""
    stopped = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    work = asyncio.create_task(_work(plan, screen))
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        waiting.cancel()
        await work
    screen.say("stopping …")
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    screen.say("stopped")


async def _work(plan: Plan, screen: Screen) -> None:
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="kysira-up-")))
        target = await parts.enter_async_context(_app(plan, screen))
        ext_proc, grpc, http = await parts.enter_async_context(_ext_proc(plan, folder, screen))
        config = _write_config(plan, target, grpc, folder)
        envoy, admin = await parts.enter_async_context(_envoy(plan, config, screen))
        place = Running(
            proxy=Address(HOST, await admin.listener_port()), target=target,
            is_demo=plan.target is None, ext_proc=grpc, management=http, admin=admin.address,
            config=config, policy=plan.policy,
        )  # fmt: skip
        await show(place, screen)
        ends = [asyncio.create_task(child.ended()) for child in (ext_proc, envoy)]
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        raise done.pop().result()


@asynccontextmanager
async def _app(plan: Plan, screen: Screen) -> AsyncIterator[Target]:
    if plan.target is not None:
        await _warn_unless_answering(plan.target, screen)
        yield plan.target
        return
    async with screen.step("starting a demo app"):
        server = await start_http(demo_app(), HOST, 0, drain_s=0.5)
    try:
        yield Target(Address(HOST, server.port))
    finally:
        await server.close()


@asynccontextmanager
async def _ext_proc(
    plan: Plan, folder: Path, screen: Screen
) -> AsyncIterator[tuple[Child, Address, Address]]:
    env = {
        # The state of a trial is its own, unless somebody wants to keep it.
        "KYSIRA_DATA_DIR": str(folder / "state"),
        **os.environ,
        **_same_code(),
        "KYSIRA_BIND": HOST,
        "KYSIRA_GRPC_PORT": str(plan.ext_proc_port),
        "KYSIRA_METRICS_PORT": str(plan.management_port),
        "KYSIRA_DRAIN_MS": "0",  # Envoy is gone by then
    }
    if plan.mode:
        env["KYSIRA_MODE"] = plan.mode.value
    if plan.policy:
        env["KYSIRA_POLICY"] = str(plan.policy)
    # -P: a folder of the user's with the same name is not meant.
    program = [sys.executable, "-P", "-m", "extproc"]
    async with running("ext-proc", program, env, partial(_show, screen, "ext-proc")) as child:
        async with screen.step("starting ext-proc"):
            ready = await child.line(_READY)
        yield child, read_address(ready[1]), read_address(ready[2])


def _same_code() -> dict[str, str]:
    """Return the environment in which a child imports what this process did."""
    here = str(Path(kysira.__file__).parents[1])
    return {"PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


def _show(screen: Screen, name: str, line: str) -> None:
    if not re.search(_READY, line):
        screen.say(f"{name}: {line}")


def _write_config(plan: Plan, target: Target, ext_proc: Address, folder: Path) -> Path:
    options = replace(plan.options, target=target, ext_proc=(ext_proc,))
    path = folder / "envoy.yaml"
    path.write_text(render_envoy(options))
    return path


@asynccontextmanager
async def _envoy(plan: Plan, config: Path, screen: Screen) -> AsyncIterator[tuple[Child, Admin]]:
    admin_file = config.with_name("admin-address")
    program = command(plan.envoy, config, admin_file)
    async with running("envoy", program, os.environ, partial(_show, screen, "envoy")) as child:
        async with screen.step("starting Envoy"):
            asking = asyncio.create_task(Admin.of(admin_file))
            await child.alive(asking)
        yield child, asking.result()


async def _warn_unless_answering(target: Target, screen: Screen) -> None:
    address = target.address
    try:
        async with asyncio.timeout(_TARGET_S):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except (OSError, TimeoutError):
        screen.say(f"warning: {target} does not answer; requests get 503 until it does")
    else:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
