"""kysiractl policy explain: what a request meets, and why."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ctl import console
from ctl.arguments import parsed, usage_error
from ctl.console import Output
from ctl.exits import Exit
from ctl.fleet.options import FleetOptions, Targets, Timeout
from ctl.inputs import STDIN
from ctl.policy.source import DEFAULTS, Known, of_defaults, of_file, of_service
from ctl.score.request import header_of, read_bounded, request_of_file, request_of_text
from kysira.types import Action, Mode, Request

_VARIABLE = "KYSIRA_POLICY"


def explain(
    request: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="'GET /x?q=…', and after a line break its body."),
    ] = None,
    request_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A request as HTTP/1.1 sends it, with its headers; - is "
                     "standard input."),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="A header; again for more."),
    ] = None,
    body: Annotated[str | None, typer.Option(metavar="TEXT", help="The request's body.")] = None,
    body_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that holds its body.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"kysira.yaml. [{_VARIABLE}, else the defaults]"),
    ] = None,
    target: Targets = None,
    timeout: Timeout = None,
    mode: Annotated[
        Mode | None,
        typer.Option(help="The mode in force, in place of what the policy says."),
    ] = None,
    no_models: Annotated[bool, typer.Option("--no-models", help="Rules alone.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:  # fmt: skip
    """Explain what a request meets: route, settings, findings, exclusions, and the decision.

    It is scored here, by the engine that KYSIRA_* variables describe, and decided as ext-proc and
    the proxy do, by a file or, with --target, by what is in force in a service (with what its
    options and a flip of the mode say). Exit 1 when the request is over the threshold, 0 when not.
    """
    from ctl.policy.deciding import load_scoring  # noqa: PLC0415
    from ctl.policy.explained import as_json, say  # noqa: PLC0415
    from ctl.policy.explanation import explained  # noqa: PLC0415

    asked = _request(request, request_file, header or (), body, body_file)
    known = _policy(policy, target, timeout)
    origin = known.origin("mode")
    if known.mode is not known.policy.mode:
        origin = f"{known.name}, flipped from {known.policy.mode.value}"
    if mode is not None:
        known, origin = replace(known, mode=mode), "--mode"
    told = explained(known, origin, asked, load_scoring(has_models=not no_models))
    if output is Output.JSON:
        console.say_json(as_json(told))
    else:
        say(told)
    if told.decision.action in (Action.ACTIVE_KILL, Action.SHADOW_KILL):
        raise typer.Exit(Exit.FINDINGS)


def _policy(path: Path | None, targets: list[str] | None, timeout: str | None) -> Known:
    now = time.time()
    if targets:
        if path is not None:
            raise usage_error("--policy", "leave it out: --target says its own")
        return asyncio.run(of_service(FleetOptions(targets, timeout=timeout).which(), now))
    named = path or (Path(text) if (text := os.environ.get(_VARIABLE)) else None)
    if named is not None:
        return of_file(named, now)
    console.note(f"no --policy and no --target: {DEFAULTS} hold")
    return of_defaults()


def _request(
    text: str | None, path: Path | None, headers: Sequence[str], body: str | None,
    body_path: Path | None,
) -> Request:  # fmt: skip
    if (text is None) == (path is None):
        raise usage_error("--request", "give one: --request 'GET /x?q=…', or --request-file FILE")
    if body is not None and body_path is not None:
        raise usage_error("--body", "leave it out: --body-file has one")
    if str(path) == str(body_path) == STDIN:
        raise usage_error("--body-file", "standard input can be read once")
    asked = request_of_file(path) if path is not None else request_of_text(text or "")
    if asked.free_text:
        raise usage_error("--request", "must begin like 'GET /path?query'")
    more = tuple(parsed("--header", read_header, each) for each in headers)
    asked = replace(asked, headers=(*asked.headers, *more))
    if body is None and body_path is None:
        return asked
    if asked.body:
        raise usage_error("--body", "the request has a body already")
    return replace(asked, body=read_bounded(body_path) if body_path else (body or "").encode())


def read_header(text: str) -> tuple[str, bytes]:
    """Return name and value of ``Name: value``; raises ValueError."""
    line = text.encode("utf-8", "surrogateescape")
    try:
        if "\n" not in text:
            return header_of(line)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no header, such as 'Content-Type: text/plain'")
