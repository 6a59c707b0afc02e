"""kysira-nginx-auth-adapter as a service."""

import logging
from collections.abc import Callable

from aiohttp import web

from adapter.frontends.nginx_auth import NginxAuth
from adapter.nginx.listener import Listener
from adapter.nginx_settings import AdapterSettings
from kysira.front_end import Kind, front_end
from kysira.management import json_errors
from kysira.scorer import Scorer
from kysira.serving import address, listen, stop_event

KIND = Kind("kysira-nginx-auth-adapter", "nginx", "kysira_nginx")

log = logging.getLogger(__name__)


async def serve(settings: AdapterSettings, engine: Callable[[], Scorer]) -> None:
    """Serve until a signal; ``engine`` loads what scores in this process."""
    stopped = stop_event()
    sock = listen(settings.bind, settings.adapter_port, "--adapter-port")
    port = sock.getsockname()[1]
    async with front_end(settings, KIND, port) as parts:
        app = web.Application(middlewares=[json_errors])
        app.add_routes(parts.management().routes())
        listener = Listener(NginxAuth(parts.guard, parts.clients), app)
        await listener.start(sock)
        try:
            await parts.load(engine)
            parts.announce(f"http={address(settings.bind, port)}")
            await stopped.wait()
            log.info("draining")
            parts.drain()
        finally:
            await parts.end_streams()
            await listener.close()
