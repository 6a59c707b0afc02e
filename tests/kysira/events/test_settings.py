"""What is set about events is read, and what can't work is refused with a word on what to do."""

from dataclasses import fields
from pathlib import Path

import pytest

from kysira.errors import SettingsError
from kysira.events.settings import (
    BatchFormat,
    EventSettings,
    SinkKind,
    http_sink_key,
)
from kysira.settings import load

URL = "https://logs.test/in/"


def read(*argv: str, **environ: str) -> EventSettings:
    return load(EventSettings, "kysira-test", argv=argv, environ=environ)


def test_defaults_are_the_guides() -> None:
    """Events go to the file, which is rotated; nothing is sent anywhere."""
    settings = read()
    assert settings.sinks == (SinkKind.FILE,)
    assert (settings.http_sink_url, settings.http_sink_format) == ("", BatchFormat.NDJSON)
    assert (settings.http_sink_header, settings.http_sink_key_file) == ("Authorization", None)
    assert (settings.events_file_bytes, settings.events_files) == (64 << 20, 5)
    assert settings.spool_bytes == 64 << 20


def test_everything_is_read() -> None:
    """Each has its variable, and each variable its option."""
    settings = read(
        "--spool-bytes", "0",
        KYSIRA_SINKS="stdout, HTTP,stdout", KYSIRA_HTTP_SINK_URL=URL,
        KYSIRA_HTTP_SINK_FORMAT="json", KYSIRA_HTTP_SINK_HEADER="DD-API-KEY",
        KYSIRA_HTTP_SINK_KEY_FILE="/run/key", KYSIRA_EVENTS_FILE_BYTES="65536",
        KYSIRA_EVENTS_FILES="0",
    )  # fmt: skip
    assert settings.sinks == (SinkKind.STDOUT, SinkKind.HTTP)
    assert settings.http_sink_url == URL
    assert settings.http_sink_format is BatchFormat.JSON
    assert settings.http_sink_header == "DD-API-KEY"
    assert settings.http_sink_key_file == Path("/run/key")
    assert (settings.events_file_bytes, settings.events_files) == (65536, 0)
    assert settings.spool_bytes == 0


def test_none_is_no_sink() -> None:
    """It can be said that events go nowhere."""
    assert read(KYSIRA_SINKS="none").sinks == ()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"KYSIRA_SINKS": "file,kafka"}, "'kafka' is no sink; list some of file, stdout, http"),
        ({"KYSIRA_SINKS": "none,file"}, "'none' is no sink"),
        ({"KYSIRA_SINKS": "http"}, "set KYSIRA_HTTP_SINK_URL, or take http out of KYSIRA_SINKS"),
        ({"KYSIRA_HTTP_SINK_URL": "logs.test"}, "must begin with http://"),
        ({"KYSIRA_HTTP_SINK_FORMAT": "xml"}, "ndjson or json"),
        ({"KYSIRA_HTTP_SINK_HEADER": "X-Key: 1"}, "no header's name"),
        ({"KYSIRA_HTTP_SINK_HEADER": "Content-Length"}, "name another header"),
        ({"KYSIRA_HTTP_SINK_URL": "https://logs.test/a b"}, "holds a blank"),
        ({"KYSIRA_EVENTS_FILE_BYTES": "10"}, "from 65536"),
        ({"KYSIRA_SPOOL_BYTES": "-1"}, "from 0"),
    ],
)
def test_wrong_settings_say_what_to_do(environ: dict[str, str], said: str) -> None:
    """The service does not start with events going nowhere by mistake."""
    with pytest.raises(SettingsError, match=said.replace("(", r"\(")):
        read(**environ)


def test_key_comes_from_file_or_environment(tmp_path: Path) -> None:
    """The key is never an option, which any user of the machine could read."""
    assert http_sink_key(None, {}) == ""
    assert http_sink_key(None, {"KYSIRA_HTTP_SINK_KEY": " Bearer x\n"}) == "Bearer x"
    path = tmp_path / "key"
    path.write_text("Splunk 123\n")
    assert http_sink_key(path, {"KYSIRA_HTTP_SINK_KEY": "other"}) == "Splunk 123"
    assert "http_sink_key" not in {field.name for field in fields(EventSettings)}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b" \n", "is empty"), (b"\xff", "not UTF-8"), (b"a\nb", "one line"), (None, "No such file")],
)
def test_broken_key_file_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A key that can't be sent is an error at the start, and does not show the key."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as error:
        http_sink_key(path)
    assert str(path) in str(error.value)


def test_empty_header_is_none() -> None:
    """An option may be empty where a variable that is counts as unset."""
    with pytest.raises(SettingsError, match="no header's name"):
        load(EventSettings, "prog", argv=["--http-sink-header", ""], environ={})
