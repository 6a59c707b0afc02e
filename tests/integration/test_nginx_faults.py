"""The adapter killed, stopped, slow and restarted behind a real nginx: who passes, who waits."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ctl.envoy.options import read_address
from ctl.nginx.options import NginxOptions, Via
from kysira.replies import NGINX_UNAVAILABLE
from kysira.settings import OnFailure
from tests.integration.nginx_stack import SCORE, SQLI, NginxStack, running, start_adapter
from tests.integration.test_nginx_traffic import SPOOFED, claims

ASKING = [Via.NJS, Via.AUTH_REQUEST]
ENOUGH_FAILURES = 3
"""What the rendered max_fails says: from then on nobody waits for a stopped adapter."""


def kill(stack: NginxStack) -> None:
    """End the adapter as a crash would."""
    stack.adapter.kill()


def stop(stack: NginxStack) -> None:
    """Freeze the adapter: its connections stay open and nothing answers."""
    stack.adapter.program.signal(signal.SIGSTOP)


FAULTS = {"killed": kill, "stopped": stop}


async def send(stack: NginxStack, number: int) -> int:
    """Send a request with an attack in its body, and return the status."""
    url = f"{stack.url}/upload/{number}"
    async with stack.client.put(url, data=SQLI * 100, headers=SPOOFED) as answer:
        if answer.status != 200:
            assert await answer.text() == NGINX_UNAVAILABLE
            assert answer.content_type == "application/json"
        return answer.status


def is_given_up(stack: NginxStack) -> bool:
    """Return True once nginx answers without asking the adapter."""
    return any("no live upstreams" in line for line in stack.nginx.program.output)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("on_failure", list(OnFailure))
@pytest.mark.parametrize("via", ASKING)
async def test_fault_is_answered_by_policy(
    tmp_path: Path, via: Via, on_failure: OnFailure, fault: Callable[[NginxStack], None]
) -> None:
    """Open: all pass with method and body kept, and nobody's claims. Closed: all get a 503.

    After some failures nobody waits for the adapter any more.
    """
    options = NginxOptions(via=via, on_failure=on_failure)
    async with running(tmp_path, options) as stack:
        async with stack.client.get(stack.url) as answer:  # leaves a connection open
            assert answer.status == 200
        await asyncio.to_thread(fault, stack)
        sent = 0
        while sent <= ENOUGH_FAILURES or not is_given_up(stack):
            assert await send(stack, sent) == (200 if on_failure is OnFailure.OPEN else 503)
            sent += 1
            assert sent < 10 * ENOUGH_FAILURES, "nginx asks on and on"
        await stack.until_scored()
        passed = [seen for seen in stack.app.received if seen.target.startswith("/upload")]
        assert len(passed) == (sent if on_failure is OnFailure.OPEN else 0)
        for seen in passed:
            assert (seen.method, seen.body) == ("PUT", (SQLI * 100).encode())
            assert claims(seen.headers) == {}


@pytest.mark.parametrize("via", ASKING)
async def test_failed_scoring_is_the_adapter_s_to_answer(tmp_path: Path, via: Via) -> None:
    """When scoring fails nginx still gets 200 or 403, by the adapter's own policy."""
    for policy, status in (("open", 200), ("closed", 403)):
        folder = tmp_path / policy
        folder.mkdir()
        settings = {
            "KYSIRA_INFERENCE_URL": "http://127.0.0.1:9",
            "KYSIRA_ON_FAILURE": policy,
        }
        async with running(folder, NginxOptions(via=via), **settings) as stack:
            async with stack.client.get(stack.url) as answer:
                assert answer.status == status
            assert [SCORE in seen.headers for seen in stack.app.received] == [False] * (
                status == 200
            )
            (event,) = await stack.events(1)
            assert (event["action"], event["uninspected"]) == ("error", ["error"])


async def test_answer_in_the_drain_is_given(tmp_path: Path) -> None:
    """A stop of the adapter under load costs no answer: each is 200, scored or failed open."""
    async with running(tmp_path, NginxOptions(via=Via.NJS)) as stack:

        async def client() -> None:
            for _ in range(50):
                async with stack.client.get(stack.url) as answer:
                    assert answer.status == 200

        clients = asyncio.gather(*(client() for _ in range(8)))
        await stack.events(20)
        assert await asyncio.to_thread(stack.adapter.program.stop) == 0
        await clients
        assert "Traceback" not in "".join(stack.adapter.program.output)


async def test_second_adapter_takes_over(tmp_path: Path) -> None:
    """With two of them, a crash of one under load costs no answer, not even failing closed."""
    with start_adapter(tmp_path / "other", "active") as other:
        adapters = (read_address(other.address), read_address(other.address))
        options = NginxOptions(on_failure=OnFailure.CLOSED, adapters=adapters)
        async with running(tmp_path, options) as stack:

            async def client() -> None:
                for _ in range(50):
                    async with stack.client.get(stack.url) as answer:
                        assert answer.status == 200

            clients = asyncio.gather(*(client() for _ in range(8)))
            await stack.events(20)
            await asyncio.to_thread(stack.adapter.kill)
            await clients
        assert len(stack.app.received) == 400
        assert all(SCORE in seen.headers for seen in stack.app.received)
