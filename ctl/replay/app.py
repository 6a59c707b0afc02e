"""kysiractl replay: what another policy would have done with requests that were seen."""

import time
from contextlib import ExitStack
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
from ctl.policy.source import of_file
from ctl.replay.formats import Format, sources
from ctl.replay.outcome import AsMode
from ctl.replay.share import percent, read_share
from kysira.errors import CorpusError

if TYPE_CHECKING:
    from ctl.replay.formats import Source
    from ctl.replay.run import Run
    from ctl.replay.tally import Tally


@grouped
def replay(
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The kysira.yaml to try.")],
    services: FleetOptions,
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="PATH", show_default=False,
            help="Events (events.jsonl, with its rotations, or a folder), a HAR, or an access "
            "log; .gz too; - is standard input; again for more. Else the services are asked for "
            "their last 500 events.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False,
            help="The kysira.yaml to compare with; else events are compared with what was decided "
            "then, and other requests with the defaults.",
        ),
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="What the files are; auto looks at their beginning.")
    ] = Format.AUTO,
    as_mode: Annotated[
        AsMode,
        typer.Option(
            help="active: what is over the threshold counts as blocked, but where a route is in "
            "shadow; policy: as the files say, and as events say."
        ),
    ] = AsMode.ACTIVE,
    max_block_rate: Annotated[
        str | None,
        typer.Option(metavar="SHARE", show_default=False,
                     help="Exit 1 when more is blocked: 0.1% or 0.001."),
    ] = None,
    show: Annotated[
        int, typer.Option(min=0, max=10_000, metavar="N", help="Samples of each kind of change.")
    ] = 10,
    no_models: Annotated[
        bool, typer.Option("--no-models", help="Score HARs and logs by rules alone.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:  # fmt: skip
    """Decide recorded requests by another policy: what would be blocked, and what no longer.

    Without --from they are the last events that the services remember.

    Events are decided again from the findings that they tell, which is not all that there was;
    what that leaves open is counted. HARs and access logs are scored here, by the engine that
    KYSIRA_* variables describe. Exit 1 over --max-block-rate, 3 when a service did not answer, 4
    when a file can't be read.
    """
    limit = None if max_block_rate is None else parsed("--max-block-rate", read_share,
                                                       max_block_rate)  # fmt: skip
    names = from_ or []
    if [*names, str(policy), str(baseline)].count(STDIN) > 1:
        raise usage_error("--from", "standard input can be read once")
    if names and services.is_given:
        raise usage_error("--from", "leave out the services: files are read instead")
    if not names and format_ not in (Format.AUTO, Format.EVENTS):
        raise usage_error("--format", "needs --from PATH: services tell events")
    from ctl.replay.report import notes, say  # noqa: PLC0415 - help needs none of it
    from ctl.replay.run import Run  # noqa: PLC0415
    from ctl.replay.tally import Tally  # noqa: PLC0415

    now = time.time()
    after = of_file(policy, now)
    before = None if baseline is None else of_file(baseline, now)
    run = Run(after, before, as_mode, Tally(show), has_models=not no_models)
    with ExitStack() as held:
        found = sources(names, format_, held) if names else _asked(services, run)
        run.read(found)
    kinds = {each.name: each.kind for each in found}
    tally = run.tally
    told = [*notes(tally, {kind.value for kind in kinds.values()}), *run.broken]
    if not tally.all.requests:
        raise CorpusError("; ".join(["no request was read", *told]))
    if output is Output.JSON:
        console.say_json(run.as_json(kinds, limit))
    else:
        say(tally, *run.names(kinds))
    for text in [run.speed, *told]:
        console.note(text)
    is_over = limit is not None and _is_over(tally, limit)
    if run.broken:
        raise typer.Exit(Exit.INVALID)
    if run.silent:
        raise typer.Exit(Exit.UNREACHABLE)
    if is_over:
        raise typer.Exit(Exit.FINDINGS)


def _asked(services: FleetOptions, run: "Run") -> "list[Source]":
    """Return the events of the services, and say what they are."""
    from ctl.replay.asked import ask_services  # noqa: PLC0415

    asked = ask_services(services.which())
    run.silent += asked.silent
    console.note(asked.note)
    for reason in asked.silent:
        console.note(f"no events of {reason}")
    return [asked.source]


def _is_over(tally: "Tally", limit: float) -> bool:
    """Say whether the block rate is over a limit, and how sure that is."""
    low, high = tally.interval
    is_over = tally.rate > limit
    word = "over" if is_over else "not over"
    console.note(f"the block rate, {percent(tally.rate)}, is {word} {percent(limit)}")
    if low <= limit <= high:
        console.note(
            f"that is not certain: its 95 % interval, {percent(low)} to {percent(high)}, holds the "
            "limit; more requests would tell"
        )
    return is_over
