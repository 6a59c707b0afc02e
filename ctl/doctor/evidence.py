"""What the services know of a probe: its event where events may be read, else a count."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ctl.doctor.node import Node, text
from ctl.doctor.probe import Answer, Probe
from ctl.doctor.service_facts import RECENT, ServiceFacts
from ctl.fleet.client import FleetClient, Reply

EVENT_ID = "x-kysira-event-id"
_PATIENCE_S = 2.0
_POLL_S = 0.1
"""An event can be read a tenth of a second after its request, and nothing tells us when."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events of probes, and how much the counters of flagged requests grew meanwhile."""

    events: tuple[Node, ...] = ()
    can_read: bool = False
    """True where every service shows its events."""
    flagged: int | None = None
    """None where there are no metrics."""

    def event(self, sent: Probe, answer: Answer) -> Node | None:
        """Return the event of a probe: by its token, or by the id that a refusal told."""
        event_id = answer.headers.get(EVENT_ID)
        for each in self.events:
            if sent.token in text(each, "query") or (event_id and text(each, "id") == event_id):
                return each
        return None


async def gather(
    client: FleetClient, services: Sequence[ServiceFacts], probes: Sequence[tuple[Probe, Answer]]
) -> Evidence:
    """Return what the services know, as soon as they know all probes, or after some seconds."""
    readable = [each.target for each in services if each.events.is_ok]
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_S
    can_read = bool(readable) and len(readable) == len(services)
    known: tuple[Node, ...] = ()
    while True:
        replies = await client.ask_all(readable, RECENT)
        told = Evidence((*known, *_events(replies)), can_read)
        # A busy service has forgotten by the next look what it told in this one.
        known = tuple(event for each in probes if (event := told.event(*each)) is not None)
        if not readable or loop.time() > deadline or all(
            told.event(*each) is not None for each in probes
        ):  # fmt: skip
            break
        await asyncio.sleep(_POLL_S)
    return Evidence(told.events, told.can_read, await _grown(client, services))


def _events(replies: Iterable[Reply]) -> Iterable[Node]:
    for reply in replies:
        if reply.is_ok and isinstance(reply.body, list):
            yield from (row for row in reply.body if isinstance(row, dict))


async def _grown(client: FleetClient, services: Sequence[ServiceFacts]) -> int | None:
    """Return by how many the flagged requests grew since the services were asked first."""
    counted = [each for each in services if each.samples("_flagged_total")]
    if not counted:
        return None
    replies = await client.ask_all([each.target for each in counted], "/metrics")
    now = [
        ServiceFacts(each.health, each.mode, reply, each.policy, each.events, each.stranger)
        for each, reply in zip(counted, replies, strict=True)
    ]
    grown = sum(each.total("_flagged_total") for each in now)
    return int(grown - sum(each.total("_flagged_total") for each in counted))
