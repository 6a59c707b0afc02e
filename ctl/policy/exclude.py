"""kysiractl exclude: lets one false positive pass, and says what else would."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctl import console
from ctl.arguments import parsed, usage_error
from ctl.console import Output
from ctl.exits import Exit
from ctl.fleet.options import FleetOptions
from ctl.inputs import STDIN
from ctl.option_groups import grouped
from ctl.policy import expiry

if TYPE_CHECKING:
    from ctl.policy.proposal import Proposal


@grouped
def exclude(
    services: FleetOptions,
    event: Annotated[
        str, typer.Option("--event", metavar="ID", help="The event's id, as in X-Kysira-Event-Id.")
    ],
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="PATH",
            help="Look in these files too: events.jsonl, a folder; instead of asking services, "
            "where none is named.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False,
            help="The kysira.yaml that it is for; else what the services have in force.",
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Add it to that file, which keeps its layout.")
    ] = False,
    expires: Annotated[
        str,
        typer.Option(
            metavar="END",
            help="30d, 12w, 8h, 2026-12-31, or never. A quarter by default: by then somebody "
            "should look whether it is still needed.",
        ),
    ] = expiry.DEFAULT,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for people.")] = "",
    all_findings: Annotated[
        bool,
        typer.Option(
            "--all-findings", help="One for each finding over its threshold, where there are more."
        ),
    ] = False,
    any_index: Annotated[
        bool,
        typer.Option("--any-index", help="items[3] stands for every number: items[*]."),
    ] = False,
    path: Annotated[
        str | None,
        typer.Option(metavar="PREFIX", show_default=False, help="Its path, in place of the "
                     "event's."),
    ] = None,
    location: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", show_default=False, help="Its location, in place of the "
                     "finding's."),
    ] = None,
    accept_other_reasons: Annotated[
        bool,
        typer.Option(
            "--accept-other-reasons",
            help="Write it also where it would let through what was found for other reasons than "
            "the event: they were looked at.",
        ),
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:  # fmt: skip
    """Write the narrowest exclusion that lets an event's request pass: path, location, detector.

    It prints what to add to kysira.yaml, or adds it with --policy FILE --write, and says what else
    would pass of the events that are recorded: look at that first. A file that services watch is
    in force within seconds. Exit 1 when the request would still be blocked, the event does not say
    enough, or events that were found for other reasons would pass; 3 when a service did not answer.
    """
    from ctl.policy.proposal import Ask, proposal  # noqa: PLC0415
    from ctl.policy.proposed import as_json, say  # noqa: PLC0415
    from ctl.policy.search_line import search_lines  # noqa: PLC0415
    from kysira.paths import read_prefix  # noqa: PLC0415

    if write and policy is None:
        raise usage_error("--write", "needs --policy FILE, the file to add it to")
    for option, name in [*(("--from", name) for name in from_ or ()), ("--policy", str(policy))]:
        if _is_read_once(name):
            raise usage_error(option, f"{_called(name)} can't be read twice: save it in a file")
    if location is not None and all_findings:
        raise usage_error("--location", "leave it out: each finding has its own")
    ask = Ask(
        event_id=event,
        names=tuple(from_ or ()),
        which=services.which() if services.is_given or not from_ else None,
        policy=policy,
        path=parsed("--path", read_prefix, path) if path else "",
        location=parsed("--location", _pattern, location) if location else "",
        any_index=any_index,
        expires=parsed("--expires", expiry.read_expiry, expires),
        reason=reason,
        all_findings=all_findings,
        now=time.time(),
    )
    made = proposal(ask)
    is_refused = bool(write and made.effect.odd_reasons and not accept_other_reasons)
    is_written = write and made.is_enough and not is_refused
    if is_written and made.exclusions:
        _write(policy, made, ask.now)
    searches = search_lines(made.exclusions, ask.names, services)
    if output is Output.JSON:
        console.say_json(
            as_json(made, is_written=is_written, searches=searches, is_refused=is_refused)
        )
    else:
        say(made, policy if write else None, searches=searches, is_refused=is_refused)
    if not made.is_enough or is_refused:
        raise typer.Exit(Exit.FINDINGS)
    if made.silent:
        raise typer.Exit(Exit.UNREACHABLE)


def _is_read_once(name: str) -> bool:
    """Return True for what gives nothing a second time, as a shell's ``<(…)``."""
    path = Path(name)
    return name == STDIN or (path.exists() and not (path.is_file() or path.is_dir()))


def _called(name: str) -> str:
    return "standard input" if name == STDIN else f"{name}, a pipe,"


def _pattern(text: str) -> str:
    if not text.isprintable() or len(text) > 256:
        raise ValueError(f"{text!r} must be a pattern such as query:q or form:*")
    return text


def _write(path: Path | None, made: "Proposal", now: float) -> None:
    from ctl.files import read_text, write_text  # noqa: PLC0415
    from ctl.policy.insertion import with_exclusions  # noqa: PLC0415
    from kysira.errors import PolicyError  # noqa: PLC0415

    if path is None:
        return
    text = read_text(path)
    changed = with_exclusions(text, str(path), made.exclusions, now)
    if read_text(path) != text:
        raise PolicyError(f"{path}: was changed meanwhile, and is left as it is: try again")
    write_text(path, changed)
