"""GET /_kysira/policy: what is in force, where it is from, and what of it is used."""

import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from kysira.events.event import timestamp
from kysira.management import OWN_FOLDER, Answer, ManagementAccess, json_error, readable
from kysira.metrics import GuardMetrics
from kysira.mode_store import ModeStore
from kysira.policy_source import PolicySource
from kysira.policy_text import exclusion_to_json, policy_to_json, route_to_json

POLICY_PATH = f"{OWN_FOLDER}policy"


class PolicyAnswer:
    """Answers who may read events: exclusions say what the firewall does not see."""

    def __init__(
        self,
        source: PolicySource,
        modes: ModeStore,
        metrics: GuardMetrics,
        access: ManagementAccess,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._modes = modes
        self._metrics = metrics
        self._access = access
        self._clock = clock

    def answers(self) -> dict[str, dict[str, Answer]]:
        """Return the answers by path and method."""
        return {POLICY_PATH: readable(self._get)}

    async def _get(self, request: web.BaseRequest) -> web.Response:
        refusal = self._access.refusal(request, is_write=False)
        if refusal:
            return json_error(refusal.status, refusal.error)
        return web.json_response(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the answer."""
        source, now = self._source, self._clock()
        policy, hits, requests = source.policy, self._metrics.hits, self._metrics.route_requests
        return {
            "hash": policy.hash,
            "file": None if source.path is None else str(source.path),
            "loaded_at": timestamp(source.loaded_at),
            "error": source.error or None,
            "mode": self._modes.mode.value,
            "policy": policy_to_json(policy),
            "exclusions": [
                {
                    **exclusion_to_json(each),
                    "hits": hits.get(each.name, 0),
                    "expired": each.has_expired(now),
                }
                for each in policy.exclusions
            ],
            "routes": [
                {**route_to_json(route), "requests": requests.get(route.name, 0)}
                for route in policy.routes
            ],
        }
