"""Envoy's ext_authz: each check is decided by the same guard, and each gets an answer.

What Contour has, where there is no ext_proc. Envoy buffers as much of a body as it is told to, and
asks once.
"""

import asyncio
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from extproc.accepting import Methods
from extproc.ext_authz_codec import Check, decode, encode
from extproc.proto import ext_authz_pb2 as pb
from kysira.client_address import BELIEVE_NOBODY, ClientAddress
from kysira.guard import Guard
from kysira.types import Uninspected

SERVICE = "envoy.service.auth.v3.Authorization"
_MOST_LENGTHS = 16


class Authorization:
    """Serves ``Check``, one call a request."""

    def __init__(self, guard: Guard, clients: ClientAddress = BELIEVE_NOBODY) -> None:
        self._guard = guard
        self._clients = clients
        self._cut_lengths: set[int] = set()

    def methods(self) -> Methods:
        """Return what a gRPC server serves; messages stay bytes on gRPC's side."""
        method: Any = grpc.unary_unary_rpc_method_handler(self._check)
        return {f"/{SERVICE}/Check": method}

    async def _check(self, data: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        try:
            check = self._whole_or_cut(decode(pb.CheckRequest.FromString(data), self._clients))
        except DecodeError:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a CheckRequest")
            raise AssertionError from None  # abort always raises
        snapshot = self._guard.snapshot(check.request)
        is_left_out = check.has_body and not snapshot.inspects_body
        unread = Uninspected.POLICY if is_left_out else check.unread
        try:
            decision = await self._guard.check(check.request, snapshot, unread=unread)
        except asyncio.CancelledError:  # Envoy waits no longer, and may let the request pass
            self._guard.count_unread(Uninspected.TIMEOUT)
            raise
        return encode(check.request, decision)

    def _whole_or_cut(self, check: Check) -> Check:
        """Return the check, cut where a body without a declared length ends where Envoy cuts.

        Envoy asks as soon as its buffer is full. When that is all that has come by then, it says
        that nothing is missing, and a client can time the rest to come later.
        """
        length = len(check.request.body)
        if check.is_cut_by_envoy:
            if len(self._cut_lengths) < _MOST_LENGTHS:
                self._cut_lengths.add(length)
        elif check.may_be_cut and length in self._cut_lengths:
            return check.cut()
        return check
