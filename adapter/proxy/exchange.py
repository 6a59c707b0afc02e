"""One request to the app, and its answer to the client, both as they come."""

import asyncio
from typing import NamedTuple, Protocol

from adapter.proxy import tunnel
from adapter.proxy.body import Body
from adapter.proxy.client import ClientConnection
from adapter.proxy.errors import ProxyError, StaleError, UpstreamError
from adapter.proxy.heads import RequestHead, ResponseHead
from adapter.proxy.messages import LAST_CHUNK, chunk, encode_response, keeps_alive
from adapter.proxy.pool import Pool, is_repeatable
from adapter.proxy.upstream import SWITCHING, UpstreamConnection


class Watcher(Protocol):
    """Reads every further piece of a body before it is sent."""

    @property
    def is_holding(self) -> bool:
        """Return True while it holds something back."""

    async def read(self, piece: bytes, *, is_quiet: bool, is_over: bool) -> bytes:
        """Return what is to be sent by now; raises ProxyError to end all.

        ``is_quiet`` says that no more came for a moment, ``is_over`` that this was all.
        """


class Outgoing(NamedTuple):
    """A request as it goes to the app."""

    head: bytes
    first: bytes = b""
    """The part of the body that was read before."""
    body: Body | None = None
    """Where the rest of the body comes from, if there is more to come."""
    is_chunked: bool = False
    is_upgrade: bool = False
    watch: Watcher | None = None


async def forward(
    pool: Pool, client: ClientConnection, head: RequestHead, outgoing: Outgoing
) -> bool:
    """Send the request and pass the answer on; return True when the client may go on.

    A request is sent twice when a kept connection turns out to be closed, and the method says that
    it makes no difference (RFC 9110 §9.2.2). Raises ProxyError.
    """
    can_repeat = is_repeatable(head.method) and outgoing.body is None
    app = pool.idle(is_repeatable=can_repeat)
    if app is not None:
        try:
            return await _exchange(pool, app, client, head, outgoing)
        except StaleError:
            if not can_repeat:
                raise
    return await _exchange(pool, await pool.new(), client, head, outgoing)


async def _exchange(
    pool: Pool,
    app: UpstreamConnection,
    client: ClientConnection,
    head: RequestHead,
    outgoing: Outgoing,
) -> bool:
    app.start(head.method, lambda answer: _tell(client, head, answer))
    upload = _send(app, client, outgoing, pool.write_s)
    is_done = is_kept = False
    try:
        answer = await app.head()
        if answer.status == SWITCHING:
            is_done = _switch(client, app, answer, is_asked_for=outgoing.is_upgrade)
            return False
        is_kept = await _relay(client, head, answer, app.body)
        is_done = upload is None or upload.done()
        return is_kept and is_done
    finally:
        if upload is not None:
            upload.cancel()
        if not is_done:
            app.transport.abort()
        elif app.partner is None:
            pool.put(app, is_shared=not _is_personal(head))


def _is_personal(head: RequestHead) -> bool:
    """Return True for a request whose credentials may hold for all that its connection carries.

    https://learn.microsoft.com/en-us/iis/configuration/system.webserver/security/authentication/windowsauthentication/
    """
    credentials = head.controls.get("authorization", ())
    return any(value[:9].lower().startswith((b"ntlm", b"negotiate")) for value in credentials)


def _send(
    app: UpstreamConnection, client: ClientConnection, outgoing: Outgoing, write_s: float
) -> "asyncio.Task[None] | None":
    """Write what there is; return what sends the rest, if there is more to come."""
    pieces = [outgoing.head]
    if outgoing.first:
        pieces += chunk(outgoing.first) if outgoing.is_chunked else [outgoing.first]
    if outgoing.body is None and outgoing.is_chunked:
        pieces.append(LAST_CHUNK)
    app.transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
    if outgoing.body is None:
        app.expect_answer()
        return None
    return asyncio.create_task(_upload(app, client, outgoing, outgoing.body, write_s))


