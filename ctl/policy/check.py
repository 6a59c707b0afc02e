"""kysiractl policy check: all that is wrong with a file, and what is odd about it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ctl import console
from ctl.console import Output
from ctl.exits import Exit
from ctl.policy.advice import Warn, warnings_of
from ctl.policy.source import Known, of_file
from kysira.errors import PolicyError
from kysira.types import ScoreOptions

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="kysira.yaml; - is standard input.")
]  # fmt: skip


def check(
    file: File,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 when there is a warning.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Check a policy file: every problem with its line, and what is odd on stderr.

    Exit 4 when a service would not take it, 0 when it would.
    """
    now = time.time()
    try:
        known = of_file(file, now)
    except PolicyError as error:
        if output is Output.TABLE:
            raise
        console.say_json({"valid": False, "problems": list(error.problems), "warnings": []})
        raise typer.Exit(Exit.INVALID) from None
    odd = warnings_of(known, now)
    if output is Output.JSON:
        console.say_json(_as_json(known, odd, now))
    else:
        for each in odd:
            console.note(f"warning: {each.told(known.name)}")
        console.say(f"{known.name}: ok, {summary(known, now)}")
    if odd and strict:
        raise typer.Exit(Exit.FINDINGS)


def summary(known: Known, now: float) -> str:
    """Return a policy in a line."""
    policy = known.policy
    options = policy.options
    expired = sum(each.has_expired(now) for each in policy.exclusions)
    parts = [
        f"hash {policy.hash}", known.mode.value, f"threshold {options.threshold:g}",
        *_detectors(options),
        _count(len(policy.routes), "route"),
        _count(len(policy.exclusions), "exclusion", f"({expired} expired)" if expired else ""),
    ]  # fmt: skip
    return ", ".join(parts)


def _detectors(options: ScoreOptions) -> Iterator[str]:
    """Yield how many detectors are not as all others, where there are such."""
    if count := len(options.thresholds.keys() - options.disabled):
        yield _count(count, "detector", "with a threshold of its own" if count == 1 else
                     "with thresholds of their own")  # fmt: skip
    if options.disabled:
        yield _count(len(options.disabled), "detector", "switched off")


def _count(count: int, noun: str, more: str = "") -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}{more and f' {more}'}"


def _as_json(known: Known, odd: list[Warn], now: float) -> dict[str, Any]:
    policy = known.policy
    return {
        "valid": True,
        "problems": [],
        "warnings": [
            {"line": each.line, "at": f"{each.part}[{each.place}]", "text": each.text}
            for each in odd
        ],
        "hash": policy.hash,
        "mode": known.mode.value,
        "threshold": policy.options.threshold,
        "routes": len(policy.routes),
        "exclusions": len(policy.exclusions),
        "expired": sum(each.has_expired(now) for each in policy.exclusions),
    }
