"""Asks before requests are blocked: who will block, and what that would have blocked so far."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ctl.console import printable, stderr
from ctl.fleet.client import FleetClient
from ctl.fleet.target import Target
from ctl.mode.ttl import left_text
from ctl.mode.wanted import Wanted
from kysira.types import Action

_RECENT = "/api/events/recent"
_NAMED = 8
"""Services that are named one by one; of more, how many there are."""
_REASONS = 3


async def confirmed(
    client: FleetClient, targets: Sequence[Target], of: int, wanted: Wanted
) -> bool:
    """Say what will happen, and return True when the terminal's user agrees."""
    replies = await client.ask_all(targets, _RECENT)
    events = [
        event
        for reply in replies if reply.is_ok and isinstance(reply.body, list)
        for event in reply.body if isinstance(event, dict)
    ]  # fmt: skip
    heard = sum(reply.is_ok for reply in replies)
    ask = stderr()
    ask.print(what_happens(targets, of, wanted), soft_wrap=True)
    ask.print(what_if(events, heard, len(targets)), soft_wrap=True)
    ask.print("Go on? [y/N] ", end="", soft_wrap=True)
    return (await _line()).strip().lower() in ("y", "yes")


def what_happens(targets: Sequence[Target], of: int, wanted: Wanted) -> str:
    """Return the sentence that says who will do what, and for how long."""
    names = ", ".join(target.name for target in targets[:_NAMED])
    more = f" and {len(targets) - _NAMED} more" if len(targets) > _NAMED else ""
    end = "until that is changed" if wanted.ttl_s is None else f"for {left_text(wanted.ttl_s)}"
    if of == 1:
        return f"The service will BLOCK what it flags, {end}: {names}."
    flag = "it flags" if len(targets) == 1 else "they flag"
    return f"{len(targets)} of {of} services will BLOCK what {flag}, {end}: {names}{more}."


def what_if(events: Sequence[dict[str, Any]], heard: int, asked: int) -> str:
    """Return what the last requests tell about being active."""
    if not heard:
        return "What that would have blocked is not known: the services' events can't be read."
    if not events:
        return "What that would have blocked is not known: the services have seen no request yet."
    flagged = [event for event in events if event.get("action") == Action.SHADOW_KILL]
    of_whom = "" if heard == asked else f" ({heard} of {asked} services tell)"
    if not flagged:
        return f"Of the last {len(events)} requests it would have blocked none{of_whom}."
    share = 100 * len(flagged) / len(events)
    common = Counter(f"{_word(e, 'detector')} on {_word(e, 'path')}" for e in flagged)
    most = ", ".join(f"{count}× {what}" for what, count in common.most_common(_REASONS))
    return (
        f"Of the last {len(events)} requests it would have blocked {len(flagged)} "
        f"({share:.1f} %){of_whom}: {most}{' …' if len(common) > _REASONS else ''}."
    )


def _word(event: dict[str, Any], key: str) -> str:
    """Return a part of an event, without what moves the cursor: a client sent it."""
    return printable(str(event.get(key, "?")))[:60]


async def _line() -> str:
    """Return the next line of the terminal; Ctrl-C is heard meanwhile."""
    loop = asyncio.get_running_loop()
    is_typed = asyncio.Event()
    loop.add_reader(sys.stdin, is_typed.set)
    try:
        await is_typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
