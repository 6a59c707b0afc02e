"""The options that say which events are meant, shared by tail, search, export and top."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from ctl.arguments import parsed, usage_error
from ctl.detectors import complete_slug, read_slug
from ctl.events import filters
from ctl.events.files import OPTION
from ctl.events.filters import ACTIONS, Filter, Test
from ctl.events.times import read_time

_EVENTS = "Which events"
_FRONT_ENDS = ("proxy", "ext-proc", "nginx")
From = Annotated[
    list[str] | None,
    typer.Option(
        OPTION, metavar="PATH",
        help="Read files instead of asking services: events.jsonl (with its rotations), any file "
        "of events (.gz too), a folder (a service's, or KYSIRA_DATA_DIR for all), or - for "
        "standard input; again for more.",
    ),
]  # fmt: skip


def complete_action(incomplete: str) -> list[str]:
    """Return the words of ``--action`` that begin so, for a shell."""
    return [word for word in ACTIONS if word.startswith(incomplete)]


def _complete_front_end(incomplete: str) -> list[str]:
    return [word for word in _FRONT_ENDS if word.startswith(incomplete)]


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """Which events are meant, as it was said."""

    action: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD", autocompletion=complete_action, rich_help_panel=_EVENTS,
            help="What became of the request: flagged (over the threshold, in either mode), "
            "killed, passed, error, skipped, all, or an event's own word, as shadow_kill.",
        ),
    ] = None  # fmt: skip
    detector: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SLUG", autocompletion=complete_slug, rich_help_panel=_EVENTS,
            help="Detector that found something, e.g. sqli.",
        ),
    ] = None  # fmt: skip
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Score from here on.", rich_help_panel=_EVENTS),
    ] = None
    max_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Score up to here.", rich_help_panel=_EVENTS)
    ] = None
    path: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PREFIX|GLOB", rich_help_panel=_EVENTS,
            help="Path under a prefix of whole segments (/api is never /apis), or like a pattern "
            "(/api*, *.php).",
        ),
    ] = None  # fmt: skip
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Host, with or without port, or a pattern: *.shop.example.",
            rich_help_panel=_EVENTS,
        ),
    ] = None
    method: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="HTTP method.", rich_help_panel=_EVENTS),
    ] = None
    source_ip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="IP|CIDR", help="Client's address, or its network.", rich_help_panel=_EVENTS
        ),
    ] = None
    route: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Route of the policy that it was decided by.",
            rich_help_panel=_EVENTS,
        ),
    ] = None  # fmt: skip
    front_end: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", autocompletion=_complete_front_end, rich_help_panel=_EVENTS,
            help="proxy, ext-proc or nginx.",
        ),
    ] = None  # fmt: skip
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", rich_help_panel=_EVENTS,
            help="From then on: how long ago (90s, 15m, 2h, 1d), or 2026-11-26T01:09:38Z.",
        ),
    ] = None  # fmt: skip
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Before then.", rich_help_panel=_EVENTS),
    ] = None
    id: Annotated[
        list[str] | None,
        typer.Option(
            "--id", metavar="UUID", rich_help_panel=_EVENTS,
            help="The event's id, which the app and a refused client got as X-Kysira-Event-Id.",
        ),
    ] = None  # fmt: skip
    reason: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Reason that holds this.", rich_help_panel=_EVENTS),
    ] = None
    uninspected: Annotated[
        bool,
        typer.Option(
            "--uninspected", help="Some part of the request was not read.", rich_help_panel=_EVENTS
        ),
    ] = False

    def filter(self) -> Filter:
        """Return what lets the events through that are meant; raises usage errors."""
        return Filter((*self._of_decision(), *self._of_request(), *self._of_event()))

    def since_s(self) -> float | None:
        """Return from when on they are meant, None for ever; raises a usage error."""
        return parsed("--since", read_time, self.since) if self.since else None

    def _of_decision(self) -> list[Test]:
        tests: list[Test] = []
        if self.action:
            words = [parsed("--action", filters.read_actions, text) for text in self.action]
            tests.append(filters.has_action(frozenset().union(*words)))
        if self.detector:
            slugs = [parsed("--detector", read_slug, text) for text in self.detector]
            tests.append(filters.has_detector(frozenset(slugs)))
        if self.min_score is not None or self.max_score is not None:
            least = 0.0 if self.min_score is None else self.min_score
            most = 1.0 if self.max_score is None else self.max_score
            if least > most:
                raise usage_error("--min-score", f"{least:g} is over --max-score {most:g}")
            tests.append(filters.has_score(least, most))
        if self.reason:
            tests.append(filters.any_of(map(filters.has_reason, self.reason)))
        return tests

    def _of_request(self) -> list[Test]:
        tests = [
            *_any("--path", filters.is_path, self.path),
            *_any("--host", filters.is_host, self.host),
            *_any("--source-ip", filters.is_from, self.source_ip),
        ]
        if self.method:
            tests.append(filters.is_text("method", self.method))
        if self.route:
            tests.append(filters.is_text("route", self.route))
        for name in self.front_end or ():
            if name not in _FRONT_ENDS:
                raise usage_error("--front-end", f"{name!r} must be {' or '.join(_FRONT_ENDS)}")
        if self.front_end:
            tests.append(filters.is_text("front_end", self.front_end))
        return tests

    def _of_event(self) -> list[Test]:
        tests: list[Test] = []
        since = self.since_s()
        until = parsed("--until", read_time, self.until) if self.until else None
        if since is not None and until is not None and since >= until:
            raise usage_error("--since", "is not before --until")
        if since is not None or until is not None:
            tests.append(filters.is_between(since, until))
        if self.id:
            tests.append(filters.is_text("id", self.id))
        if self.uninspected:
            tests.append(filters.is_uninspected)
        return tests


def _any(option: str, read: Callable[[str], Test], texts: list[str] | None) -> list[Test]:
    return [filters.any_of([parsed(option, read, text) for text in texts])] if texts else []
