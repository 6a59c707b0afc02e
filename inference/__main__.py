"""kysira-inference: settings → listen → load → score."""

import asyncio
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from inference.engine import Engine
from inference.loading import load_engine
from inference.service import NAME, InferenceSettings, Service
from kysira import logs
from kysira.metrics import new_registry
from kysira.serving import HttpServer, run, start_http, stop_event
from kysira.settings import load

log = logging.getLogger("inference")


def main() -> None:
    """Run until SIGTERM or SIGINT; exit 0 then, 1 with one line on stderr when it can't start."""
    sys.exit(run(NAME, serve))


async def serve() -> None:
    """Serve until a signal; /health answers ``loading`` while the engine is loaded in a thread."""
    settings = load(InferenceSettings, NAME)
    logs.configure(settings.log_level, settings.log_format)
    stopped = stop_event()
    service = Service(settings, new_registry())
    server = await start_http(
        service.app(), settings.bind, settings.inference_port, option="--inference-port"
    )
    print(f"{NAME} listening on {server.url}", flush=True)
    try:
        service.begin(await _load(settings, stopped, server))
        await stopped.wait()
    finally:
        await server.close()


async def _load(settings: InferenceSettings, stopped: asyncio.Event, server: HttpServer) -> Engine:
    """Return the engine; a signal that comes first ends the process."""
    started = time.perf_counter()
    thread = ThreadPoolExecutor(1, thread_name_prefix="loader")
    engine = asyncio.get_running_loop().run_in_executor(thread, load_engine, settings)
    signalled = asyncio.create_task(stopped.wait())
    await asyncio.wait((engine, signalled), return_when=asyncio.FIRST_COMPLETED)
    if not engine.done():
        await server.close()
        logging.shutdown()
        os._exit(0)  # nothing can interrupt the load of a model, and an exit would wait for it
    signalled.cancel()
    loaded = await engine
    log.info("ready seconds=%.2f", time.perf_counter() - started)
    return loaded


if __name__ == "__main__":
    main()
