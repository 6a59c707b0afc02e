"""Where events go: a file, standard output, an HTTP endpoint, or several of them."""

import logging
from collections.abc import Callable, Mapping
from os import environ as process_environ
from pathlib import Path
from urllib.parse import urlsplit

from kysira.errors import SettingsError
from kysira.events.settings import EventSettings, SinkKind, http_sink_key
from kysira.events.sinks.base import Sink
from kysira.events.sinks.endpoint import Endpoint
from kysira.events.sinks.file import FileSink
from kysira.events.sinks.http import HttpSink
from kysira.events.sinks.spool import Spool
from kysira.events.sinks.stdout import StdoutSink

log = logging.getLogger(__name__)
SPOOL_FOLDER = "spool"


def open_sinks(
    settings: EventSettings, folder: Path, environ: Mapping[str, str] = process_environ
) -> list[Sink]:
    """Return the sinks that are asked for, not started; raises SettingsError.

    ``folder`` is the service's own, for its state: two processes must not share one.
    """
    makers: dict[SinkKind, Callable[[], Sink]] = {
        SinkKind.FILE: lambda: FileSink(folder, settings.events_file_bytes, settings.events_files),
        SinkKind.STDOUT: StdoutSink,
        SinkKind.HTTP: lambda: HttpSink(
            _endpoint(settings, environ), Spool(folder / SPOOL_FOLDER, settings.spool_bytes)
        ),
    }
    if settings.http_sink_url and SinkKind.HTTP not in settings.sinks:
        log.warning("http_sink_unused: KYSIRA_HTTP_SINK_URL is set, and KYSIRA_SINKS has no http")
    return [makers[kind]() for kind in settings.sinks]


def _endpoint(settings: EventSettings, environ: Mapping[str, str]) -> Endpoint:
    key = http_sink_key(settings.http_sink_key_file, environ)
    has_user = "@" in urlsplit(settings.http_sink_url).netloc
    if key and has_user and settings.http_sink_header.lower() == "authorization":
        raise SettingsError("http_sink_url: it names a user, and there is a key; leave one away")
    headers = {settings.http_sink_header: key} if key else {}
    return Endpoint(settings.http_sink_url, settings.http_sink_format, headers)