async def _upload(
    app: UpstreamConnection,
    client: ClientConnection,
    outgoing: Outgoing,
    body: Body,
    write_s: float,
) -> None:
    """Send the rest of a body, as fast as the app takes it and no faster than the client."""
    watch, is_over = outgoing.watch, False
    try:
        while not is_over:
            is_holding = watch is not None and watch.is_holding
            has_news = await client.wait_for_body(body, is_patient=not is_holding)
            piece = body.take()
            is_over = body.is_over
            if watch is not None:
                piece = await watch.read(piece, is_quiet=not has_news, is_over=is_over)
            if app.is_lost:
                return  # whoever waits for its answer knows
            if piece:
                app.transport.writelines(chunk(piece) if outgoing.is_chunked else [piece])
            if app.is_full:
                await app.drain(write_s)
        if outgoing.is_chunked:
            app.transport.write(LAST_CHUNK)
        app.expect_answer()
    except ProxyError as error:
        app.fail(error)
    except TimeoutError:
        app.fail(UpstreamError("the app takes nothing more of the request", 504))
    except ConnectionError:
        pass  # one side is gone, and whoever waits for it knows


class _Plan(NamedTuple):
    """How an answer's body goes to this client."""

    is_kept: bool
    is_chunked: bool

    def lines(self, minor: int) -> list[bytes]:
        """Return the header lines that say so."""
        lines = [b"Transfer-Encoding: chunked"] if self.is_chunked else []
        if not self.is_kept:
            lines.append(b"Connection: close")
        elif minor == 0:
            lines.append(b"Connection: keep-alive")
        return lines


def _plan(
    client: ClientConnection, request: RequestHead, answer: ResponseHead, body: Body | None
) -> _Plan:
    is_kept = keeps_alive(request) and not client.is_stopping
    if body is None:
        return _Plan(is_kept, is_chunked=False)
    controls = answer.controls
    if "content-length" in controls and "transfer-encoding" not in controls:
        return _Plan(is_kept, is_chunked=False)
    # In HTTP/1.0 the end of the connection ends a body of unknown length.
    return _Plan(is_kept and request.minor == 1, is_chunked=request.minor == 1)


async def _relay(
    client: ClientConnection, request: RequestHead, answer: ResponseHead, body: Body | None
) -> bool:
    """Pass the answer on, piece by piece; return True when the connection can go on."""
    plan = _plan(client, request, answer, body)
    head = encode_response(answer, more=plan.lines(request.minor))
    if body is None:
        client.write(head)
    else:
        await _relay_body(client, head, body, is_chunked=plan.is_chunked)
    if client.is_full:
        await client.wait_for_room()
    return plan.is_kept


async def _relay_body(
    client: ClientConnection, head: bytes, body: Body, *, is_chunked: bool
) -> None:
    pieces = [head]
    while True:
        if not body.has_news:
            if pieces:
                client.write_all(pieces)  # an event stream may say nothing for long
            pieces = []
            await body.wait()
        if piece := body.take():
            pieces += chunk(piece) if is_chunked else [piece]
        if body.is_over:
            break
        client.write_all(pieces)
        pieces = []
        if client.is_full:
            await client.wait_for_room()
    if is_chunked:
        pieces.append(LAST_CHUNK)
    client.write_all(pieces)


def _tell(client: ClientConnection, request: RequestHead, answer: ResponseHead) -> None:
    """Pass on an answer before the final one, to a client that knows of such, and takes it.

    Without end, and waiting for nobody, they would fill the memory.
    """
    if request.minor == 1 and not client.is_full and not client.is_lost:
        client.write_interim(encode_response(answer))


def _switch(
    client: ClientConnection, app: UpstreamConnection, answer: ResponseHead, *, is_asked_for: bool
) -> bool:
    if not is_asked_for:
        raise UpstreamError("the app switches to a protocol that nobody has asked for")
    upgrade = b", ".join(answer.controls.get("upgrade", ()))
    client.write(encode_response(answer, more=(b"Connection: Upgrade", b"Upgrade: " + upgrade)))
    tunnel.join(client, app)
    return True
