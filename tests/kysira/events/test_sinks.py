"""The settings decide which sinks there are, and where they write."""

import json
from pathlib import Path

import pytest

from kysira.errors import SettingsError
from kysira.events.settings import BatchFormat, EventSettings, SinkKind
from kysira.events.sinks import open_sinks
from kysira.events.sinks.base import Sink
from tests.kysira.events.sinks.lines import lines
from tests.kysira.events.sinks.receiver import Receiver

URL = "http://in.example/"


async def written(sinks: list[Sink], count: int) -> None:
    for sink in sinks:
        await sink.start()
        await sink.write(lines(count))
        await sink.close()


async def test_sinks_are_those_asked_for(tmp_path: Path) -> None:
    """In their order, and none when none is."""
    kinds = (SinkKind.STDOUT, SinkKind.HTTP, SinkKind.FILE)
    sinks = open_sinks(EventSettings(sinks=kinds, http_sink_url=URL), tmp_path, {})
    assert [sink.name for sink in sinks] == ["stdout", "http", "file"]
    assert open_sinks(EventSettings(sinks=()), tmp_path, {}) == []
    assert list(tmp_path.iterdir()) == [], "nothing is made before the start"


async def test_several_sinks_get_the_same(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """File, standard output and endpoint each hold every event, as the settings say."""
    receiver = Receiver()
    await receiver.start()
    key_file = tmp_path / "key"
    key_file.write_text("Bearer k\n")
    settings = EventSettings(
        sinks=(SinkKind.FILE, SinkKind.STDOUT, SinkKind.HTTP),
        http_sink_url=receiver.url,
        http_sink_format=BatchFormat.JSON,
        http_sink_key_file=key_file,
        events_file_bytes=1000,
        events_files=2,
    )
    await written(open_sinks(settings, tmp_path / "state", {}), 60)
    await receiver.until_taken(60)
    await receiver.stop()
    assert receiver.got[0].headers["authorization"] == "Bearer k"
    assert receiver.got[0].headers["content-type"] == "application/json"
    printed = [json.loads(row)["number"] for row in capfd.readouterr().out.splitlines()]
    assert printed == receiver.numbers == list(range(60))
    names = {path.name for path in (tmp_path / "state").iterdir()}
    assert names == {"events.jsonl", "events.jsonl.1", "events.jsonl.2", "spool"}


async def test_key_comes_from_the_environment(tmp_path: Path) -> None:
    """It goes into the header that was named."""
    receiver = Receiver()
    await receiver.start()
    settings = EventSettings(
        sinks=(SinkKind.HTTP,), http_sink_url=receiver.url, http_sink_header="X-Api-Key"
    )
    await written(open_sinks(settings, tmp_path, {"KYSIRA_HTTP_SINK_KEY": "k"}), 1)
    await receiver.until_taken(1)
    await receiver.stop()
    assert receiver.got[0].headers["x-api-key"] == "k"
    assert "authorization" not in receiver.got[0].headers


async def test_two_credentials_are_refused(tmp_path: Path) -> None:
    """A user in the URL and a key are both the Authorization header: it is said at the start."""
    url = "http://user:pass@in.example/"
    settings = EventSettings(sinks=(SinkKind.HTTP,), http_sink_url=url)
    environ = {"KYSIRA_HTTP_SINK_KEY": "k"}
    with pytest.raises(SettingsError, match="leave one away"):
        open_sinks(settings, tmp_path, environ)
    other = EventSettings(sinks=(SinkKind.HTTP,), http_sink_url=url, http_sink_header="X-Key")
    assert len(open_sinks(other, tmp_path, environ)) == 1


def test_forgotten_sink_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An endpoint without its sink gets nothing, which nobody means."""
    open_sinks(EventSettings(http_sink_url="http://127.0.0.1:9/"), tmp_path)
    assert "KYSIRA_SINKS has no http" in caplog.text
