"""Over real sockets: what a server says, or does not say, is what is counted."""

import socket
import time

import pytest

from ctl.bench.client import MAX_HEAD_BYTES, Judgement, remote, require_answering
from ctl.bench.columns import Answer, Outcome
from ctl.bench.endpoint import Endpoint
from kysira.errors import StartError
from kysira.types import Request
from tests.ctl.bench.server import CLOSE, OK, RESET, SILENCE, Server

HELLO = Request("GET", b"/a/../b?c=%zz", (("host", b"shop.example"),))


def asked(answer: bytes, judgement: Judgement = Judgement(), request: Request = HELLO) -> Answer:  # noqa: B008 - frozen
    with Server(lambda _: answer) as server:
        return remote(Endpoint("x", "127.0.0.1", server.port), "127.0.0.1", judgement).ask(request)


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (OK, Outcome.PASSED, "200"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", Outcome.BLOCKED, "403"),
        (b"HTTP/1.1 403\r\n\r\n", Outcome.BLOCKED, "403"),
        (b"HTTP/1.0 500 No\r\n\r\n", Outcome.PASSED, "500"),
        (RESET, Outcome.BLOCKED, "reset"),
        (CLOSE, Outcome.BLOCKED, "reset"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n", Outcome.BLOCKED, "403"),
        (b"HTTP/1.1 200 OK\r\nX-Kysira-Would-Have-Killed: true\r\n\r\n", Outcome.BLOCKED, "200"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", Outcome.PASSED, "101"),
        (b"HTTP/1.1 200 OK\r\nA: b", Outcome.UNANSWERED, "broken answer"),
        (b"SSH-2.0-x\r\n\r\n", Outcome.UNANSWERED, "answer is no HTTP"),
        (b"HTTP/1.1 2000 x\r\n\r\n", Outcome.UNANSWERED, "answer is no HTTP"),
        (b"a" * (MAX_HEAD_BYTES + 65536 * 2), Outcome.UNANSWERED, "endless head"),
    ],
)
def test_answer_is_counted(answer: bytes, outcome: Outcome, said: str) -> None:
    """A refusal is blocked; what is no answer is neither blocked nor let through."""
    found = asked(answer)
    assert (found.outcome, found.said) == (outcome, said)


def test_blocked_statuses_are_a_choice() -> None:
    """A firewall may answer 406, and 403 be the app's own."""
    judgement = Judgement(blocked=frozenset({406}))
    assert asked(b"HTTP/1.1 406 x\r\n\r\n", judgement).outcome is Outcome.BLOCKED
    assert asked(b"HTTP/1.1 403 x\r\n\r\n", judgement).outcome is Outcome.PASSED


def test_request_arrives_byte_for_byte() -> None:
    """The target is not normalised on the way."""
    with Server(lambda _: OK) as server:
        remote(Endpoint("x", "127.0.0.1", server.port), "127.0.0.1", Judgement()).ask(HELLO)
        assert server.received[0].startswith(
            b"GET /a/../b?c=%zz HTTP/1.1\r\nhost: shop.example\r\n"
        )


def test_host_can_be_forced() -> None:
    """For a server that knows only some names."""
    with Server(lambda _: OK) as server:
        endpoint = Endpoint("x", "127.0.0.1", server.port)
        remote(endpoint, "127.0.0.1", Judgement(host="my.app")).ask(HELLO)
        assert b"\r\nhost: my.app\r\n" in server.received[0]


def test_silence_ends_in_time() -> None:
    """A server that hangs costs the timeout, and is unanswered."""
    started = time.monotonic()
    assert asked(SILENCE, Judgement(timeout_s=0.2)) == Answer(Outcome.UNANSWERED, "timeout")
    assert time.monotonic() - started < 10


def test_what_can_not_be_sent_is_not() -> None:
    """No other request goes out in its place."""
    with Server(lambda _: OK) as server:
        column = remote(Endpoint("x", "127.0.0.1", server.port), "127.0.0.1", Judgement())
        answer = column.ask(Request("GET", b"/a b"))
        assert (answer.outcome, server.received) == (Outcome.UNSENT, [])
        assert "space" in answer.said


def test_answer_that_comes_early_is_read() -> None:
    """A server may refuse a long body before it has seen the end, and hang up."""
    long = Request("POST", b"/", (), b"x" * (1 << 24))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        column = remote(Endpoint("x", "127.0.0.1", port), "127.0.0.1", Judgement(timeout_s=1))
        assert column.ask(long).said == "timeout"  # nobody reads at all
    assert asked(b"HTTP/1.1 403 x\r\n\r\n", request=long).said == "403"


def test_closed_port_is_unanswered_and_told_at_the_start() -> None:
    """Nothing listens: no request was blocked by that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    endpoint = Endpoint("x", "127.0.0.1", port)
    answer = remote(endpoint, "127.0.0.1", Judgement()).ask(HELLO)
    assert answer == Answer(Outcome.UNANSWERED, "connection refused")
    with pytest.raises(StartError, match=f"http://127.0.0.1:{port} does not answer: connection"):
        require_answering(endpoint, "127.0.0.1", 1)


def test_tls_is_spoken_to_https() -> None:
    """A server that does not speak it gives no answer."""
    with Server(lambda _: OK) as server:
        endpoint = Endpoint("x", "127.0.0.1", server.port, is_tls=True)
        answer = remote(endpoint, "127.0.0.1", Judgement(timeout_s=1)).ask(HELLO)
        assert answer.outcome is Outcome.UNANSWERED
        assert not any(b"GET" in got for got in server.received)
