"""The proxy that does not look forwards everything, and scores nothing."""

import sys
from pathlib import Path

import aiohttp

from benchmarks.metrics import counts
from tests.app import App
from tests.processes import Program

ATTACK = "/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"


async def test_unscored_proxy_passes_attacks(tmp_path: Path) -> None:
    """The proxy's own work is done, down to the headers; an attack is nothing to it."""
    app = App()
    await app.start()
    env = {
        "KYSIRA_DATA_DIR": str(tmp_path), "KYSIRA_TARGET_URL": app.url, "KYSIRA_PROXY_PORT": "0",
        "KYSIRA_MODE": "active", "KYSIRA_SINKS": "none",
    }  # fmt: skip
    try:
        with Program([sys.executable, "-m", "benchmarks.unscored"], env=env) as proxy:
            url = "http://" + proxy.wait_for(r"listening http=(\S+)")[1]
            async with aiohttp.ClientSession() as client:
                async with client.get(url + ATTACK) as response:
                    assert response.status == 200
                async with client.get(f"{url}/metrics") as response:
                    assert counts(await response.text(), "kysira").scored == 1
    finally:
        await app.stop()
    assert [row.headers["x-kysira-score"] for row in app.received] == ["0.0000"]
