"""The engine behind HTTP: /health, /ready, /metrics and /score, as the API reference has them."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry

from inference.calls import CallLimits, call_limits, read_call
from inference.engine import Engine
from inference.in_process import MAX_WAIT_S, EngineScorer, threads_for
from inference.model import model_folders
from inference.service_metrics import ServiceMetrics, endpoint
from kysira.errors import RequestError, ScoringError, ScoringOverload
from kysira.management import json_error, json_errors, metrics_response
from kysira.settings import EngineSettings, ServiceSettings, port, setting
from kysira.types import Request, ScoreOptions, Uninspected, Verdict
from kysira.wire import verdict_to_json

NAME = "kysira-inference"
RETRY_AFTER_S = 1
PRIMARY = "sqli"
"""The detector that plain ``POST /score`` asks."""


@dataclass(frozen=True, kw_only=True)
class InferenceSettings(ServiceSettings, EngineSettings):
    """Scores HTTP requests for front-ends: the detection engine behind HTTP."""

    inference_port: int = setting(8081, "Port to listen on; 0 is any free one.", read=port)


@dataclass(frozen=True, slots=True)
class _Loaded:
    backings: dict[str, str]
    scorer: EngineScorer


class Service:
    """Answers from the start; scores from ``begin`` on."""

    def __init__(
        self,
        settings: InferenceSettings,
        registry: CollectorRegistry,
        *,
        limits: CallLimits | None = None,
    ) -> None:
        self._settings = settings
        self._limits = limits or call_limits(settings.max_body_bytes)
        self._registry = registry
        self._metrics = ServiceMetrics(registry)
        self._loaded: _Loaded | None = None

    def begin(self, engine: Engine, *, max_wait_s: float = MAX_WAIT_S) -> None:
        """Score with this engine from now on; drop what has waited longer for a thread."""
        threads = threads_for(self._settings.device)
        scorer = EngineScorer(engine, threads=threads, max_wait_s=max_wait_s)
        self._loaded = _Loaded(engine.backings, scorer)

    def app(self) -> web.Application:
        """Return the application; call once."""
        app = web.Application(
            middlewares=[self._metrics.count, self._tell, json_errors],
            client_max_size=self._limits.most_bytes,
        )
        app.add_routes(
            [
                web.get("/health", self._get_health),
                web.get("/ready", self._get_ready),
                web.get("/metrics", self._get_metrics),
                web.post("/score", self._post_one),
                web.post("/score/all", self._post_all),
                web.post("/score/{detector}", self._post_one),
            ]
        )
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        if self._loaded:
            await self._loaded.scorer.close()

    @web.middleware
    async def _tell(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RequestError as error:
            return json_error(error.status, str(error))
        except ScoringError as error:
            is_full = isinstance(error, ScoringOverload)
            reason = Uninspected.OVERLOAD if is_full else Uninspected.ERROR
            self._metrics.count_uninspected(reason)
            response = json_error(503, str(error))
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
            return response

    async def _get_health(self, _: web.Request) -> web.Response:
        return web.json_response(self._health())

    async def _get_ready(self, _: web.Request) -> web.Response:
        return web.json_response(self._health(), status=200 if self._loaded else 503)

    def _health(self) -> dict[str, Any]:
        loaded, folders = self._loaded, model_folders(self._settings)
        return {
            "service": NAME,
            "status": "ok" if loaded else "loading",
            "sqli_model": _path(folders.get("sqli")),
            "pi_model": _path(folders.get("prompt-injection")),
            "detectors": loaded.backings if loaded else {},
        }

    async def _get_metrics(self, _: web.Request) -> web.Response:
        return metrics_response(self._registry)

    async def _post_all(self, call: web.Request) -> web.Response:
        loaded = self._scoring()
        request, options = await read_call(call, self._limits)
        verdict = await self._score(loaded, endpoint(call), request, options)
        return web.json_response(verdict_to_json(verdict))

    async def _post_one(self, call: web.Request) -> web.Response:
        loaded = self._scoring()
        slug = call.match_info.get("detector", PRIMARY)
        if slug not in loaded.backings:
            raise RequestError(f"no such detector; there are {', '.join(loaded.backings)}", 404)
        request, options = await read_call(call, self._limits)
        others = loaded.backings.keys() - {slug}
        options = replace(options, disabled=options.disabled | others)
        verdict = await self._score(loaded, endpoint(call), request, options)
        return web.json_response({"score": verdict.score, "reason": verdict.reason})

    def _scoring(self) -> _Loaded:
        if self._loaded is None:
            raise ScoringError("the detectors and models are loading")
        return self._loaded

    async def _score(
        self, loaded: _Loaded, where: str, request: Request, options: ScoreOptions
    ) -> Verdict:
        started = time.perf_counter()
        answer = loaded.scorer.score(request, options)
        verdict = answer if isinstance(answer, Verdict) else await answer
        self._metrics.observe(where, time.perf_counter() - started)
        self._metrics.count_verdict(verdict, options)
        return verdict


def _path(folder: Path | None) -> str | None:
    return None if folder is None else str(folder)
