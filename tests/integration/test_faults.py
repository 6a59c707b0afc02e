"""ext-proc killed, stopped and restarted under load: what fails, what waits, what recovers."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.load import Load
from tests.integration.stack import Stack, running

ROUNDS = 3
SETTLED_S = 2.0
"""Seconds after a fault from which on no request may wait for the filter's timeout."""
MESSAGE_TIMEOUT_S = 0.5


def kill(stack: Stack) -> None:
    """End ext-proc as a crash would."""
    stack.ext_proc.kill()


def stop(stack: Stack) -> None:
    """Freeze ext-proc: its connections stay open and nothing answers."""
    stack.ext_proc.program.signal(signal.SIGSTOP)


def revive(stack: Stack) -> None:
    """Undo a kill or a stop."""
    if stack.ext_proc.program.is_running:
        stack.ext_proc.program.signal(signal.SIGCONT)
    else:
        stack.ext_proc.start()


FAULTS = {"killed": kill, "stopped": stop}
POLICIES = {
    "open": (["--on-failure", "open"], 200),
    "closed": (["--on-failure", "closed"], 503),
    "closed-with-status": (["--on-failure", "closed", "--status-on-error", "500"], 500),
}
TIMED_OUT = 504
"""Envoy's own answer to a request that waited in vain; status_on_error does not change it."""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(("options", "status"), POLICIES.values(), ids=POLICIES)
async def test_fault_costs_at_most_two_slow_seconds(
    tmp_path: Path, fault: Callable[[Stack], None], options: list[str], status: int
) -> None:
    """While ext-proc is away every answer is the policy's, and soon none of them is late."""
    async with running(tmp_path, *options) as stack, Load(stack.url) as load:
        await load.run_for(0.5)
        for _ in range(ROUNDS):
            began = time.monotonic()
            await asyncio.to_thread(fault, stack)
            hit = time.monotonic()
            await load.run_for(SETTLED_S + 1.0)
            away = load.since(hit)
            in_between = {200, TIMED_OUT} if status != 200 else {200}
            assert {s.status for s in away} <= {status} | in_between
            late = [s for s in load.since(began + SETTLED_S) if s.latency_s >= MESSAGE_TIMEOUT_S]
            assert not late
            waiting = [moment for moment in load.waiting.values() if moment < time.monotonic() - 1]
            assert not waiting, "requests without any answer"
            assert {s.status for s in load.since(hit + SETTLED_S)} == {status}
            await asyncio.to_thread(revive, stack)
            await asyncio.to_thread(stack.envoy.wait_until_healthy, "kysira_ext_proc")
            await stack.until_scored()
        assert load.rate() >= 200


@pytest.mark.parametrize("policy", ["open", "closed"])
async def test_restart_under_load(tmp_path: Path, policy: str) -> None:
    """A restart three times over: fail-open serves 200 throughout; both score again after it."""
    async with (
        running(tmp_path, "--on-failure", policy, KYSIRA_DRAIN_MS="1000") as stack,
        Load(stack.url) as load,
    ):
        for _ in range(ROUNDS):
            await asyncio.to_thread(stack.ext_proc.restart)
            await asyncio.to_thread(stack.envoy.wait_until_healthy, "kysira_ext_proc")
            await stack.until_scored()
        wrong = {s.status for s in load.samples} - {200}
        assert wrong <= (set() if policy == "open" else {503})


async def test_spoofed_headers_are_stripped_while_failing_open(tmp_path: Path) -> None:
    """With ext-proc down the app sees no claim of Kysira's at all, least of all a client's."""
    async with running(tmp_path, "--on-failure", "open") as stack:
        await asyncio.to_thread(stack.ext_proc.kill)
        spoofed = {"X-Kysira-Score": "0.0000", "x-kysira-mode": "active", "X_Kysira_Reason": "x"}
        for method in ("GET", "POST"):
            async with stack.client.request(method, stack.url, headers=spoofed) as answer:
                assert answer.status == 200
            names = {name.replace("_", "-") for name in stack.app.received[-1].headers}
            assert not [name for name in names if name.startswith("x-kysira")]
