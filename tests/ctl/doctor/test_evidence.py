"""What services know of a probe: its event, or a count."""

import asyncio
from collections.abc import Sequence
from typing import Any

from ctl.doctor.evidence import gather
from ctl.doctor.probe import Answer, benign
from ctl.doctor.service_facts import service_facts
from ctl.fleet.client import FleetClient, Reply
from ctl.fleet.open import fleet
from tests.ctl.doctor.services import METRICS, Says, service
from tests.ctl.doctor.test_service_facts import which

PROBE = benign("http://app/", "w")


async def test_event_is_found_by_token_or_id() -> None:
    """A refusal tells its event's id; any other is found by the probe's own word."""
    by_token = {"id": "1", "query": f"doctor={PROBE.token}&q=x"}
    says = Says(events=[{"id": "7", "query": "q=1"}, by_token, {"id": "9", "query": ""}])
    async with service(says) as url, fleet(which(url)) as found:
        services = await service_facts(found, 5, has_token=True)
        evidence = await gather(found.client, services, [(PROBE, Answer(200))])
    assert evidence.event(PROBE, Answer(200)) == by_token
    other = benign("http://app/", "w")
    assert evidence.event(other, Answer(403, {"x-kysira-event-id": "9"})) == says.events[2]
    assert evidence.event(other, Answer(403)) is None
    assert evidence.can_read


async def test_event_is_waited_for() -> None:
    """It can be read some time after its request."""
    says = Says()
    async with service(says) as url, fleet(which(url)) as found:
        services = await service_facts(found, 5, has_token=True)
        waiting = asyncio.create_task(gather(found.client, services, [(PROBE, Answer(200))]))
        await asyncio.sleep(0)
        says.events.append({"id": "1", "query": PROBE.token})
        evidence = await waiting
    assert evidence.event(PROBE, Answer(200)) is not None


async def test_event_is_kept_that_a_busy_service_forgets() -> None:
    """Hundreds of events later the first is gone: what one look has shown counts in the end."""
    second = benign("http://app/", "w")
    says = Says(events=[{"id": "1", "query": PROBE.token}])
    async with service(says) as url, fleet(which(url)) as found:
        services = await service_facts(found, 5, has_token=True)

        class Forgetful(FleetClient):
            """Sees other events at each look."""

            async def ask_all(self, *given: Any, **more: Any) -> Sequence[Reply]:
                replies = await found.client.ask_all(*given, **more)
                says.events[:] = [{"id": "2", "query": second.token}]
                return replies

        forgetful = Forgetful.__new__(Forgetful)
        probes = [(PROBE, Answer(200)), (second, Answer(200))]
        evidence = await gather(forgetful, services, probes)
    assert [evidence.event(*each) is not None for each in probes] == [True, True]


async def test_count_is_all_without_access() -> None:
    """Who may not read events learns how many requests were flagged meanwhile."""
    says = Says()
    async with service(says) as url, fleet(which(url, token="")) as found:
        services = await service_facts(found, 5, has_token=False)
        says.metrics = METRICS.replace("flagged_total 10.0", "flagged_total 12.0")
        evidence = await gather(found.client, services, [(PROBE, Answer(200))])
    assert (evidence.events, evidence.can_read, evidence.flagged) == ((), False, 2)


async def test_services_without_metrics_count_nothing() -> None:
    """No number is not the number 0."""
    says = Says(metrics="")
    async with service(says) as url, fleet(which(url, token="")) as found:
        services = await service_facts(found, 5, has_token=False)
        evidence = await gather(found.client, services, [(PROBE, Answer(200))])
    assert evidence.flagged is None
