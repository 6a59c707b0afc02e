"""How many calls gRPC takes up at a time.

grpc.aio asks its core for the next call only once it has been handed the last one, through two
threads and a turn of the event loop: at full load calls wait there, one by one, and cost more than
what is done for them. Here the core is asked for several at once, by what grpc.aio's own loop
calls for each. None of that is public: where a version of grpcio looks different, its own loop
takes up the calls, as it always does beside this one.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]

log = logging.getLogger(__name__)

Methods = Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
"""What a server serves, by path, as "/package.Service/Method"."""

AT_ONCE = 15
"""Calls of a method that may be taken up beside grpc.aio's own one; more gain nothing."""
_KNOWN = {
    "_handle_rpc": (
        "method_name", "method_resolver", "interceptors", "rpc_state", "loop",
        "concurrency_exceeded",
    ),
    "_schedule_rpc_coro": ("rpc_coro", "rpc_state", "loop", "method_name"),
    "AioServer._request_registered_call": ("self", "method"),
    "AioServer.is_running": ("self",),
}  # fmt: skip
"""What is called of grpcio, and with what: as in 1.84 and 1.85."""


def accept_several(server: grpc.aio.Server, methods: Methods, *, core: Any = cygrpc) -> bool:
    """Have the started server take up several calls of these registered methods at a time.

    Ends when the server stops. Returns False, and changes nothing, where this grpcio does not let
    it. Interceptors and a limit of calls would be passed over: the server must have neither.
    """
    if not _is_known(server, core):
        log.info("calls_accepted_singly grpcio=%s", grpc.__version__)
        return False
    acceptor = _Acceptor(server, methods, core)
    for path in methods:
        for _ in range(AT_ONCE):
            acceptor.keep(acceptor.accept(path))
    return True


class _Acceptor:
    """Does what the loop of grpc.aio's server does, beside it."""

    def __init__(self, server: Any, methods: Methods, core: Any) -> None:
        self._core = core
        self._server = server._server
        self._resolver = core._MethodResolver([], dict(methods))
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, coroutine: Any) -> None:
        """Run it; the event loop itself keeps only a weak reference."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def accept(self, path: str) -> None:
        """Take up call after call until the server stops."""
        core, method, loop = self._core, path.encode(), self._loop
        while self._server.is_running():
            try:
                call = await self._server._request_registered_call(method)
            except core._RequestCallError:  # the server stops, or this one client has gone
                continue
            # Also when the server has begun to stop: it waits for what its core has handed out.
            handling = core._handle_rpc(path, self._resolver, (), call, loop, False)
            self.keep(core._schedule_rpc_coro(handling, call, loop, path))


def _is_known(server: Any, core: Any) -> bool:
    """Return True when everything that is called here is there and takes what it is given."""
    for name, parameters in _KNOWN.items():
        found = core
        for part in name.split("."):
            found = getattr(found, part, None)
        code = getattr(found, "__code__", None)
        if code is None or code.co_varnames[: code.co_argcount] != parameters:
            return False
    has_rest = hasattr(core, "_MethodResolver") and hasattr(core, "_RequestCallError")
    return has_rest and isinstance(getattr(server, "_server", None), core.AioServer)
