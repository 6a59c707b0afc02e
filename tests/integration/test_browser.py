"""A real browser through Envoy in active mode: what it sends by itself must never be blocked."""

import asyncio
import shutil
from pathlib import Path

from tests.integration.stack import running
from tests.needs import need

PAGE = """<!doctype html><title>loading</title><form id=f method=post action=/form>
<input name=name value="Ann O'Brien"><textarea name=note>Prices: $5 & 10% off; a/b -- thanks!
</textarea>
</form><script>
const form = new FormData(document.getElementById('f'));
form.append('file', new Blob(['id;name\\n1;Ann\\n'], {type: 'text/csv'}), 'people.csv');
Promise.all([
  fetch('/api?q=select+a+garden+chair&sort=price', {headers: {'X-Requested-With': 'fetch'}}),
  fetch('/json', {method: 'POST', headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({title: "It's 1 = 1", tags: ['<b>bold</b>', 'C:\\\\temp']})}),
  fetch('/form', {method: 'POST',
        body: new URLSearchParams({comment: "I'd select one from the list"})}),
  fetch('/upload', {method: 'POST', body: form}),
]).then(answers => { document.title = answers.map(a => a.status).join(' '); });
</script>"""


async def test_browser_is_not_disturbed(tmp_path: Path) -> None:
    """Page, script requests, form, JSON and upload all arrive, and score low."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    need(chromium, "a browser: apt-get install chromium")
    assert chromium
    async with running(tmp_path, "--on-failure", "closed", KYSIRA_MODE="active") as stack:
        stack.app.pages["/page"] = PAGE
        browser = await asyncio.create_subprocess_exec(
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=8000", "--dump-dom", f"{stack.url}/page",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        dom, _ = await asyncio.wait_for(browser.communicate(), 120)
        assert b"<title>200 200 200 200</title>" in dom, dom[:2000]
        scores = {seen.target: seen.headers["x-kysira-score"] for seen in stack.app.received}
        assert {"/json", "/form", "/upload"} <= scores.keys()
        assert all(float(score) < 0.95 for score in scores.values())
