"""A reverse proxy as aiohttp's documentation would have one write it: nothing but forwarding.

Run as a program; the app is where ``KYSIRA_TARGET_URL`` says. It is no competitor, but a measure:
what an ordinary Python proxy costs that has nothing to do with Kysira.
"""

import os
import sys

import aiohttp
from aiohttp import web

from kysira.serving import run, start_http, stop_event

_OWN = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


async def serve() -> None:
    """Serve on a free port until a signal."""
    stopped = stop_event()
    target = os.environ["KYSIRA_TARGET_URL"]
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def forward(request: web.Request) -> web.StreamResponse:
            body = request.content if request.can_read_body else None
            headers = list(request.headers.items())
            async with session.request(
                request.method, target + request.raw_path, headers=headers, data=body,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                kept = {n: v for n, v in answer.headers.items() if n.lower() not in _OWN}
                response = web.StreamResponse(status=answer.status, headers=kept)
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
                return response

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        server = await start_http(app, "127.0.0.1", 0)
        print(f"listening http=127.0.0.1:{server.port}", flush=True)
        await stopped.wait()
        await server.close()


if __name__ == "__main__":
    sys.exit(run("plain", serve))
