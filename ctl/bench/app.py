"""kysiractl bench: what is caught and who is disturbed, on rows that say what they are."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ctl.arguments import parsed, usage_error
from ctl.bench.endpoint import Endpoint, read_endpoint
from ctl.exits import EPILOG, Exit

ENGINE = "kysira"
"""The column of the engine in this process."""
_ENGINE = "The engine in this process"
_URLS = "Anything with a URL"
_ROWS = "Which rows"
_OUTPUT = "What is printed"

app = typer.Typer(
    help="Measure what is caught and what is disturbed.", no_args_is_help=True, epilog=EPILOG
)


class Output(StrEnum):
    """How the results are written."""

    TABLE = "table"
    JSON = "json"


@app.callback()
def group() -> None:
    """Keep ``bench`` a group while it has one command."""


@app.command("detection", epilog=EPILOG)
def detection_command(
    corpora: Annotated[
        list[Path],
        typer.Argument(
            metavar="CORPUS...",
            exists=True,
            readable=True,
            show_default=False,
            help="Files of JSON lines (.jsonl, .jsonl.gz), or folders of them.",
        ),
    ],
    url: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]URL",
            help="Replay over HTTP too, e.g. crs=http://127.0.0.1:8080; again for more.",
            rich_help_panel=_URLS,
        ),
    ] = None,
    blocked_status: Annotated[
        list[int] | None,
        typer.Option(
            min=200,
            max=599,
            help="Status that counts as blocked, 403 if not given; again for more.",
            rich_help_panel=_URLS,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Host header to send whatever the rows say.",
            rich_help_panel=_URLS,
        ),
    ] = "",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Send attacks to other machines too: ask their owner first.",
            rich_help_panel=_URLS,
        ),
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=600,
            metavar="SECONDS",
            help="How long a request may wait for its answer.",
            rich_help_panel=_URLS,
        ),
    ] = 10.0,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1, max=64, help="Requests to URLs at the same time.", rich_help_panel=_URLS
        ),
    ] = 4,
    max_requests: Annotated[
        int,
        typer.Option(
            min=1,
            help="Stop after so many requests to each; what was measured is printed.",
            rich_help_panel=_ROWS,
        ),
    ] = 1_000_000,
    max_minutes: Annotated[
        float, typer.Option(min=0, help="Stop after so long.", rich_help_panel=_ROWS)
    ] = 60.0,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this source, or those like this shell pattern; again for more.",
            rich_help_panel=_ROWS,
        ),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Only so many rows of each source and label; 0 is all.",
            rich_help_panel=_ROWS,
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the sample.", rich_help_panel=_ROWS)] = 0,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Scores from here on count as blocked; KYSIRA_SCORE_THRESHOLD or 0.95.",
            rich_help_panel=_ENGINE,
            show_default=False,
        ),
    ] = None,
    no_models: Annotated[
        bool, typer.Option("--no-models", help="Rules alone.", rich_help_panel=_ENGINE)
    ] = False,
    no_engine: Annotated[
        bool,
        typer.Option("--no-engine", help="Leave it out: URLs alone.", rich_help_panel=_ENGINE),
    ] = False,
    show_missed: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Print so many missed attacks of each source; the first column's.",
            rich_help_panel=_OUTPUT,
        ),
    ] = 3,
    show_flagged: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Print so many benign rows of each source that were blocked.",
            rich_help_panel=_OUTPUT,
        ),
    ] = 3,
    output: Annotated[
        Output,
        typer.Option("--output", "-o", help="table or json.", rich_help_panel=_OUTPUT),
    ] = Output.TABLE,
) -> None:
    """Replay labelled rows through the engine, and through any URL.

    It prints what was caught by category and source, what was blocked of
    benign rows by source, balanced accuracy, the area under the curve of each
    detector, and some of the misses. A row is a line of JSON:

    {"label": "attack", "category": "sqli", "source": "mine", "payload": "..."}

    {"label": "benign", "method": "POST", "target": "/a?b=c",
    "headers": {"content-type": "text/plain"}, "body": "..."}

    A bare payload is tried in a query, a form and JSON, and their mean counts.
    Of a URL, a status 403 is blocked, a reset connection, and an answer with
    X-Kysira-Would-Have-Killed. The engine is set up by KYSIRA_* variables, as
    the services are. More: docs/detection.md.
    """
    # The engine takes a second to import, which no other command needs.
    from ctl.bench.client import Judgement  # noqa: PLC0415
    from ctl.bench.corpora import Selection  # noqa: PLC0415
    from ctl.bench.detection import Plan, detect  # noqa: PLC0415

    endpoints = [parsed("--url", read_endpoint, text) for text in url or ()]
    _require_names(endpoints, has_engine=not no_engine)
    plan = Plan(
        corpora=tuple(corpora),
        selection=Selection(tuple(source or ("*",)), sample, seed),
        engine=None if no_engine else ENGINE,
        has_models=not no_models,
        threshold=threshold,
        endpoints=tuple(endpoints),
        allow_remote=allow_remote,
        judgement=Judgement(timeout, frozenset(blocked_status or (403,)), host),
        concurrency=concurrency,
        max_requests=max_requests,
        max_seconds=max_minutes * 60,
        show_missed=show_missed,
        show_flagged=show_flagged,
    )
    found = detect(plan)
    typer.echo(found.as_json() if output is Output.JSON else found.as_text())
    if found.is_partial:
        raise typer.Exit(Exit.UNREACHABLE)


def _require_names(endpoints: list[Endpoint], *, has_engine: bool) -> None:
    names = [ENGINE] * has_engine + [endpoint.name for endpoint in endpoints]
    if not names:
        raise usage_error("--no-engine", "needs --url URL, or there is nobody to ask")
    for name in names:
        if names.count(name) > 1:
            raise usage_error(
                "--url", f"two columns are called {name!r}: name one, --url other=http://…"
            )
