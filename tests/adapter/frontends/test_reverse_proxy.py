"""Every request is decided, then forwarded byte for byte or refused; raw sockets on both ends."""

import asyncio
import socket
import struct

import pytest

from kysira.policy import Policy
from kysira.routes import Route
from kysira.settings import OnOversize
from kysira.types import Action, Mode, Uninspected, Verdict
from tests.adapter.proxied import EVENT_ID, proxied, until_idle
from tests.adapter.raw import OK, RawApp, ask, connected, get, header, lines_of, read_message

POST = b"POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "target",
    [
        b"/a%2Fb//c/./d/../e;p=1?x=%41&y=a+b;c&&z",
        b"/",
        b"//evil.example/x",
        b"/?",
        b"/a?b?c#d",
        b"/%",
        b"/\xff\xc3\xa9?\x80=\xfe",
        b"/'\"<>{}|\\^`",
        b"http://shop.example/a%2Fb?c",
        b"HTTPS://Shop.Example",
    ],
)
async def test_target_arrives_byte_for_byte(target: bytes) -> None:
    """No normalisation on the way: the app sees what the detectors saw."""
    async with RawApp().running() as app, proxied(app) as proxy:
        assert (await ask(proxy.port, get(target))).startswith(b"HTTP/1.1 200 OK\r\n")
        assert lines_of(app.requests[0])[0] == b"GET " + target + b" HTTP/1.1"
        assert proxy.scorer.asked[0].target == target


async def test_asterisk_and_odd_methods_arrive() -> None:
    """OPTIONS * is forwarded, and so is a method that only the app knows."""
    async with RawApp().running() as app, proxied(app) as proxy:
        tail = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for line in (b"OPTIONS *", b"PROPFIND /dav", b"FROBNICATE /x", b"lower /x"):
            await ask(proxy.port, line + tail)
            assert lines_of(app.requests[-1])[0] == line + b" HTTP/1.1"


async def test_prefix_goes_before_every_path() -> None:
    """A target with a path confines requests to it, absolute forms too."""
    async with RawApp().running() as app, proxied(app, prefix="/base/") as proxy:
        for target, arrives in (
            (b"/a%2F?x", b"/base/a%2F?x"),
            (b"http://shop.example/b/c?d", b"/base/b/c?d"),
            (b"http://shop.example?d/e", b"/base/?d/e"),
            (b"http://shop.example", b"/base/"),
        ):
            await ask(proxy.port, get(target))
            assert lines_of(app.requests[-1])[0] == b"GET " + arrives + b" HTTP/1.1"


async def test_request_headers_arrive_byte_for_byte() -> None:
    """Case, order, duplicates and bytes over 0x7F are kept; Host too."""
    sent = [
        b"X-MiXeD-cAsE: a  b", b"x-dup: 1", b"X-Dup: 2", b"X-Latin: caf\xe9 \xff", b"X-Empty: ",
        b"Cookie: a=1; b=\xc3\xa9", b"Content-Type: text/plain", b"Content-Type: text/html",
    ]  # fmt: skip
    async with RawApp().running() as app, proxied(app) as proxy:
        await ask(proxy.port, get(b"/", *sent))
        lines = lines_of(app.requests[0])
        assert [line for line in lines if line in sent] == sent
        assert b"Host: shop.example" in lines
        assert ("x-latin", b"caf\xe9 \xff") in proxy.scorer.asked[0].headers


async def test_answer_arrives_byte_for_byte() -> None:
    """Status, reason and headers, with their case, order, duplicates and odd bytes."""
    lines = [
        b"HTTP/1.1 299 \xfc ok", b"set-COOKIE: a=1", b"Set-Cookie: b=2; Path=/", b"X-L: \xe9",
        b"Set-Cookie: c=3", b"Content-length: 3",
    ]  # fmt: skip
    app = RawApp(b"\r\n".join(lines) + b"\r\n\r\nabc")
    async with app.running(), proxied(app) as proxy:
        answer = await ask(proxy.port, get())
        assert answer == b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\nabc"


async def test_verdict_arrives_in_headers() -> None:
    """The API reference's four in shadow mode, and the event's id; whatever a client claims."""
    spoofed = [
        b"X-Kysira-Score: 1",
        b"x_kysira_mode: x",
        b"X-Kysira-Secret: 1",
        b"Connection: x-kysira-score",
    ]
    async with RawApp().running() as app, proxied(app) as proxy:
        await ask(proxy.port, get(b"/", *spoofed))
        ours = {line for line in lines_of(app.requests[0]) if b"kysira" in line.lower()}
        assert ours == {
            b"X-Kysira-Score: 0.0000", b"X-Kysira-Reason: ", b"X-Kysira-Mode: shadow",
            b"X-Kysira-Event-Id: " + EVENT_ID.encode(),
        }  # fmt: skip
        await ask(proxy.port, get(b"/attack"))
        assert header(app.requests[1], b"x-kysira-score") == [b"0.9800"]
        assert header(app.requests[1], b"x-kysira-would-have-killed") == [b"true"]


