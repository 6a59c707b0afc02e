"""What tests ask the management paths of a running service."""

import aiohttp


async def set_mode(client: aiohttp.ClientSession, url: str, mode: str) -> None:
    """Flip the mode of the service whose management paths are at the URL."""
    async with client.post(f"{url}/api/mode", json={"mode": mode}) as answer:
        assert answer.status == 200, await answer.text()


async def read_metrics(client: aiohttp.ClientSession, url: str) -> dict[str, float]:
    """Return the metrics of the service: name with labels → value."""
    async with client.get(f"{url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    rows = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}
