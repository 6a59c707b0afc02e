"""kysira-ext-proc: settings → parts → serve."""

import asyncio
import functools
import gc
import logging
import sys
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from extproc.scheduling import patient_threads
from extproc.server import ExternalProcessor, GrpcServer
from extproc.settings import ExtProcSettings
from inference.in_process import EngineScorer
from inference.loading import load_engine
from kysira import logs
from kysira.errors import StartError
from kysira.guard import Guard
from kysira.management import Management, ManagementAccess, json_errors
from kysira.metrics import GuardMetrics, is_active, mode_gauge, new_registry
from kysira.mode_store import ModeStore
from kysira.pending import PendingScorer
from kysira.scorer import HttpScorer, Scorer
from kysira.serving import address, run, start_http, stop_event
from kysira.settings import admin_token, load, state_folder

PROG = "kysira-ext-proc"
METRICS = "kysira_extproc"
GRACE_S = 5.0
"""Seconds that streams in flight get after the drain."""

log = logging.getLogger(__name__)


def main() -> None:
    """Run until SIGTERM or SIGINT; exit 0 then, 1 with one line on stderr when it can't start."""
    sys.exit(run(PROG, serve))


async def serve() -> None:
    """Serve both ports until a signal."""
    settings = load(ExtProcSettings, PROG)
    logs.configure(settings.log_level, settings.log_format)
    token = admin_token(settings.admin_token_file)
    stopped = stop_event()
    registry = new_registry()
    scorer = PendingScorer()
    with patient_threads():
        grpc_server = GrpcServer()
    grpc_port = grpc_server.bind(settings.bind, settings.grpc_port)
    modes = ModeStore(settings.mode, state_folder(settings.data_dir, "ext-proc", grpc_port))
    guard = Guard(scorer, settings.policy, modes, GuardMetrics(METRICS, registry))
    processor = ExternalProcessor(guard, settings.max_body_bytes)
    _streams(registry).set_function(lambda: processor.active_streams)
    mode_gauge(METRICS, registry).set_function(lambda: is_active(modes.mode))
    _failures(registry, modes)
    health = functools.partial(_health, modes, scorer)
    app = web.Application(middlewares=[json_errors])
    app.add_routes(Management(modes, ManagementAccess(token), registry, health).routes())
    try:
        management = await start_http(app, settings.bind, settings.metrics_port)
    except StartError as error:
        raise StartError(f"{error}; choose another with --metrics-port") from error
    try:
        with patient_threads():
            await grpc_server.start(processor.handler())
        scorer.ready(await _load_scorer(settings))
        _settle_heap()
        await grpc_server.ready()
        print(
            f"{PROG} listening grpc={address(settings.bind, grpc_port)} "
            f"http={address(settings.bind, management.port)}",
            flush=True,
        )
        await stopped.wait()
        log.info("draining drain_ms=%d", settings.drain_ms)
        await grpc_server.drain()
        await asyncio.sleep(settings.drain_ms / 1000)
    finally:
        await grpc_server.stop(GRACE_S)
        await processor.told()
        await management.close()
        await scorer.close()


def _settle_heap() -> None:
    """Keep the garbage collector off what lives as long as the process, the detectors above all."""
    gc.collect()
    gc.freeze()


async def _load_scorer(settings: ExtProcSettings) -> Scorer:
    if settings.inference_url:
        return HttpScorer(settings.inference_url)
    return EngineScorer(await asyncio.to_thread(load_engine, settings))


def _streams(registry: CollectorRegistry) -> Gauge:
    return Gauge(f"{METRICS}_active_streams", "ext_proc streams open now.", registry=registry)


def _failures(registry: CollectorRegistry, modes: ModeStore) -> None:
    gauge = Gauge(
        f"{METRICS}_state_write_failures", "Mode flips that could not be saved.", registry=registry
    )
    gauge.set_function(lambda: modes.write_failures)


def _health(modes: ModeStore, scorer: PendingScorer) -> dict[str, Any]:
    status = "degraded" if scorer.is_failing else "ok"
    return {
        "service": PROG,
        "status": status if scorer.is_ready else "loading",
        "mode": modes.mode.value,
        "inference": scorer.description,
    }


if __name__ == "__main__":
    main()
