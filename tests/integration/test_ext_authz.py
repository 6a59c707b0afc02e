"""Behind an Envoy as Contour configures it: every request is checked, and what is not is told."""

import asyncio
import gzip
import json
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.integration.contour import running, with_body
from tests.integration.load import Load
from tests.integration.stack import Stack

DEADLINE = aiohttp.ClientTimeout(total=60)
TEXT = "' UNION SELECT password FROM users--"
TARGET = "/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
GZIP = {**FORM, "Content-Encoding": "gzip"}
ATTACKS: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "query": (TARGET, b"", {}),
    "query of a POST": (TARGET, b"a=1", FORM),
    "form": ("/submit", b"q=" + TEXT.encode(), FORM),
    "JSON": ("/submit", json.dumps({"a": [{"q": TEXT}]}).encode(), JSON),
    "gzip": ("/submit", gzip.compress(b"q=" + TEXT.encode()), GZIP),
}
SPOOFED = {
    "X-Kysira-Score": "0.0000", "x-kysira-mode": "off", "X_Kysira_Reason": "none",
    "x-kysira-would-have-killed": "no", "x-kysira-event-id": "mine",
    "x-envoy-auth-partial-body": TEXT,
}  # fmt: skip
TOLD = {"x-kysira-score", "x-kysira-reason", "x-kysira-mode", "x-kysira-event-id"}


async def send(
    stack: Stack, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send a GET, or a POST with a body; return status, headers and body of the answer."""
    async with stack.client.request(
        "POST" if body else "GET", stack.url + path, data=body or None, headers=headers,
        timeout=DEADLINE,
    ) as answer:  # fmt: skip
        names = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, names, await answer.read()


def claims(stack: Stack) -> dict[str, str]:
    """Return what the app was last told in our name, in any spelling."""
    seen = stack.app.received[-1].headers
    return {name: value for name, value in seen.items() if "kysira" in name}


async def unread(stack: Stack, reason: str) -> float:
    """Return how many requests were not read for this reason."""
    name = f'kysira_extproc_uninspected_total{{reason="{reason}"}}'
    return (await stack.metrics())[name]


async def test_benign_passes_with_headers(tmp_path: Path) -> None:
    """The API reference's headers, an empty reason too, and a body that arrives as it was sent."""
    async with running(tmp_path) as stack:
        for path, body in (("/shop?q=garden+chair", b""), ("/login", b"user=ann&note=\xff")):
            status, _, _ = await send(stack, path, body, FORM if body else None)
            assert status == 200
            seen = stack.app.received[-1]
            assert (seen.target, seen.body) == (path, body)
            told = claims(stack)
            assert told.keys() == TOLD
            assert (told["x-kysira-score"], told["x-kysira-reason"]) == ("0.0000", "")
            assert told["x-kysira-mode"] == "shadow"


@pytest.mark.parametrize("as_bytes", [True, False])
async def test_attack_is_found_in_both_modes(tmp_path: Path, as_bytes: bool) -> None:
    """Told in shadow mode, refused in active mode with the JSON and headers of ext_proc."""
    async with running(tmp_path, {"BODY": with_body(131073, as_bytes=as_bytes)}) as stack:
        for where, attack in ATTACKS.items():
            if where == "gzip" and not as_bytes:
                continue  # test_text_bodies_lose_bytes
            await stack.set_mode("shadow")
            assert (await send(stack, *attack))[0] == 200, where
            assert claims(stack)["x-kysira-would-have-killed"] == "true", where
            await stack.set_mode("active")
            count = len(stack.app.received)
            status, headers, body = await send(stack, *attack)
            assert (status, len(stack.app.received)) == (403, count), where
            assert headers["content-type"] == "application/json"
            assert headers["x-kysira-killed"] == "true"
            assert headers["x-kysira-event-id"]
            said = json.loads(body)
            assert said["error"] == "forbidden"
            assert said["reason"].startswith("sqli:")
            assert headers["x-kysira-score"] == f"{said['score']:.4f}"


async def test_text_bodies_lose_bytes(tmp_path: Path) -> None:
    """Without packAsBytes Envoy replaces what is no UTF-8: a packed body is unread, and told."""
    async with running(tmp_path, {"BODY": with_body(131073, as_bytes=False)}) as stack:
        assert (await send(stack, *ATTACKS["gzip"]))[0] == 200
        assert stack.app.received[-1].body == ATTACKS["gzip"][1]
        assert await unread(stack, "encoding") == 1


async def test_long_body_arrives_whole(tmp_path: Path) -> None:
    """Its first part is scored, whether or not its length is known, and the rest is told of."""
    head, rest = b"q=" + TEXT.encode() + b"&a=", b"x" * 300_000

    async def pieces(data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]
            await asyncio.sleep(0)

    async with running(tmp_path) as stack:
        for number, data in enumerate((b"a=" + rest, pieces(b"a=" + rest)), 1):
            async with stack.client.post(stack.url, data=data, headers=FORM) as answer:
                assert await answer.json() == {"bytes": 300_002}
            assert claims(stack)["x-kysira-score"] == "0.0000"
            assert await unread(stack, "oversize") == number
        await stack.set_mode("active")
        assert (await send(stack, "/", head + rest, FORM))[0] == 403
        assert (await send(stack, "/", b"a=" + rest + b"&" + head, FORM))[0] == 200


async def test_body_that_stops_at_the_buffer_is_told(tmp_path: Path) -> None:
    """A client that fills the buffer and goes on later is not read further, and is told of.

    Envoy says of such a body that it is whole; one byte more in its buffer than is inspected
    shows that it is not.
    """
    async with running(tmp_path, {"BODY": with_body(101)}, KYSIRA_MAX_BODY_BYTES="100") as stack:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.envoy.port)
        head = (
            b"POST / HTTP/1.1\r\nHost: app\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        )
        writer.write(head + b"Content-Type: text/plain\r\n\r\n65\r\n" + b"x" * 101 + b"\r\n")
        async with asyncio.timeout(60):
            while await unread(stack, "oversize") == 0:
                await asyncio.sleep(0.02)
        tail = TEXT.encode()
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(tail), tail))
        assert b" 200 " in await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        assert stack.app.received[-1].body == b"x" * 101 + tail


