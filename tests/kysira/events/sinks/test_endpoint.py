"""One batch to an endpoint, and what comes of it; real sockets."""

import asyncio
from contextlib import suppress

import pytest

from kysira.events.settings import BatchFormat
from kysira.events.sinks.batch import new_batch
from kysira.events.sinks.endpoint import Endpoint, EndpointClient, Outcome
from tests.kysira.events.sinks.lines import lines
from tests.kysira.events.sinks.receiver import Receiver

BATCH, DATA = new_batch(1, lines(3))


async def posted(endpoint: Endpoint) -> Outcome:
    client = EndpointClient(endpoint)
    try:
        return await client.post(BATCH, DATA)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("format_", "content_type"),
    [(BatchFormat.NDJSON, "application/x-ndjson"), (BatchFormat.JSON, "application/json")],
)
async def test_batch_arrives_whole(
    receiver: Receiver, format_: BatchFormat, content_type: str
) -> None:
    """Its events, its id, its type and the key's header are what the endpoint gets."""
    outcome = await posted(Endpoint(receiver.url, format_, {"DD-API-KEY": "k"}))
    assert outcome == Outcome(True)
    (got,) = receiver.got
    assert got.numbers == [0, 1, 2]
    assert got.headers["content-type"] == content_type
    assert got.headers["x-kysira-batch-id"] == BATCH.id
    assert got.headers["dd-api-key"] == "k"
    assert got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize(
    ("mood", "outcome"),
    [
        ("200", Outcome(True)),
        ("204", Outcome(True)),
        ("400", Outcome(True, is_refused=True, why="status 400")),
        ("404", Outcome(False, why="status 404")),
        ("307", Outcome(False, why="status 307, and redirects are not followed")),
        ("503", Outcome(False, why="status 503")),
        ("429 7", Outcome(False, why="status 429", wait_s=7)),
        ("503 soon", Outcome(False, why="status 503")),
        ("hang", Outcome(False, why="no answer within 0.2 s")),
        ("reset", Outcome(False, why="ServerDisconnectedError")),
    ],
)
async def test_answer_is_understood(receiver: Receiver, mood: str, outcome: Outcome) -> None:
    """Success, a refusal, or a reason to try again; never an error that is raised."""
    receiver.moods[0] = mood
    timeout_s = 0.2 if mood == "hang" else 60
    assert await posted(Endpoint(receiver.url, timeout_s=timeout_s)) == outcome
    assert len(receiver.got) == 1


async def test_absent_endpoint_is_an_outcome(receiver: Receiver) -> None:
    """Nobody listening, no such host, no HTTP: to be tried again, without the URL's secrets."""
    await receiver.stop()
    for url in (receiver.url, "http://no-such-host.invalid/?key=secret", "http://[::1/?key=secret"):
        outcome = await posted(Endpoint(url))
        assert not outcome.is_done
        assert outcome.why
        assert "secret" not in outcome.why


async def test_connection_is_kept(receiver: Receiver) -> None:
    """Batches share a connection: its answers are read."""
    client = EndpointClient(Endpoint(receiver.url))
    receiver.moods[0] = "200"
    for _ in range(3):
        await client.post(BATCH, DATA)
    assert receiver.connections == 1
    await client.close()


async def test_unending_answer_is_not_waited_for() -> None:
    """The status says all; an answer that does not end would cost each batch its time."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        with suppress(ConnectionError):
            await reader.read(1 << 20)
            await reader.read()
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server, asyncio.timeout(30):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await posted(Endpoint(url, timeout_s=300)) == Outcome(True)


def test_name_holds_no_secret() -> None:
    """What logs call it has neither user nor path nor query; nor does its repr hold the key."""
    endpoint = Endpoint("https://user:pass@in.example:8443/token?key=secret", headers={"A": "k3y"})
    assert endpoint.name == "https://in.example:8443"
    assert "k3y" not in repr(endpoint)
