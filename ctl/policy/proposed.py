"""How exclusions for an event are shown: YAML on stdout, the rest on stderr."""

from collections import Counter
from pathlib import Path
from typing import Any

from rich.text import Text

from ctl import console
from ctl.policy.insertion import block
from ctl.policy.let_through import LetThrough
from ctl.policy.proposal import Proposal
from ctl.replay.outcome import MEANING
from kysira.policy_text import exclusion_to_json

_SHOWN = 5


def say(made: Proposal, written: Path | None) -> None:
    """Print it for people; ``written`` is the file that it was added to."""
    event = made.event
    _note(
        f"event {event.id}: {event.text('method')} {event.text('host')}{event.text('path')} from "
        f"{event.text('source_ip') or '-'}, {event.text('action')}, {event.text('reason') or '-'}"
    )
    if made.exclusions:
        if written is None or not made.is_enough:
            console.note("add to kysira.yaml, under exclusions:")
        console.say(block(made.exclusions).rstrip("\n"))
        if written is not None and made.is_enough:
            console.note(f"added to {written}")
    for text in made.notes:
        _note(text)
    for doubt in sorted(made.doubts):
        console.note(f"not known: {MEANING[doubt]}")
    if made.exclusions:
        _say_effect(made.effect)
    for reason in made.silent:
        console.note(f"not looked at: {reason}")
    for text in made.problems:
        _note(text)
    if written is not None and not made.is_enough:
        console.note(f"{written} is left as it is")


def _say_effect(effect: LetThrough) -> None:
    console.note(
        f"of {effect.events:,} recorded events {effect.over:,} are over the threshold; beside this "
        f"one {effect.others:,} more would pass"
    )
    for name, counter in (
        ("from", effect.sources), ("request", effect.paths), ("reason", effect.reasons),
    ):  # fmt: skip
        if counter:
            _note(f"  {name}: {_most(counter)}")
    if signs := effect.signs:
        console.stderr().print(
            Text("WARNING", "bold red").append(
                ": the others may be attacks; look at each before you let them pass "
                "(kysiractl events search --id …):",
                "",
            ),
            soft_wrap=True,
        )
        for sign in signs:
            _note(f"  {sign}")
        for sample in effect.samples[:_SHOWN]:
            _note(
                f"  {sample.id} {sample.text('method')} {sample.text('path')} "
                f"{sample.text('source_ip')} {sample.text('reason')}"
            )


def _note(text: str) -> None:
    """Say something of an event in one line, whatever a client put in it."""
    console.note(console.printable(text))


def _most(counter: Counter[str]) -> str:
    told = [f"{key or '-'} ({count:,})" for key, count in counter.most_common(_SHOWN)]
    more = len(counter) - len(told)
    return ", ".join([*told, *([f"{more:,} more"] if more > 0 else [])])


def as_json(made: Proposal, *, is_written: bool) -> dict[str, Any]:
    """Return it for programs."""
    return {
        "event": made.event.id,
        "passes": made.is_enough,
        "written": is_written and bool(made.exclusions),
        "exclusions": [exclusion_to_json(each) for each in made.exclusions],
        "policy": {"from": made.known.name, "hash": made.known.policy.hash},
        "problems": list(made.problems),
        "notes": list(made.notes),
        "doubts": sorted(doubt.value for doubt in made.doubts),
        "let_through": made.effect.as_json(),
        "not_looked_at": list(made.silent),
    }