async def test_long_body_is_envoys_to_refuse(tmp_path: Path) -> None:
    """Documented, not ours: without allowPartialMessage what is over the buffer is a 413."""
    config = {"BODY": with_body(1024, partial=False), "FAIL_OPEN": "true"}
    async with running(tmp_path, config) as stack:
        assert (await send(stack, "/", b"x" * 1024))[0] == 200
        assert (await send(stack, "/", b"x" * 50_000))[0] == 413
        assert stack.app.received[-1].body == b"x" * 1024


async def test_missing_body_settings_are_told(tmp_path: Path) -> None:
    """Without withRequestBody heads are scored, and every body counts as unread."""
    async with running(tmp_path, {"BODY": "null"}, KYSIRA_MODE="active") as stack:
        assert (await send(stack, *ATTACKS["form"]))[0] == 200
        assert await unread(stack, "error") == 1
        assert (await send(stack, *ATTACKS["query of a POST"]))[0] == 403
        assert (await send(stack, "/"))[0] == 200
        assert await unread(stack, "error") == 2


async def test_websocket_echoes(tmp_path: Path) -> None:
    """An upgrade is scored by its head and then left alone, which is told."""
    async with (
        running(tmp_path) as stack,
        asyncio.timeout(60),
        stack.client.ws_connect(f"{stack.url}/ws") as websocket,
    ):
        await websocket.send_str("hello")
        assert (await websocket.receive()).data == "echo hello"
        assert claims(stack)["x-kysira-score"] == "0.0000"
        assert await unread(stack, "upgrade") == 1