async def test_own_trailers_never_arrive() -> None:
    """A client can't say in a trailer what it may not say in a header."""
    body = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Kysira-Score: 0\r\nX: y\r\n\r\n"
    async with RawApp().running() as app, proxied(app) as proxy:
        await ask(proxy.port, POST + body)
        assert app.requests[0].endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (b"Content-Length: 3\r\n\r\nabc", b"\r\n\r\nabc"),
        (b"Content-Length: 0\r\n\r\n", b"\r\n\r\n"),
        (
            b"Transfer-Encoding: CHUNKED\r\n\r\n2;a=b\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            b"3\r\nabc\r\n0\r\n\r\n",
        ),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"\r\n\r\n0\r\n\r\n"),
    ],
)
async def test_body_keeps_its_framing(sent: bytes, arrives: bytes) -> None:
    """A length stays a length, chunks stay chunks, and nothing is a body twice."""
    async with RawApp().running() as app, proxied(app) as proxy:
        assert (await ask(proxy.port, POST + sent)).endswith(b"ok")
        assert app.requests[0].endswith(arrives)
        framing = (b"content-length", b"transfer-encoding")
        assert sum(len(header(app.requests[0], name)) for name in framing) == 1
        assert proxy.scorer.asked[-1].body == (b"abc" if b"c" in arrives else b"")


async def test_forwarding_headers_tell_of_the_client() -> None:
    """An untrusted peer is appended to what it claims, and tells nothing else."""
    spoofed = [
        b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: bank",
        b"X_Forwarded_For: 9.9.9.9",
    ]  # fmt: skip
    async with RawApp().running() as app, proxied(app) as proxy:
        await ask(proxy.port, get(b"/", *spoofed))
        request = app.requests[0]
        assert header(request, b"x-forwarded-for") == [b"1.2.3.4, 127.0.0.1"]
        assert header(request, b"x-forwarded-proto") == [b"http"]
        assert header(request, b"x-forwarded-host") == [b"shop.example"]
        assert header(request, b"x_forwarded_for") == []
        assert proxy.events.told[0][0].source_ip == "127.0.0.1"


async def test_trusted_proxy_is_believed() -> None:
    """What it says of address, protocol and host counts."""
    said = [
        b"X-Forwarded-For: 6.6.6.6, 192.0.2.9", b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: bank.example",
    ]  # fmt: skip
    async with RawApp().running() as app, proxied(app, trusted="127.0.0.0/8") as proxy:
        await ask(proxy.port, get(b"/", *said))
        request = app.requests[0]
        assert header(request, b"x-forwarded-for") == [b"6.6.6.6, 192.0.2.9, 127.0.0.1"]
        assert header(request, b"x-forwarded-proto") == [b"https"]
        assert header(request, b"x-forwarded-host") == [b"bank.example"]
        assert proxy.events.told[0][0].source_ip == "192.0.2.9"


@pytest.mark.parametrize("sent", [get(b"/attack"), POST + b"Content-Length: 6\r\n\r\nattack"])
async def test_active_kill_is_a_403_and_a_reset(sent: bytes) -> None:
    """The whole answer arrives, then the connection is reset, and the app sees nothing."""
    async with RawApp().running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(sent)
            answer = await read_message(reader)
            with pytest.raises(ConnectionResetError):
                await reader.read()
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert header(answer, b"x-kysira-killed") == [b"true"]
        assert header(answer, b"x-kysira-score") == [b"0.9800"]
        assert header(answer, b"x-kysira-event-id") == [EVENT_ID.encode()]
        assert answer.endswith(b'{"error": "forbidden", "reason": "sqli:union", "score": 0.98}')
        assert (app.requests, app.connections) == ([], 0)
        assert [decision.action for _, decision in proxy.events.told] == [Action.ACTIVE_KILL]


