"""A small app to try the firewall with: it shows what reached it."""

import html
import json
from typing import Any

from aiohttp import web

OWN_PREFIX = "x-kysira-"


def demo_app() -> web.Application:
    """Return an app that answers every path with what it received: HTML to browsers, else JSON."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _answer)
    return app


async def _answer(request: web.Request) -> web.Response:
    seen = {
        "app": "kysira demo app",
        "method": request.method,
        "path": request.raw_path,
        "kysira": {k: v for k, v in request.headers.items() if k.lower().startswith(OWN_PREFIX)},
        "headers": {
            k: v for k, v in request.headers.items() if not k.lower().startswith(OWN_PREFIX)
        },
        "body_bytes": await _size(request),
    }
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=_page(seen), content_type="text/html")
    return web.json_response(seen, dumps=lambda value: json.dumps(value, indent=2) + "\n")


async def _size(request: web.Request) -> int:
    """Read the body without keeping it."""
    return sum([len(chunk) async for chunk in request.content.iter_any()])


def _page(seen: dict[str, Any]) -> str:
    rows = {"method": seen["method"], "path": seen["path"], "body bytes": seen["body_bytes"]}
    rows |= seen["kysira"] | seen["headers"]
    cells = "".join(
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Kysira demo app</title>"
        "<style>body{font:16px sans-serif;margin:2em}th{text-align:left;padding-right:1em}</style>"
        f"<h1>This reached the app</h1><table>{cells}</table></html>\n"
    )
