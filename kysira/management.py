"""The management paths of the front-ends: health, metrics, mode, and what a service adds."""

import hmac
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from kysira.events.event import timestamp
from kysira.mode_request import read_wish
from kysira.mode_store import ModeDiffers, ModeStore, Wish
from kysira.rarely import Rarely
from kysira.serving import AnyRequest

log = logging.getLogger(__name__)
_FORWARDING = frozenset({
    "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
    "cf-connecting-ip", "fastly-client-ip", "x-original-forwarded-for",
})  # fmt: skip
_FORWARDING_PREFIXES = ("x-forwarded", "x-envoy-")  # Envoy tells of itself by the latter
_LOG_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a management call is refused."""

    status: int
    error: str


@dataclass(frozen=True, slots=True)
class ManagementAccess:
    """Who may write, and read events: whoever has the token; without one, this machine alone.

    A loopback peer is not enough: behind a local proxy every client comes from 127.0.0.1, and a web
    page can make a browser on this machine send requests.
    """

    token: str = ""

    def refusal(self, request: web.BaseRequest, *, is_write: bool = True) -> Refusal | None:
        """Return why the request may not write, or read events; None when it may."""
        if self.token:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            is_same = hmac.compare_digest(_bytes(given.strip()), _bytes(self.token))
            if is_same and scheme.lower() == "bearer":
                return None
            return Refusal(401, "send Authorization: Bearer with the admin token")
        if not _is_loopback(request.remote or ""):
            return Refusal(403, "set KYSIRA_ADMIN_TOKEN to manage from another machine")
        if not _is_loopback(_host_name(request.headers.get("Host", ""))):
            return Refusal(403, "without KYSIRA_ADMIN_TOKEN the Host must be localhost")
        if request.version < HttpVersion11:  # what nginx speaks to an upstream unless told
            return Refusal(403, "set KYSIRA_ADMIN_TOKEN: HTTP/1.0 is what proxies speak")
        if any(map(_is_of_proxy, request.headers)):
            return Refusal(403, "set KYSIRA_ADMIN_TOKEN to manage through a proxy")
        origin = request.headers.get("Origin")
        if origin is not None and _net_location(origin) != request.headers.get("Host"):
            return Refusal(403, "without KYSIRA_ADMIN_TOKEN no other Origin is answered")
        if is_write and request.content_type != "application/json":
            return Refusal(403, "without KYSIRA_ADMIN_TOKEN send Content-Type: application/json")
        return None


def _is_of_proxy(name: str) -> bool:
    name = name.lower().replace("_", "-")
    return name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _net_location(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _host_name(host: str) -> str:
    try:
        return "" if "@" in host else urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
OWN_FOLDER = "/_kysira/"


class Management:
    """Answers the management paths of one service."""

    def __init__(
        self,
        modes: ModeStore,
        access: ManagementAccess,
        registry: CollectorRegistry,
        health: Callable[[], dict[str, Any]],
        more: Mapping[str, Mapping[str, Answer]] | None = None,
    ) -> None:
        """``more`` holds further answers, by path and method, as those of the event stream."""
        self.modes = modes
        self.access = access
        self._registry = registry
        self._health = health
        self._refusal_log = Rarely(_LOG_EVERY_S)
        self._answers: dict[str, Mapping[str, Answer]] = {
            f"{OWN_FOLDER}health": readable(self._get_health),
            "/metrics": readable(self._get_metrics),
            "/api/mode": {**readable(self._get_mode), "POST": self._post_mode},
            **(more or {}),
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, for any aiohttp application."""
        return [
            _route(method, path, answer)
            for path, answers in self._answers.items()
            for method, answer in answers.items()
        ]

    def owns(self, target: str) -> bool:
        """Return True for a request target that is ours to answer, as sent: no other is."""
        path = target.partition("?")[0]
        return path in self._answers or path.startswith(OWN_FOLDER)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request whose target is ours, where there is no router."""
        answers = self._answers.get(request.raw_path.partition("?")[0])
        if answers is None:
            return json_error(404, "Not Found")
        if request.method in answers:
            return await _as_json(request, answers[request.method])
        response = json_error(405, "Method Not Allowed")
        response.headers["Allow"] = ",".join(sorted(answers))
        return response

    async def _get_health(self, _: web.BaseRequest) -> web.Response:
        return web.json_response(self._health())

    async def _get_metrics(self, _: web.BaseRequest) -> web.Response:
        return metrics_response(self._registry)

    async def _get_mode(self, _: web.BaseRequest) -> web.Response:
        flip, configured = self.modes.in_force, self.modes.configured
        answer = self._mode()
        if flip.mode is not configured or flip.expires_at is not None:
            answer["configured"] = configured.value
        return web.json_response(answer)

    async def _post_mode(self, request: web.BaseRequest) -> web.Response:
        refusal = self.access.refusal(request)
        if refusal:
            self._note_refusal(request, refusal)
            return json_error(refusal.status, refusal.error)
        try:
            wish = read_wish(await request.read(), time.time())
        except ValueError as error:
            return json_error(400, str(error))
        before = self.modes.mode
        try:
            await self.modes.grant(wish)
        except ModeDiffers as differs:
            return web.json_response({"error": str(differs), "mode": differs.mode}, status=409)
        log.warning(
            "mode_changed from=%s to=%s ttl_seconds=%s%s peer=%s",
            before, wish.mode, wish.ttl_seconds, _more(wish), request.remote,
        )  # fmt: skip
        return web.json_response(self._mode())

    def _note_refusal(self, request: web.BaseRequest, refusal: Refusal) -> None:
        """Say so once a second: anybody may ask, as often as they like."""
        if self._refusal_log.is_due():
            log.warning(
                "mode_refused peer=%s error=%r more=%d",
                request.remote, refusal.error, self._refusal_log.left_out,
            )  # fmt: skip

    def _mode(self) -> dict[str, Any]:
        """Return what a flip is answered with, to the letter what the API reference has."""
        flip = self.modes.in_force
        answer: dict[str, Any] = {"mode": flip.mode.value}
        if flip.expires_at is not None:
            answer["expires_at"] = timestamp(flip.expires_at)
            answer["back_to"] = flip.back_to
        if not self.modes.is_saved:
            answer["saved"] = False  # gone with the next restart
        return answer


def _route(method: str, path: str, answer: Answer) -> web.RouteDef:
    only_get = {"allow_head": False} if method == "GET" else {}
    return web.RouteDef(method, path, answer, only_get)


def _more(wish: Wish) -> str:
    """Return what a flip's log line says of what only programs ask for."""
    end = "" if wish.expires_at is None else f" expires_at={timestamp(wish.expires_at)}"
    return end if wish.back_to is None else f"{end} back_to={wish.back_to}"


def readable(answer: Answer) -> dict[str, Answer]:
    """Answer HEAD like GET: aiohttp leaves the body away (RFC 9110 §9.3.2)."""
    return {"GET": answer, "HEAD": answer}


def metrics_response(registry: CollectorRegistry) -> web.Response:
    """Return the registry in Prometheus's text format."""
    return web.Response(
        body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def json_error(status: int, error: str) -> web.Response:
    """Return an error that says what to do."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return web.json_response({"error": error}, status=status, headers=headers)


@web.middleware
async def json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer aiohttp's own errors, such as 404 and 405, as JSON too."""
    return await _as_json(request, handler)


async def _as_json(
    request: AnyRequest, answer: Callable[[AnyRequest], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await answer(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = json_error(error.status, error.reason)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
