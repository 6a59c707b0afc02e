"""nginx's subrequest becomes the client's request; the decision becomes 200 or 403."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.frontends.nginx_auth import NginxAuth, decode, encode
from adapter.nginx.subrequest import MIRROR_PATH, Answer, Body, Subrequest
from kysira.client_address import BELIEVE_NOBODY, ClientAddress, read_networks
from kysira.errors import ScoringError
from kysira.policy import Policy
from kysira.replies import NGINX_FORBIDDEN, NGINX_UNAVAILABLE
from kysira.routes import Route
from kysira.settings import OnFailure, OnOversize
from kysira.types import Action, Decision, Mode, ScoreOptions, Uninspected, Verdict
from tests.kysira.test_guard import ATTACK, Bench

NGINX = (("x-original-uri", b"/a?q=1"), ("x-original-method", b"PUT"), ("x-kysira-peer", b"::1"))

NO_BODY = Body()


def subrequest(*headers: tuple[str, bytes]) -> Subrequest:
    """Return a subrequest with these headers."""
    return Subrequest(b"/check", headers, 0, is_last=False)


async def check(auth: NginxAuth, asked: Subrequest, body: Body = NO_BODY) -> Answer:
    """Return what nginx is told of a request with this body."""
    return await auth.begin(asked, "").answer(body)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_request_is_the_client_s() -> None:
    """Line, headers and body are its own; what nginx adds, and what it claims for us, is not."""
    headers = (
        *NGINX, ("host", b"h"), ("connection", b""), ("content-length", b"3"),
        ("x-kysira-score", b"0"), ("x_kysira_mode", b"off"), ("x-original-upgrade", b"websocket"),
        ("x-original-url", b"/admin"), ("referer", b"\xff"),
    )  # fmt: skip
    request = decode(subrequest(*headers), "9.9.9.9", BELIEVE_NOBODY)
    assert (request.method, request.target) == ("PUT", b"/a?q=1")
    assert request.headers == (
        ("host", b"h"), ("x-original-url", b"/admin"), ("referer", b"\xff"),
        ("upgrade", b"websocket"),
    )  # fmt: skip
    assert request.source_ip == "::1"


def test_client_is_told_by_whom_nginx_sees() -> None:
    """Without X-Kysira-Peer it is nginx itself; forwarding headers count from trusted peers."""
    forwarded = ("x-forwarded-for", b"192.0.2.1")
    clients = ClientAddress(read_networks("10.0.0.0/8"))
    for peer, source in (("10.1.1.1", "192.0.2.1"), ("9.9.9.9", "9.9.9.9")):
        assert decode(subrequest(forwarded), peer, clients).source_ip == source
        named = subrequest(forwarded, ("x-kysira-peer", peer.encode()))
        assert decode(named, "10.2.2.2", clients).source_ip == source


@pytest.mark.parametrize(
    ("mode", "policy", "answer", "is_refused", "body"),
    [
        (Mode.SHADOW, Policy(), ATTACK, False, b""),
        (Mode.ACTIVE, Policy(), ATTACK, True, NGINX_FORBIDDEN.encode()),
        (Mode.ACTIVE, Policy(), Verdict(), False, b""),
        (Mode.ACTIVE, Policy(), ScoringError("down"), False, b""),
        (
            Mode.ACTIVE,
            Policy(on_failure=OnFailure.CLOSED),
            ScoringError("down"),
            True,
            NGINX_UNAVAILABLE.encode(),
        ),
        (Mode.SHADOW, Policy(on_failure=OnFailure.CLOSED), ScoringError("down"), False, b""),
        (
            Mode.ACTIVE,
            Policy(on_oversize=OnOversize.BLOCK),
            Verdict(uninspected=(Uninspected.OVERSIZE,)),
            True,
            NGINX_FORBIDDEN.encode(),
        ),
    ],
)
async def test_every_decision_is_200_or_403(
    bench: Bench,
    mode: Mode,
    policy: Policy,
    answer: Verdict | Exception,
    is_refused: bool,
    body: bytes,
) -> None:
    """Whatever status another front-end would refuse with, nginx gets the one it obeys."""
    bench.scorer.answer = answer
    auth = NginxAuth(bench.guard(policy, mode=mode), BELIEVE_NOBODY)
    told = await check(auth, subrequest(*NGINX))
    assert (told.is_refused, told.body) == (is_refused, body)


async def test_body_that_came_is_scored(bench: Bench) -> None:
    """What the njs variant sends along is the client's body, a part of it too."""
    auth = NginxAuth(bench.guard(), BELIEVE_NOBODY)
    await check(auth, subrequest(*NGINX), Body(b"abc", is_cut=True))
    request, _ = bench.scorer.asked[0]
    assert (request.body, request.body_truncated) == (b"abc", True)


def test_refusal_tells_what_others_tell() -> None:
    """Score, reason, mode and event; killed only when it was the score that refused."""
    decision = Decision(
        Action.ACTIVE_KILL, Mode.ACTIVE, score=0.98, reason="x", refuse_status=403, event_id="1"
    )
    assert encode(decision).headers == (
        ("x-kysira-score", "0.9800"), ("x-kysira-reason", "x"), ("x-kysira-mode", "active"),
        ("x-kysira-event-id", "1"), ("x-kysira-killed", "true"),
    )  # fmt: skip
    failed = Decision(Action.ERROR, Mode.ACTIVE, refuse_status=503, event_id="2")
    assert encode(failed).headers == (("x-kysira-event-id", "2"),)


