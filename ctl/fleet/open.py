"""Finds the services that are meant, and opens the way to them."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from ctl.fleet.client import FleetClient, fleet_client
from ctl.fleet.kubectl import forwarded_pods
from ctl.fleet.options import Which
from ctl.fleet.target import Target, resolve
from ctl.fleet.token import hint_at_token

_ENDS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The services, and what asks them."""

    targets: tuple[Target, ...]
    client: FleetClient


@asynccontextmanager
async def fleet(which: Which, *, is_hinting: bool = True) -> AsyncIterator[Fleet]:
    """Hold the way to every service that is meant; raises StartError when no pod is found.

    What to do about a token that is missing is said on stderr once, unless told otherwise.
    """
    hint = partial(hint_at_token, has_token=bool(which.token)) if is_hinting else None
    async with _ended_in_order(), AsyncExitStack() as held:
        if which.is_pods:
            targets = await held.enter_async_context(forwarded_pods(which))
        else:
            targets = await resolve(which.targets)
        client = await held.enter_async_context(
            fleet_client(which.token, which.timeout_s, on_status=hint)
        )
        yield Fleet(tuple(targets), client)


@asynccontextmanager
async def _ended_in_order() -> AsyncIterator[None]:
    """Have SIGTERM and SIGHUP end the block as Ctrl-C does: no kubectl outlives it."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    caught: list[int] = []

    def end(number: int) -> None:
        caught.append(number)
        if task is not None:
            task.cancel()

    is_main = threading.current_thread() is threading.main_thread()
    # Who ignores them, as under nohup, means it.
    numbers = [each for each in _ENDS if is_main and signal.getsignal(each) is signal.SIG_DFL]
    for number in numbers:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    except asyncio.CancelledError:
        if not caught:
            raise
        raise SystemExit(128 + caught[0]) from None  # as shells call it
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
