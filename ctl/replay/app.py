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
from ctl.inputs import STDIN
from ctl.policy.source import of_file
from ctl.replay.formats import Format, sources
from ctl.replay.outcome import AsMode
from ctl.replay.share import percent, read_share
from kysira.errors import CorpusError

if TYPE_CHECKING:
    from ctl.replay.tally import Tally


def replay(
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The kysira.yaml to try.")],
    from_: Annotated[
        list[str],
        typer.Option(
            "--from", metavar="PATH",
            help="Events (events.jsonl, with its rotations, or a folder), a HAR, or an access "
            "log; .gz too; - is standard input; again for more.",
        ),
    ],
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

    Events are decided again from the findings that they tell, which is not all that there was;
    what that leaves open is counted. HARs and access logs are scored here, by the engine that
    KYSIRA_* variables describe. Exit 1 over --max-block-rate, 4 when a file can't be read.
    """
    limit = None if max_block_rate is None else parsed("--max-block-rate", read_share,
                                                       max_block_rate)  # fmt: skip
    if [*from_, str(policy), str(baseline)].count(STDIN) > 1:
        raise usage_error("--from", "standard input can be read once")
    from ctl.replay.report import notes, say  # noqa: PLC0415 - help needs none of it
    from ctl.replay.run import Run  # noqa: PLC0415
    from ctl.replay.tally import Tally  # noqa: PLC0415

    now = time.time()
    after = of_file(policy, now)
    before = None if baseline is None else of_file(baseline, now)
    run = Run(after, before, as_mode, Tally(show), has_models=not no_models)
    with ExitStack() as held:
        found = sources(from_, format_, held)
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
    if is_over:
        raise typer.Exit(Exit.FINDINGS)


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
