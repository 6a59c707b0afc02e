"""What one run of ``kysiractl mode`` does, once its options are read."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctl.console import Output, note
from ctl.exits import Exit
from ctl.fleet.options import Which
from ctl.fleet.target import Target
from ctl.mode.show import show
from ctl.mode.wanted import How, Result, Row, Wanted

if TYPE_CHECKING:
    from ctl.fleet.open import Fleet

# aiohttp takes longer to import than help to print: what needs it is imported where it is used.
# ruff: noqa: PLC0415


async def show_once(which: Which, output: Output) -> Exit:
    """Print the mode of every service."""
    from ctl.fleet.open import fleet

    async with fleet(which) as found:
        return Exit.OK if await show(found, output) else Exit.UNREACHABLE


async def follow(which: Which, output: Output) -> None:
    """Print each change until cancelled."""
    from ctl.fleet.open import fleet
    from ctl.mode.watch import watch

    async with fleet(which) as found:
        await watch(found, output)


async def set_mode(which: Which, wanted: Wanted, how: How, output: Output) -> Exit:
    """Set the mode, and tell what became of each service."""
    from ctl.fleet.open import fleet
    from ctl.mode.change import change, planned
    from ctl.mode.report import report, to_do
    from ctl.mode.state import read_all

    async with fleet(which) as found:
        readings = await read_all(found.client, found.targets)
        to_change = [
            each.target
            for each, row in zip(readings, planned(readings, wanted), strict=True)
            if row is None
        ]
        fresh = {}
        if how.is_asking and to_change:
            if not await _is_agreed(found, to_change, wanted):
                return Exit.FINDINGS
            # They may have thought for minutes.
            fresh = {row.target: row for row in await read_all(found.client, to_change)}
        try:
            rows = await change(found.client, readings, wanted, fresh)
            rows = await _undone(found, rows) if how.is_rolling_back else rows
        except asyncio.CancelledError:
            note("interrupted: services may have changed; look with kysiractl mode")
            raise
        report(rows, wanted, to_do(rows, wanted, which, how), output)
    return Exit.OK if all(row.result.is_done for row in rows) else Exit.UNREACHABLE


async def _is_agreed(found: "Fleet", to_change: Sequence[Target], wanted: Wanted) -> bool:
    from ctl.mode.confirm import confirmed

    if await confirmed(found.client, to_change, len(found.targets), wanted):
        return True
    note("nothing was changed")
    return False


async def _undone(found: "Fleet", rows: list[Row]) -> list[Row]:
    """Return the rows after the rollback, if one is due."""
    from ctl.mode.rollback import roll_back

    is_partial = not all(row.result.is_done for row in rows)
    if not is_partial or not any(row.result in (Result.CHANGED, Result.UNKNOWN) for row in rows):
        return rows
    note("not all services did it: those that did are put back")
    return await roll_back(found.client, rows)
