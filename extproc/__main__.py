"""kysira-ext-proc: settings → parts → serve."""

import asyncio
import logging
import sys

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from extproc.ext_authz import Authorization
from extproc.scheduling import patient_threads
from extproc.server import ExternalProcessor, GrpcServer
from extproc.settings import ExtProcSettings
from inference.in_process import load_scorer
from kysira import logs
from kysira.front_end import FrontEnd, Kind, front_end
from kysira.management import json_errors
from kysira.serving import HttpServer, address, run, start_http, stop_event
from kysira.settings import load

KIND = Kind("kysira-ext-proc", "ext-proc", "kysira_extproc")
GRACE_S = 5.0
"""Seconds that streams in flight get after the drain."""

log = logging.getLogger(__name__)


def main() -> None:
    """Run until SIGTERM or SIGINT; exit 0 then, 1 with one line on stderr when it can't start."""
    sys.exit(run(KIND.service, serve))


async def serve() -> None:
    """Serve both ports until a signal."""
    settings = load(ExtProcSettings, KIND.service)
    logs.configure(settings.log_level, settings.log_format)
    stopped = stop_event()
    with patient_threads():
        grpc_server = GrpcServer()
    grpc_port = grpc_server.bind(settings.bind, settings.grpc_port)
    async with front_end(settings, KIND, grpc_port) as parts:
        processor = ExternalProcessor(parts.guard, parts.clients)
        authorization = Authorization(parts.guard, parts.clients)
        _streams(parts.registry).set_function(lambda: processor.active_streams)
        management = await _start_management(parts, settings)
        try:
            with patient_threads():
                await grpc_server.start({**processor.methods(), **authorization.methods()})
            await parts.load(lambda: load_scorer(settings))
            await grpc_server.ready()
            parts.announce(
                f"grpc={address(settings.bind, grpc_port)} "
                f"http={address(settings.bind, management.port)}"
            )
            await stopped.wait()
            log.info("draining drain_ms=%d", settings.drain_ms)
            parts.drain()
            await grpc_server.drain()
            await asyncio.sleep(settings.drain_ms / 1000)
        finally:
            await grpc_server.stop(GRACE_S)
            await processor.told()
            await parts.end_streams()
            await management.close()


async def _start_management(parts: FrontEnd, settings: ExtProcSettings) -> HttpServer:
    app = web.Application(middlewares=[json_errors])
    app.add_routes(parts.management().routes())
    return await start_http(app, settings.bind, settings.metrics_port, option="--metrics-port")


def _streams(registry: CollectorRegistry) -> Gauge:
    name = f"{KIND.metrics}_active_streams"
    return Gauge(name, "ext_proc streams open now.", registry=registry)


if __name__ == "__main__":
    main()