@pytest.mark.parametrize("sent", [get(b"/attack"), POST + b"Content-Length: 6\r\n\r\nattack"])
async def test_client_that_leaves_while_it_is_decided_is_no_trouble(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """An attacker who never waits is told of all the same, and fills no log with crashes."""
    async with RawApp().running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        for number in range(20):
            with socket.create_connection(("127.0.0.1", proxy.port)) as sock:
                sock.sendall(sent)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                for _ in range(number % 4):
                    await asyncio.sleep(0)
        await until_idle(proxy)
        told = [decision.action for _, decision in proxy.events.told]
        assert told == [Action.ACTIVE_KILL] * len(told) != []
        assert app.requests == []
    assert "crashed" not in caplog.text


async def test_slow_reader_gets_the_whole_403() -> None:
    """Whatever the client's kernel has acknowledged can be read after the RST."""
    loop = asyncio.get_running_loop()
    async with RawApp().running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", proxy.port))
            await loop.sock_sendall(sock, get(b"/attack"))
            await until_idle(proxy)  # the proxy is done with it, RST and all
            answer = b""
            with pytest.raises(ConnectionResetError):
                while piece := await loop.sock_recv(sock, 7):
                    answer += piece
        assert answer.endswith(b'"score": 0.98}')


async def test_head_decides_without_the_body() -> None:
    """In active mode an attack in the line is refused at once: no 100, no wait."""
    head = b"POST /attack HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n"
    async with RawApp().running() as app, proxied(app, mode=Mode.ACTIVE) as proxy:
        assert (await ask(proxy.port, head)).startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert app.connections == 0


async def test_expect_continue_is_answered_by_the_proxy() -> None:
    """The client gets 100 when its body is wanted; the app never hears of it."""
    async with RawApp().running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            assert await read_message(reader) == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert (await read_message(reader)).endswith(b"ok")
        assert header(app.requests[0], b"expect") == []


async def test_large_body_is_scored_on_its_first_part() -> None:
    """The scorer gets the limit, the app everything."""
    size = 1_000_000
    policy = Policy(max_body_bytes=1000)
    async with RawApp().running() as app, proxied(app, policy=policy) as proxy:
        await ask(proxy.port, POST + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        assert app.requests[0].endswith(b"\r\n\r\n" + b"x" * size)
        scored = proxy.scorer.asked[-1]
        assert (len(scored.body), scored.body_truncated) == (1000, True)


async def test_oversize_block_is_an_ordinary_413() -> None:
    """No reset: the client can read why, and the app is left alone."""
    policy = Policy(max_body_bytes=10, on_oversize=OnOversize.BLOCK)
    app = RawApp()
    async with app.running(), proxied(app, mode=Mode.ACTIVE, policy=policy) as proxy:
        proxy.scorer.verdict = Verdict(uninspected=(Uninspected.OVERSIZE,))
        answer = await ask(proxy.port, POST + b"Content-Length: 50\r\n\r\n" + b"x" * 50)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert header(answer, b"connection") == [b"close"]
        assert app.connections == 0


async def test_connections_are_kept_on_both_sides() -> None:
    """Two requests of a client need one connection to the app, pipelined ones too."""
    request = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
    async with RawApp().running() as app, proxied(app) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(b"".join(request % number for number in range(5)))
            for _ in range(5):
                assert await read_message(reader) == OK
            writer.write(request % 5)
            assert await read_message(reader) == OK
        assert app.connections == 1
        assert [lines_of(seen)[0].split()[1] for seen in app.requests] == [
            b"/%d" % number for number in range(6)
        ]


UPLOADS = Policy(routes=(Route("uploads", path="/p", inspect_body=False),))


@pytest.mark.parametrize("mode", [*Mode])
async def test_body_that_a_route_leaves_out_is_not_held(mode: Mode) -> None:
    """It reaches the app while it comes, unread, and the decision says so."""
    async with RawApp().running() as app, proxied(app, policy=UPLOADS, mode=mode) as proxy:
        async with connected(proxy.port) as (reader, writer):
            writer.write(POST + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n")
            assert await read_message(reader) == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"attack")
            while not proxy.events.told:
                await asyncio.sleep(0.01)
            writer.write(b"attack")
            assert (await read_message(reader)).endswith(b"ok")
        assert app.requests[0].endswith(b"attackattack")
        (asked,) = proxy.scorer.asked
        assert asked.body == b""
        ((_, decision),) = proxy.events.told
        assert (decision.action, decision.route) == (Action.SKIPPED, "uploads")
        assert decision.verdict.uninspected == (Uninspected.POLICY,)


async def test_head_of_an_unread_body_is_scored() -> None:
    """An attack in the line is refused without the body; other routes are read as ever."""
    async with RawApp().running() as app, proxied(app, policy=UPLOADS, mode=Mode.ACTIVE) as proxy:
        tail = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"
        for sent in (b"POST /p?attack" + tail, b"POST /other" + tail + b"attack"):
            assert (await ask(proxy.port, sent)).startswith(b"HTTP/1.1 403 ")
        # No other spelling of the path gets around it either.
        for path in (b"/%70", b"//p", b"/x/../p", b"/p/..;/other"):
            sent = b"POST " + path + tail + b"attack"
            assert (await ask(proxy.port, sent)).startswith(b"HTTP/1.1 403 ")
        assert app.connections == 0


async def test_chunked_body_that_a_route_leaves_out_arrives() -> None:
    """Chunk by chunk, to its end."""
    async with RawApp().running() as app, proxied(app, policy=UPLOADS) as proxy:
        sent = POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nattack\r\n0\r\n\r\n"
        assert (await ask(proxy.port, sent)).endswith(b"ok")
        assert app.requests[0].endswith(b"6\r\nattack\r\n0\r\n\r\n")
