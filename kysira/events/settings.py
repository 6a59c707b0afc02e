"""The settings of events: where they go, and how much is kept."""

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kysira.errors import SettingsError
from kysira.settings import PREFIX, number, setting, url

NO_SINK = "none"
KEY_VARIABLE = f"{PREFIX}HTTP_SINK_KEY"
MIB = 1 << 20
_OWN_HEADERS = frozenset(
    {"connection", "content-length", "content-type", "host", "transfer-encoding"}
)
"""What the http sink has to say itself."""
_HEADER_PUNCTUATION = frozenset("!#$%&'*+-.^_`|~")  # beside letters and digits (RFC 9110 §5.6.2)


class SinkKind(enum.StrEnum):
    """Where events can go."""

    FILE = "file"
    STDOUT = "stdout"
    HTTP = "http"


class BatchFormat(enum.StrEnum):
    """How the http sink writes a batch: an object a line, or one array."""

    NDJSON = "ndjson"
    JSON = "json"


def _sinks(text: str) -> tuple[SinkKind, ...]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if names == [NO_SINK]:
        return ()
    kinds = {kind.value: kind for kind in SinkKind}
    for name in names:
        if name not in kinds:
            listed = ", ".join(kinds)
            raise ValueError(f"{name!r} is no sink; list some of {listed}, or {NO_SINK} alone")
    return tuple(dict.fromkeys(kinds[name] for name in names))


def _endpoint(text: str) -> str:
    url(text)
    return text  # as it was given: a slash at its end may mean something there


def _header_name(text: str) -> str:
    is_name = text.isascii() and all(c.isalnum() or c in _HEADER_PUNCTUATION for c in text)
    if not text or not is_name:
        raise ValueError("that is no header's name; one is Authorization, or X-Api-Key")
    if text.lower() in _OWN_HEADERS:
        raise ValueError(f"{text} says something else already; name another header")
    return text


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """What every front-end does with its events."""

    sinks: tuple[SinkKind, ...] = setting(
        (SinkKind.FILE,), "Where events go: file, stdout, http, comma-separated; or none.",
        read=_sinks,
    )  # fmt: skip
    http_sink_url: str = setting(
        "",
        "Where the http sink posts batches of events: directly, whatever HTTP_PROXY says. For "
        "authorities of your own set SSL_CERT_FILE.",
        read=_endpoint,
    )
    http_sink_format: BatchFormat = setting(
        BatchFormat.NDJSON,
        "How the http sink writes a batch: ndjson (a line each) or json (an array).",
    )
    http_sink_header: str = setting(
        "Authorization", "Header that the http sink sends its key in.", read=_header_name
    )
    http_sink_key_file: Path | None = setting(
        None, f"File with the header's value, such as an API key (or {KEY_VARIABLE}).", read=Path
    )
    events_file_bytes: int = setting(
        64 * MIB, "Bytes of events.jsonl at which the next file is begun.",
        read=number(1 << 16, 1 << 40),
    )  # fmt: skip
    events_files: int = setting(
        5, "Full files of events that are kept beside events.jsonl.", read=number(0, 1000)
    )
    spool_bytes: int = setting(
        64 * MIB, "Bytes of events that are kept on disk while the http sink's endpoint is down.",
        read=number(0, 1 << 40),
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Refuse sinks that can't work together with the rest; raises SettingsError."""
        if SinkKind.HTTP in self.sinks and not self.http_sink_url:
            raise SettingsError(
                f"the http sink needs to know where: set {PREFIX}HTTP_SINK_URL, or take http out"
                f" of {PREFIX}SINKS"
            )


def http_sink_key(path: Path | None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the value of the http sink's header, "" when none is set; raises SettingsError."""
    if path is None:
        return _checked(environ.get(KEY_VARIABLE, "").strip(), KEY_VARIABLE)
    try:
        key = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(f"http sink key file {path}: {why}") from None
    if not key:
        raise SettingsError(f"http sink key file {path} is empty")
    return _checked(key, f"http sink key file {path}")


def _checked(key: str, source: str) -> str:
    if not all(" " <= char <= "~" for char in key):
        raise SettingsError(f"{source}: a header can't hold this; it must be one line of ASCII")
    return key
