"""nginx: a subrequest becomes a request, the guard decides, nginx gets exactly 200 or 403.

nginx takes anything else for a failure of the adapter, on which it may let the request pass.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from adapter.nginx.subrequest import MIRROR_PATH, Answer, Body, Subrequest
from kysira.client_address import ClientAddress, read_address
from kysira.guard import Guard
from kysira.policy import Snapshot
from kysira.rarely import Rarely
from kysira.replies import (
    KILLED,
    NGINX_FORBIDDEN,
    NGINX_UNAVAILABLE,
    is_own,
    verdict_headers,
)
from kysira.types import Action, Decision, Mode, Request, Uninspected

log = logging.getLogger(__name__)
URI = "x-original-uri"
METHOD = "x-original-method"
UPGRADE = "x-original-upgrade"
LENGTH = "x-original-content-length"
CODING = "x-original-transfer-encoding"
PEER = "x-kysira-peer"
_FROM_NGINX = frozenset({URI, METHOD, UPGRADE, LENGTH, CODING})
_HOP = frozenset({"connection", "content-length", "transfer-encoding"})
"""What is nginx's own in a subrequest."""
_LOG_EVERY_S = 1.0


class NginxAuth:
    """Decides nginx's subrequests."""

    def __init__(
        self,
        guard: Guard,
        clients: ClientAddress,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._clients = clients
        self._complaints = Rarely(_LOG_EVERY_S, clock=clock)

    def begin(self, subrequest: Subrequest, peer: str) -> "Check":
        """Return the check of the request that the subrequest is about; ``peer`` is nginx's."""
        request = decode(subrequest, peer, self._clients)
        snapshot = self._guard.snapshot(request)
        if subrequest.path == MIRROR_PATH:
            snapshot = replace(snapshot, mode=Mode.SHADOW)  # nobody hears the answer
        return Check(self, subrequest, request, snapshot)

    async def decide(self, check: "Check", body: Body) -> Answer:
        """Return what to tell nginx of a check, now that the body has come."""
        subrequest, snapshot = check.subrequest, check.snapshot
        if subrequest.header(URI) is None:
            # The adapter's own line would be scored in its place, and found harmless.
            self._guard.count_unread(Uninspected.ERROR)
            self._complain(
                "check_without_original_uri: nothing was scored; the nginx configuration needs "
                "'proxy_set_header X-Original-URI $request_uri;' where it asks the adapter"
            )
            return Answer(is_refused=False)
        request = check.request
        if body.data or body.is_cut:
            request = replace(request, body=body.data, body_truncated=body.is_cut)
        unread = _unread(subrequest, body, inspects_body=snapshot.inspects_body)
        decision = await self._guard.check(request, snapshot, unread=unread)
        return encode(decision)

    def unreadable(self, why: str) -> Answer:
        """Return a refusal in active mode: what can't be read may hold anything."""
        self._guard.count_unread(Uninspected.PARSE)
        self._complain(f"check_unreadable: {why}")
        if self._guard.modes.mode is Mode.ACTIVE:
            return Answer(is_refused=True, body=NGINX_UNAVAILABLE.encode())
        return Answer(is_refused=False)

    def _complain(self, text: str) -> None:
        """Log at most once a second: every request may have the same fault."""
        if self._complaints.is_due():
            log.error("%s more=%d", text, self._complaints.left_out)


class Check(NamedTuple):
    """One request of a client's, until its body has come."""

    auth: NginxAuth
    subrequest: Subrequest
    request: Request
    """Without its body."""
    snapshot: Snapshot

    @property
    def room(self) -> int:
        """Return how many bytes of the body are inspected."""
        return self.snapshot.policy.max_body_bytes if self.snapshot.inspects_body else 0

    async def answer(self, body: Body) -> Answer:
        """Return what to tell nginx, now that the body has come."""
        return await self.auth.decide(self, body)


def decode(subrequest: Subrequest, peer: str, clients: ClientAddress) -> Request:
    """Return the client's request, without a body; headers that nginx has added are left out."""
    headers = tuple(
        [row for row in subrequest.headers if row[0] not in _HOP and not _is_added(row[0])]
    )
    if upgrade := subrequest.header(UPGRADE):  # nginx keeps it to itself
        headers = (*headers, ("upgrade", upgrade))
    peer = read_address(subrequest.header(PEER) or b"") or peer
    return Request(
        method=(subrequest.header(METHOD) or b"").decode("latin-1"),
        target=subrequest.header(URI) or b"",
        headers=headers,
        source_ip=clients.of(peer, headers),
    )


def _is_added(name: str) -> bool:
    # These names alone: X-Original-URL is a client's, and some apps route by it.
    return name in _FROM_NGINX or is_own(name)


def _unread(subrequest: Subrequest, body: Body, *, inspects_body: bool) -> Uninspected | None:
    """Return why a part of the request never came: auth_request sends no bodies."""
    is_sent = body.data or body.is_cut
    if not is_sent and (subrequest.header(CODING) or subrequest.header(LENGTH) or b"0") != b"0":
        return Uninspected.OVERSIZE if inspects_body else Uninspected.POLICY
    if subrequest.header(UPGRADE) and subrequest.header(METHOD) == b"GET":
        return Uninspected.UPGRADE
    return None


def encode(decision: Decision) -> Answer:
    """Return the answer that carries out the decision."""
    told = verdict_headers(decision)
    if not decision.is_refused:
        return Answer(is_refused=False, headers=told)
    if decision.action is Action.ACTIVE_KILL:
        killed = (*told, (KILLED, "true"))
        return Answer(is_refused=True, headers=killed, body=NGINX_FORBIDDEN.encode())
    return Answer(is_refused=True, headers=told, body=NGINX_UNAVAILABLE.encode())
