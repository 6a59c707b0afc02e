"""The standalone proxy: every request is decided, then forwarded or refused."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from adapter.frontends.bodies import First, Killed, Watch, leave_unread, read_all, read_first
from adapter.proxy import answers
from adapter.proxy.body import Body
from adapter.proxy.client import ClientConnection
from adapter.proxy.exchange import Outgoing, forward
from adapter.proxy.forwarded import forwarded_headers
from adapter.proxy.heads import RequestHead
from adapter.proxy.hop_by_hop import switched_to
from adapter.proxy.messages import encode_request
from adapter.proxy.pool import Pool
from adapter.proxy.reset import reset, reset_after_arrival
from kysira.client_address import ClientAddress
from kysira.guard import Guard
from kysira.replies import refusal_body, refusal_headers, verdict_headers
from kysira.types import Action, Decision, Request, Uninspected


class Own(Protocol):
    """What the proxy answers itself."""

    def owns(self, target: str) -> bool:
        """Return True for a target that is no app's."""


class ReverseProxy:
    """Answers each request of a client: by the app, unless the guard refuses it."""

    def __init__(
        self,
        guard: Guard,
        pool: Pool,
        clients: ClientAddress,
        *,
        own: Own | None = None,
        others: Callable[[], asyncio.Protocol] | None = None,
    ) -> None:
        """``others`` makes the protocol that answers the requests that are ``own``."""
        self._guard = guard
        self._pool = pool
        self._clients = clients
        self._own = own
        self._others = others

    async def __call__(
        self, head: RequestHead, body: Body | None, client: ClientConnection
    ) -> bool:
        """Decide and carry out; returns True when the client may send another request."""
        if self._own is not None and self._own.owns(head.target.decode("latin-1")):
            return await self._answer_own(head, body, client)
        guard = self._guard
        fields = tuple([(key, value) for _, key, value in head.headers])
        source_ip = self._clients.of(client.peer, fields)
        request = Request(head.method.decode("ascii"), head.target, fields, source_ip=source_ip)
        snapshot = guard.snapshot(request)
        if body is None:
            upgrade = switched_to(head) if head.method == b"GET" else b""
            unread = Uninspected.UPGRADE if upgrade else None
            decision = await guard.check(request, snapshot, unread=unread)
            if decision.is_refused:
                return await self._refuse(decision, head, client)
            return await self._forward(head, client, decision, upgrade=upgrade)
        if not snapshot.inspects_body:
            decision = await guard.check(request, snapshot, unread=Uninspected.POLICY)
            return await self._leave_unread(decision, head, body, client)
        refusal = await guard.check_head(request, snapshot)
        if refusal is not None:
            return await self._refuse(refusal, head, client)
        policy = snapshot.policy
        limit = policy.max_body_bytes
        first = await read_first(head, body, client, policy)
        decision = await guard.check(
            Request(
                request.method, head.target, fields, body=first.data[:limit],
                body_truncated=first.is_cut(policy), source_ip=source_ip,
            ),
            snapshot,
        )  # fmt: skip
        if decision.is_refused:
            return await self._refuse(decision, head, client)
        # What was told of once, in shadow mode, is not told of again.
        is_watched = decision.action is not Action.SHADOW_KILL and len(first.data) <= limit
        watch = None
        if first.rest is not None and is_watched:
            silence_s = client.limits.silence_s
            watch = Watch(guard, request, snapshot, first.data, silence_s=silence_s)
        try:
            return await self._forward(head, client, decision, first=first, watch=watch)
        except Killed as killed:
            if client.has_answered:
                reset(client.transport)
                return False
            return await self._refuse(killed.decision, head, client)

    async def _leave_unread(
        self, decision: Decision, head: RequestHead, body: Body, client: ClientConnection
    ) -> bool:
        """Carry out a decision by the head alone; the body passes as it comes."""
        if decision.is_refused:
            return await self._refuse(decision, head, client)
        first = leave_unread(head, body, client)
        return await self._forward(head, client, decision, first=first)

    async def _forward(
        self,
        head: RequestHead,
        client: ClientConnection,
        decision: Decision,
        *,
        first: First | None = None,
        upgrade: bytes = b"",
        watch: Watch | None = None,
    ) -> bool:
        target = self._pool.target
        # Whoever is believed whose request it is, is believed how it came.
        is_trusted = self._clients.trusts(client.peer)
        more = [
            *forwarded_headers(
                head, client.peer, is_secure=client.is_secure, is_trusted=is_trusted
            ),
            *_verdict_lines(decision),
        ]
        if "host" not in head.controls:
            more.append(b"Host: " + target.authority)
        is_chunked = "transfer-encoding" in head.controls
        encoded = encode_request(
            head, target.request_target(head.target), more=more, is_chunked=is_chunked,
            upgrade=upgrade,
        )  # fmt: skip
        outgoing = Outgoing(encoded, is_upgrade=bool(upgrade))
        if first is not None:
            outgoing = Outgoing(encoded, first.data, first.rest, is_chunked, watch=watch)
        return await forward(self._pool, client, head, outgoing)

    async def _refuse(
        self, decision: Decision, head: RequestHead, client: ClientConnection
    ) -> bool:
        """Answer with the refusal; a request that was killed ends with an RST behind it."""
        status = decision.refuse_status or 403
        headers = [(_title(name), value) for name, value in refusal_headers(decision)]
        body = refusal_body(status, decision)
        client.write(answers.answer(status, body, headers, is_head=head.method == b"HEAD"))
        if decision.action is Action.ACTIVE_KILL and status == 403:
            await reset_after_arrival(client.transport)
        return False

    async def _answer_own(
        self, head: RequestHead, body: Body | None, client: ClientConnection
    ) -> bool:
        """Leave the connection to aiohttp's server, with this as its only request."""
        data = b"" if body is None else await read_all(head, body, client)
        lines = [b"%b %b HTTP/1.%d" % (head.method, head.target, head.minor)]
        lines += [name + b": " + value for name, key, value in head.headers if key not in _REPLACED]
        lines += (b"Content-Length: %d" % len(data), b"Connection: close", b"\r\n")
        if self._others is not None:
            client.hand_over(self._others(), b"\r\n".join(lines) + data)
        return False


_REPLACED = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})


def _verdict_lines(decision: Decision) -> list[bytes]:
    return [
        f"{_title(name)}: {value}".encode("latin-1") for name, value in verdict_headers(decision)
    ]


@lru_cache(64)
def _title(name: str) -> str:
    """Return the name as people write it, e.g. ``X-Kysira-Score``."""
    return "-".join(part.capitalize() for part in name.split("-"))