@pytest.mark.parametrize(
    ("header", "body", "unread"),
    [
        (("x-original-content-length", b"5"), Body(), "oversize"),
        (("x-original-content-length", b"0"), Body(), None),
        (("x-original-content-length", b"5"), Body(b"12345"), None),
        (("x-original-transfer-encoding", b"chunked"), Body(), "oversize"),
        (("x-original-upgrade", b"websocket"), Body(), None),
    ],
)
async def test_body_that_never_comes_is_counted(
    bench: Bench, header: tuple[str, bytes], body: Body, unread: str | None
) -> None:
    """auth_request keeps bodies to itself; an upgrade of a PUT is none."""
    auth = NginxAuth(bench.guard(), BELIEVE_NOBODY)
    await check(auth, subrequest(*NGINX, header), body)
    for reason in ("oversize", "upgrade"):
        assert bench.value("uninspected_total", reason=reason) == (reason == unread)


async def test_upgrade_is_counted(bench: Bench) -> None:
    """What flows after it is nobody's to read."""
    auth = NginxAuth(bench.guard(), BELIEVE_NOBODY)
    headers = (("x-original-uri", b"/ws"), ("x-original-method", b"GET"))
    await check(auth, subrequest(*headers, ("x-original-upgrade", b"websocket")))
    assert bench.value("uninspected_total", reason="upgrade") == 1


async def test_without_original_uri_nothing_is_scored(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It passes, uninspected and told; /check itself is never scored."""
    bench.scorer.answer = ATTACK
    auth = NginxAuth(bench.guard(mode=Mode.ACTIVE), BELIEVE_NOBODY)
    answer = await check(auth, subrequest(("x-original-method", b"GET")))
    assert (answer.is_refused, answer.headers) == (False, ())
    assert bench.scorer.asked == []
    assert bench.value("uninspected_total", reason="error") == 1
    assert "proxy_set_header X-Original-URI $request_uri;" in caplog.text


@pytest.mark.parametrize(("mode", "is_refused"), [(Mode.ACTIVE, True), (Mode.SHADOW, False)])
def test_unreadable_is_refused_in_active_mode(bench: Bench, mode: Mode, is_refused: bool) -> None:
    """Who can't be read may hold anything; shadow refuses nobody. Both are counted."""
    auth = NginxAuth(bench.guard(mode=mode), BELIEVE_NOBODY)
    assert auth.unreadable("odd").is_refused is is_refused
    assert bench.value("uninspected_total", reason="parse") == 1


def test_complaints_come_once_a_second(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of every request does not fill the disk; the next line says how many there were."""
    times = iter((0.0, 0.5, 0.9, 1.5))
    clock: Callable[[], float] = times.__next__
    auth = NginxAuth(bench.guard(), BELIEVE_NOBODY, clock=clock)
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            auth.unreadable("odd")
    assert [record.getMessage() for record in caplog.records] == [
        "check_unreadable: odd more=0",
        "check_unreadable: odd more=2",
    ]


async def test_mirror_blocks_nobody(bench: Bench) -> None:
    """Its answer is thrown away: in active mode too an attack is flagged, and none is blocked."""
    bench.scorer.answer = ATTACK
    auth = NginxAuth(bench.guard(mode=Mode.ACTIVE), BELIEVE_NOBODY)
    asked = subrequest(*NGINX)._replace(path=MIRROR_PATH)
    answer = await check(auth, asked)
    assert not answer.is_refused
    assert ("x-kysira-would-have-killed", "true") in answer.headers


def test_peer_is_an_address() -> None:
    """Whoever reaches the adapter itself can't put any text into events."""
    for claimed in (b"x action=passed", b"", b"fe80::1%eth0"):
        rows = (("x-kysira-peer", claimed),)
        assert decode(subrequest(*rows), "9.9.9.9", BELIEVE_NOBODY).source_ip == "9.9.9.9"


UPLOADS = Policy(routes=(Route("uploads", path="/a", inspect_body=False),))


async def test_route_says_how_much_of_a_body_is_wanted(bench: Bench) -> None:
    """By the client's path, not by the adapter's own."""
    policy = replace(UPLOADS, max_body_bytes=7)
    auth = NginxAuth(bench.guard(policy), BELIEVE_NOBODY)
    assert auth.begin(subrequest(*NGINX), "").room == 0
    assert auth.begin(subrequest(("x-original-uri", b"/b")), "").room == 7


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (("x-original-content-length", b"5"), NO_BODY),
        (("x-original-transfer-encoding", b"chunked"), NO_BODY),
        (("x-any", b""), Body(b"", is_cut=True)),
    ],
)
async def test_body_that_a_route_leaves_out_is_skipped(
    bench: Bench, header: tuple[str, bytes], body: Body
) -> None:
    """Whether nginx has kept it or sent it."""
    auth = NginxAuth(bench.guard(UPLOADS), BELIEVE_NOBODY)
    answer = await check(auth, subrequest(*NGINX, header), body)
    assert not answer.is_refused
    assert bench.value("requests_total", action="skipped") == 1
    assert bench.value("uninspected_total", reason="policy") == 1
    assert bench.value("uninspected_total", reason="oversize") == 0
    assert bench.scorer.asked[0][0].body == b""


async def test_check_is_decided_by_what_it_began_under(bench: Bench) -> None:
    """A policy that changes while the body comes is the next request's."""
    bench.scorer.answer = ATTACK
    guard = bench.guard(mode=Mode.ACTIVE)
    begun = NginxAuth(guard, BELIEVE_NOBODY).begin(subrequest(*NGINX), "")
    guard.use(Policy(ScoreOptions(threshold=1.0)))
    assert (await begun.answer(NO_BODY)).is_refused
