"""Finds the services that are meant, and opens the way to them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ctl.fleet.client import FleetClient, fleet_client
from ctl.fleet.kubectl import forwarded_pods
from ctl.fleet.options import Which
from ctl.fleet.target import Target, resolve


@dataclass(frozen=True, slots=True)
class Fleet:
    """The services, and what asks them."""

    targets: tuple[Target, ...]
    client: FleetClient


@asynccontextmanager
async def fleet(which: Which) -> AsyncIterator[Fleet]:
    """Hold the way to every service that is meant; raises StartError when none is found."""
    async with AsyncExitStack() as held:
        if which.is_pods:
            targets = await held.enter_async_context(forwarded_pods(which))
        else:
            targets = await resolve(which.targets)
        client = await held.enter_async_context(fleet_client(which.token, which.timeout_s))
        yield Fleet(tuple(targets), client)
