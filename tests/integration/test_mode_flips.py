"""The mode changes under load and no request falls between the two."""

import asyncio
from pathlib import Path

import aiohttp

from tests.integration.stack import running

FLIPS = 20
ATTACK = "/login?user=%27%20UNION%20SELECT%20password%20FROM%20users--%20"


async def test_flips_lose_no_request(tmp_path: Path) -> None:
    """Twenty flips under load: each attack is told (200) or blocked (403), by either mode."""
    async with running(tmp_path, "--on-failure", "closed") as stack:
        statuses: list[int] = []
        is_over = asyncio.Event()

        async def attack() -> None:
            while not is_over.is_set():
                async with stack.client.get(stack.url + ATTACK) as answer:
                    await answer.read()
                    statuses.append(answer.status)

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(attack())
            for number in range(FLIPS):
                seen = len(statuses)
                await stack.set_mode("active" if number % 2 == 0 else "shadow")
                while len(statuses) < seen + 20:
                    await asyncio.sleep(0.01)
            is_over.set()
        assert set(statuses) == {200, 403}
        told = [r for r in stack.app.received if "x-kysira-would-have-killed" in r.headers]
        assert len(told) == statuses.count(200)


async def test_mode_survives_a_restart(tmp_path: Path) -> None:
    """A flip outlives the process, until the configured mode itself is changed."""
    async with running(tmp_path) as stack:
        await stack.set_mode("active")
        await asyncio.to_thread(stack.ext_proc.restart)
        url = f"http://{stack.ext_proc.http}/api/mode"
        async with stack.client.get(url) as answer:
            assert await answer.json() == {"mode": "active", "configured": "shadow"}
        await stack.until_scored()
        async with stack.client.get(stack.url + ATTACK) as answer:
            assert answer.status == 403


async def test_stranger_can_not_flip(tmp_path: Path) -> None:
    """With a token set, nobody without it changes the mode."""
    async with running(tmp_path, KYSIRA_ADMIN_TOKEN="s3cret") as stack:
        url = f"http://{stack.ext_proc.http}/api/mode"
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with stack.client.post(url, json={"mode": "active"}, headers=headers) as answer:
                assert answer.status == 401
        good = {"Authorization": "Bearer s3cret"}
        async with aiohttp.ClientSession(headers=good) as client:
            async with client.post(url, json={"mode": "active"}) as answer:
                assert await answer.json() == {"mode": "active"}