async def test_app_gets_the_path_that_was_scored(tmp_path: Path) -> None:
    """Contour has Envoy normalise paths, before they are checked."""
    async with running(tmp_path) as stack:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.envoy.port)
        writer.write(
            b"GET /a/../b//c?f=../../../etc/passwd HTTP/1.1\r\nHost: app\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert b" 200 " in await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        assert stack.app.received[-1].target == "/b/c?f=../../../etc/passwd"
        assert claims(stack)["x-kysira-would-have-killed"] == "true"


@pytest.mark.parametrize("raw", ["false", "true"])
async def test_spoofed_headers_never_arrive(tmp_path: Path, raw: str) -> None:
    """What a client claims under our name is gone or overwritten, and so is what we never see."""
    async with running(tmp_path, {"RAW_HEADERS": raw}) as stack:
        for body in (b"", b"a=1"):
            assert (await send(stack, "/", body, SPOOFED))[0] == 200
            told = claims(stack)
            assert told.keys() == TOLD
            assert (told["x-kysira-mode"], told["x-kysira-reason"]) == ("shadow", "")
            assert told["x-kysira-event-id"] != "mine"
            assert "x-envoy-auth-partial-body" not in stack.app.received[-1].headers
        assert (await send(stack, TARGET, b"", SPOOFED))[0] == 200
        assert claims(stack)["x-kysira-would-have-killed"] == "true"


async def test_unchecked_route_carries_any_claim(tmp_path: Path) -> None:
    """Documented: with authPolicy.disabled a client's claims reach the app, and nobody's else."""
    async with running(tmp_path) as stack:
        assert (await send(stack, f"/unchecked{TARGET}", b"", SPOOFED))[0] == 200
        told = claims(stack)
        assert (told["x-kysira-mode"], told["x-kysira-would-have-killed"]) == ("off", "no")


async def test_failing_open_carries_any_claim(tmp_path: Path) -> None:
    """Documented: Contour has nothing that strips a client's claims before the check."""
    async with running(tmp_path, {"FAIL_OPEN": "true"}) as stack:
        assert (await send(stack, "/", b"", SPOOFED))[0] == 200
        assert claims(stack)["x-kysira-mode"] == "shadow"
        await asyncio.to_thread(stack.ext_proc.kill)
        assert (await send(stack, "/", b"", SPOOFED))[0] == 200
        assert claims(stack)["x-kysira-mode"] == "off"


async def test_removing_claims_removes_ours_too(tmp_path: Path) -> None:
    """Documented: requestHeadersPolicy acts in the router, behind the check.

    It keeps a client's claims from the app while ext-proc is down, and ours always; verdicts are
    carried out all the same.
    """
    names = [*TOLD, "x-kysira-would-have-killed", "x_kysira_reason"]
    config = {"FAIL_OPEN": "true", "REMOVE": json.dumps(names)}
    async with running(tmp_path, config, KYSIRA_MODE="active") as stack:
        assert (await send(stack, TARGET, b"", SPOOFED))[0] == 403
        for fault in (None, kill):
            if fault:
                await asyncio.to_thread(fault, stack)
            assert (await send(stack, "/", b"", SPOOFED))[0] == 200
            assert claims(stack) == {}


def kill(stack: Stack) -> None:
    """Crash ext-proc."""
    stack.ext_proc.kill()


def hang(stack: Stack) -> None:
    """Stop ext-proc: it keeps its connections and answers nothing."""
    stack.ext_proc.program.signal(signal.SIGSTOP)


def restart(stack: Stack) -> None:
    """Start it again, or go on."""
    if stack.ext_proc.program.is_running:
        stack.ext_proc.program.signal(signal.SIGCONT)
    else:
        stack.ext_proc.start()


@pytest.mark.parametrize("fault", [kill, hang])
@pytest.mark.parametrize(("fail_open", "status"), [("true", 200), ("false", 403)])
async def test_fault_is_answered_as_configured(
    tmp_path: Path, fault: Callable[[Stack], None], fail_open: str, status: int
) -> None:
    """Down or hung: unchecked, or Contour's 403; all are answered, and checked again after."""
    config = {"FAIL_OPEN": fail_open, "TIMEOUT": "0.5s"}
    async with running(tmp_path, config) as stack:
        await stack.until_scored()
        await asyncio.to_thread(fault, stack)
        answers = await asyncio.gather(
            *[send(stack, f"/{n}", b"a=1" if n % 2 else b"") for n in range(10)]
        )
        assert {answer[0] for answer in answers} == {status}
        assert all("x-kysira-killed" not in answer[1] for answer in answers)
        await asyncio.to_thread(restart, stack)
        await stack.until_scored()


async def test_flips_lose_no_request(tmp_path: Path) -> None:
    """Ten flips under load: harmless requests pass; each attack is told or refused, by one mode."""
    async with running(tmp_path) as stack, Load(stack.url) as load:
        statuses: list[int] = []
        is_over = asyncio.Event()

        async def attack() -> None:
            while not is_over.is_set():
                statuses.append((await send(stack, TARGET))[0])

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(attack())
            for number in range(10):
                seen = len(statuses)
                await stack.set_mode("active" if number % 2 == 0 else "shadow")
                while len(statuses) < seen + 20:
                    await asyncio.sleep(0.01)
            is_over.set()
        assert set(statuses) == {200, 403}
        told = [r for r in stack.app.received if "x-kysira-would-have-killed" in r.headers]
        assert len(told) == statuses.count(200)
        assert {sample.status for sample in load.samples} == {200}
