"""The --include parts in a server block that somebody wrote: guarded, and otherwise as it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from ctl.nginx.options import NginxOptions, Via
from ctl.nginx.template import render_parts, scripts
from kysira.settings import OnFailure
from tests.app import App
from tests.integration.nginx_stack import SCORE, SQLI, NginxStack, placed, start_adapter
from tests.nginx import NJS, Files, Nginx, Place

LOCATIONS = {
    Via.AUTH_REQUEST: """
        location / {{ include kysira-headers.conf; proxy_pass {app}; }}
        location /own/ {{ proxy_set_header X-Own yes; include kysira-headers.conf;
                          proxy_pass {app}; }}
        location /rewritten/ {{ include kysira-headers.conf; proxy_pass {app}/elsewhere/; }}
        location /free/ {{ auth_request off; proxy_pass {app}; }}
    """,
    Via.NJS: """
        location / {{ set $kysira_next @mine; include kysira-guard.conf; }}
        location /own/ {{ set $kysira_next @own; include kysira-guard.conf; }}
        location /rewritten/ {{ set $kysira_next @rewritten; include kysira-guard.conf; }}
        location @mine {{ include kysira-headers.conf; proxy_pass {app}; }}
        location @own {{ proxy_set_header X-Own yes; include kysira-headers.conf;
                         proxy_pass {app}; }}
        location @rewritten {{ rewrite ^/rewritten/(.*)$ /elsewhere/$1 break;
                               include kysira-headers.conf; proxy_pass {app}; }}
        location /free/ {{ proxy_pass {app}; }}
    """,
}


def users(options: NginxOptions, app: App) -> Files:
    """Return a user's nginx.conf that includes the parts."""

    def files(place: Place) -> dict[str, str]:
        temporary = "".join(
            f"{name}_temp_path {place.folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = f"""
            {f"load_module {NJS};" if options.via is Via.NJS else ""}
            pid {place.folder}/nginx.pid;
            events {{}}
            http {{
                access_log off; {temporary}
                include kysira-http.conf;
                server {{
                    listen 127.0.0.1:{place.port};
                    include kysira-server.conf;
                    {LOCATIONS[options.via].format(app=app.url)}
                }}
            }}
        """
        parts = [*render_parts(options), *scripts(options)]
        return {"nginx.conf": text, **{part.name: part.text for part in parts}}

    return files


@asynccontextmanager
async def running(folder: Path, options: NginxOptions) -> AsyncIterator[NginxStack]:
    """Run everything, the adapter in active mode."""
    app = App()
    await app.start()
    try:
        with start_adapter(folder, "active") as adapter:
            with Nginx(users(placed(options, app.url, adapter), app), folder) as nginx:
                async with aiohttp.ClientSession() as client:
                    yield NginxStack(app, adapter, nginx, client)
    finally:
        await app.stop()


@pytest.mark.parametrize("on_failure", list(OnFailure))
@pytest.mark.parametrize("via", [Via.NJS, Via.AUTH_REQUEST])
async def test_server_block_of_a_user_is_guarded(
    tmp_path: Path, via: Via, on_failure: OnFailure
) -> None:
    """Its locations do what they did, with the verdict told; attacks and failures are answered."""
    options = NginxOptions(via=via, on_failure=on_failure)
    async with running(tmp_path, options) as stack:
        for path, arrives in (("/", "/"), ("/own/a", "/own/a"), ("/rewritten/a", "/elsewhere/a")):
            url, claim = f"{stack.url}{path}", {"X-Kysira-Score": "9"}
            async with stack.client.get(url, headers=claim) as answer:
                assert answer.status == 200
            seen = stack.app.received[-1]
            assert seen.target == arrives
            assert seen.headers[SCORE] == "0.0000"
            assert ("x-own" in seen.headers) is (path == "/own/a")
            async with stack.client.get(url, params={"q": SQLI}) as answer:
                assert answer.status == 403
        async with stack.client.get(f"{stack.url}/free/", params={"q": SQLI}) as answer:
            assert answer.status == 200
        stack.adapter.kill()
        async with stack.client.get(f"{stack.url}/own/a", params={"q": SQLI}) as answer:
            assert answer.status == (200 if on_failure is OnFailure.OPEN else 503)
