"""kysira-proxy as a service."""

import asyncio
import dataclasses
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from adapter.frontends.reverse_proxy import ReverseProxy
from adapter.proxy.faults import Faults
from adapter.proxy.limits import Limits
from adapter.proxy.pool import Pool
from adapter.proxy.server import ProxyServer
from adapter.proxy.target import Target, read_target, server_tls
from adapter.settings import ProxySettings
from kysira.front_end import FrontEnd, Kind, front_end
from kysira.management import OWN_FOLDER, Answer, Management, json_errors, readable
from kysira.registrations import REGISTER_PATH, Registrations
from kysira.scorer import Scorer
from kysira.serving import address, http_logger, listen, start_http, stop_event

KIND = Kind("kysira-proxy", "proxy", "kysira")
_OWN_DRAIN_S = 1.0

log = logging.getLogger(__name__)


async def serve(settings: ProxySettings, engine: Callable[[], Scorer]) -> None:
    """Serve until a signal; ``engine`` loads what scores in this process."""
    stopped = stop_event()
    target = read_target(
        settings.target_url, ca=settings.target_ca, is_insecure=settings.target_insecure
    )
    tls = server_tls(settings.tls_cert, settings.tls_key)
    sock = listen(settings.bind, settings.proxy_port, "--proxy-port")
    port = sock.getsockname()[1]
    async with front_end(settings, KIND, port) as parts:
        management = parts.management(_own_answers(parts, target))
        if not parts.access.token and settings.admin_port is None:
            log.warning(
                "management_without_token: behind a proxy on this machine anybody could flip the "
                "mode; set KYSIRA_ADMIN_TOKEN or KYSIRA_ADMIN_PORT"
            )
        async with _management(parts, settings, management) as (others, where):
            # Nobody is let in before requests are scored: meanwhile they wait to be accepted.
            await parts.load(engine)
            pool = Pool(target, limits_of(settings))
            handler = ReverseProxy(
                parts.guard, pool, parts.clients,
                own=management if others else None, others=others,
            )  # fmt: skip
            faults = Faults(target.shown)
            parts.registry.register(faults)
            server = ProxyServer(handler, limits_of(settings), tls, faults=faults)
            await server.start(sock)
            parts.announce(f"{_where(settings, port, tls)}{where} target={target.shown}")
            await stopped.wait()
            log.info("draining")
            parts.drain()
            await parts.end_streams()
            await server.close()
            pool.close()


def limits_of(settings: ProxySettings) -> Limits:
    """Return the limits with what is set of them."""
    return dataclasses.replace(
        Limits(),
        connect_s=settings.connect_timeout_ms / 1000,
        answer_s=settings.upstream_timeout_ms / 1000,
    )


@asynccontextmanager
async def _management(
    parts: FrontEnd, settings: ProxySettings, management: Management
) -> AsyncIterator[tuple[Callable[[], asyncio.Protocol] | None, str]]:
    """Answer the management paths: on a port of their own, or on connections handed over.

    Yields what answers the latter, and where the former are.
    """
    if settings.admin_port is None:
        # Anybody can send a body here: inflating it would let a small one fill the memory.
        server = web.Server(
            management.answer, access_log=None, logger=http_logger(), auto_decompress=False
        )
        try:
            yield server, ""
        finally:
            server.pre_shutdown()
            await server.shutdown(_OWN_DRAIN_S)
        return
    app = web.Application(middlewares=[json_errors])
    app.add_routes(management.routes())
    admin = await start_http(app, settings.bind, settings.admin_port, option="--admin-port")
    try:
        yield None, f" admin={address(settings.bind, admin.port)}"
    finally:
        await parts.end_streams()
        await admin.close()


def _where(settings: ProxySettings, port: int, tls: ssl.SSLContext | None) -> str:
    return f"{'https' if tls else 'http'}={address(settings.bind, port)}"


def _own_answers(parts: FrontEnd, target: Target) -> dict[str, dict[str, Answer]]:
    """Return what the proxy answers beside, or instead of, what every front-end does."""

    async def health(_: web.BaseRequest) -> web.StreamResponse:
        told = parts.health()
        inference = told.pop("inference")
        return web.json_response({**told, "target": target.shown, "inference": inference})

    def address_of(request: web.BaseRequest) -> str:
        rows = [(name.decode("latin-1").lower(), value) for name, value in request.raw_headers]
        return parts.clients.of(request.remote or "", rows)

    registrations = Registrations(parts.state, address_of)
    return {
        f"{OWN_FOLDER}health": readable(health),
        REGISTER_PATH: {"POST": registrations.answer},
    }
