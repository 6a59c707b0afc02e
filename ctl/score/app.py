"""kysiractl score: what the engine says of one request."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from ctl import console
from ctl.arguments import parsed, usage_error
from ctl.console import Output
from ctl.envoy.options import read_duration
from ctl.exits import Exit
from ctl.inputs import STDIN
from ctl.score.request import request_of_file, request_of_text
from kysira.errors import StartError
from kysira.settings import NO_MODEL, EngineSettings, load, service_url
from kysira.types import Request, ScoreOptions, Verdict

_IN_PROCESS = "in-process"


def score(
    text: Annotated[
        str | None,
        typer.Argument(
            show_default=False,
            help="A text, or a request: 'GET /find?q=…', and after a line break its body; - is "
            "standard input.",
        ),
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Score the request in this file instead, as HTTP/1.1 sends it, with its headers; "
            "- is standard input.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Ask this inference service (kysira-inference, port 8081) instead of scoring "
            "here.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            show_default=False,
            help="Over it from this score on. [KYSIRA_SCORE_THRESHOLD, default 0.95]",
        ),
    ] = None,
    no_models: Annotated[bool, typer.Option("--no-models", help="Rules alone.")] = False,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="Of --url: how long an answer may take.")
    ] = "10s",
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Score a text or a request: what was found, where, and how it was decoded.

    The engine is set up by KYSIRA_* variables, as the services are; a
    kysira.yaml is not read (kysiractl policy explain does). Exit 1 when the
    request is over the threshold, 0 when not.
    """
    from ctl.score.verdict import Scored  # noqa: PLC0415 - rich's tables are not needed for help

    asked = _request(text, request)
    settings = load(EngineSettings, "kysiractl", argv=[])
    options = ScoreOptions(threshold=settings.score_threshold if threshold is None else threshold)
    if url is None:
        verdict, engine = _here(asked, options, settings, has_models=not no_models), _IN_PROCESS
    else:
        if no_models:
            raise usage_error("--no-models", "is for scoring here; the service has its own models")
        engine = parsed("--url", service_url, url).removesuffix("/score/all")
        verdict = asyncio.run(
            _there(engine, asked, options, parsed("--timeout", read_duration, timeout))
        )
    scored = Scored(asked, verdict, options, engine)
    if output is Output.JSON:
        console.say_json(scored.as_json())
    else:
        scored.show()
    if scored.winner:
        raise typer.Exit(Exit.FINDINGS)


def _request(text: str | None, path: Path | None) -> Request:
    if (text is None) == (path is None):
        raise usage_error(
            "TEXT", f"give one: a text, --request FILE, or {STDIN} for standard input"
        )
    return request_of_file(path) if path is not None else request_of_text(text or "")


def _here(
    request: Request, options: ScoreOptions, settings: EngineSettings, *, has_models: bool
) -> Verdict:
    """Return the engine's verdict, of as much of the body as a service would read."""
    if not has_models:
        settings = dataclasses.replace(settings, sqli_model=NO_MODEL, pi_model=NO_MODEL)
    limit = settings.max_body_bytes
    if len(request.body) > limit:
        request = dataclasses.replace(request, body=request.body[:limit], body_truncated=True)
    with console.waiting("loading the engine …"):
        from ctl.engine import load_scoring  # noqa: PLC0415 - it takes a second

        scoring = load_scoring(settings)
    return scoring(request, options)


async def _there(url: str, request: Request, options: ScoreOptions, timeout_s: float) -> Verdict:
    """Return the verdict of an inference service; raises StartError and ScoringError."""
    from ctl.fleet.client import fleet_client  # noqa: PLC0415 - aiohttp takes 0.2 s
    from ctl.fleet.target import Target  # noqa: PLC0415
    from kysira.wire import request_to_json, verdict_from_json  # noqa: PLC0415

    async with fleet_client("", timeout_s) as client:
        reply = await client.ask(
            Target(url, url), "/score/all", method="POST",
            json_body=request_to_json(request, options),
        )  # fmt: skip
    if not reply.is_ok:
        raise StartError(f"{url}: {reply.error}")
    return verdict_from_json(json.dumps(reply.body).encode())
