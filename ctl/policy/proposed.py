"""How exclusions for an event are shown: YAML on stdout, the rest on stderr."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from ctl import console
from ctl.policy.insertion import block
from ctl.policy.let_through import LetThrough, Sample, counted
from ctl.policy.proposal import Proposal
from ctl.replay.outcome import MEANING
from kysira.policy_text import exclusion_to_json

_SHOWN = 5
_IN_FORCE = (
    "it is in force within seconds where services watch this file; to replay first, write to a copy"
)


def say(
    made: Proposal, written: Path | None, *, searches: Sequence[str] = (), is_refused: bool = False
) -> None:
    """Print it for people; ``written`` is the file that it was added to.

    ``searches`` are commands that show what would pass. ``is_refused`` says that it was not added,
    as it would let through what was found for other reasons.
    """
    event = made.event
    is_added = written is not None and made.is_enough and not is_refused
    _note(
        f"event {event.id}: {event.text('method')} {event.text('host')}{event.text('path')} from "
        f"{event.text('source_ip') or '-'}, {event.text('action')}, {event.text('reason') or '-'}"
    )
    if made.exclusions:
        _say_block(made, written if is_added else None)
    for text in made.notes:
        _note(text)
    for doubt in sorted(made.doubts):
        console.note(f"not known: {MEANING[doubt]}")
    if made.exclusions:
        _say_effect(made.effect, searches)
    for reason in made.silent:
        console.note(f"not looked at: {reason}")
    for text in made.problems:
        _note(text)
    if is_refused:
        _note(_refused(made.effect))
    if written is not None and not is_added and made.exclusions:
        console.note(f"{written} is left as it is")


def _say_block(made: Proposal, added_to: Path | None) -> None:
    if added_to is None:
        console.note("add to kysira.yaml, under exclusions:")
    console.say(block(made.exclusions).rstrip("\n"))
    if added_to is not None:
        console.note(f"added to {added_to}: {_IN_FORCE}")


def _refused(effect: LetThrough) -> str:
    own = ", ".join(sorted(effect.own_reasons))
    return (
        f"not written: beside {own}, which the event was found for, it would let pass "
        f"{counted(effect.odd_reasons, _SHOWN)}; look at them, and say --accept-other-reasons if "
        "they are harmless too"
    )


def _say_effect(effect: LetThrough, searches: Sequence[str]) -> None:
    console.note(
        f"of {effect.events:,} recorded events {effect.over:,} are over the threshold; beside this "
        f"one {effect.others:,} more would pass"
    )
    for name, counter in (
        ("from", effect.sources), ("request", effect.paths), ("reason", effect.reasons),
    ):  # fmt: skip
        if counter:
            _note(f"  {name}: {counted(counter, _SHOWN)}")
    if signs := effect.signs:
        console.stderr().print(
            Text("WARNING", "bold red").append(
                ": the others may be attacks; look at each before you let them pass, the odd ones "
                "first:",
                "",
            ),
            soft_wrap=True,
        )
        for sign in signs:
            _note(f"  {sign}")
        if effect.odd_reasons:
            console.note(
                "  it can't be narrower by reason: an exclusion has a path, a location and a "
                "detector"
            )
        for sample in effect.samples[:_SHOWN]:
            _note(f"  {_told(sample)}")
    shown = len(effect.samples[:_SHOWN]) if signs else 0
    if effect.others > shown:
        _say_searches(f"… and {effect.others - shown:,} more" if shown else "see them", searches)


def _told(sample: Sample) -> str:
    event = sample.event
    words = [event.id, event.text("method"), event.text("path"), event.text("source_ip"),
             event.text("reason") or "-"]  # fmt: skip
    return " ".join(words) + (f": {', '.join(sample.matched)}" if sample.matched else "")


def _say_searches(lead: str, searches: Sequence[str]) -> None:
    """Say how all can be seen, each command ready for a shell."""
    for number, command in enumerate(searches):
        _note(f"  {lead if number == 0 else 'and of the services'}: {command}")


def _note(text: str) -> None:
    """Say something of an event in one line, whatever a client put in it."""
    console.note(console.printable(text))


def as_json(
    made: Proposal, *, is_written: bool, searches: Sequence[str] = (), is_refused: bool = False
) -> dict[str, Any]:
    """Return it for programs."""
    return {
        "event": made.event.id,
        "passes": made.is_enough,
        "written": is_written and bool(made.exclusions) and not is_refused,
        "refused_for_other_reasons": is_refused,
        "exclusions": [exclusion_to_json(each) for each in made.exclusions],
        "policy": {"from": made.known.name, "hash": made.known.policy.hash},
        "problems": list(made.problems),
        "notes": list(made.notes),
        "doubts": sorted(doubt.value for doubt in made.doubts),
        "let_through": made.effect.as_json(),
        "search": list(searches),
        "not_looked_at": list(made.silent),
    }
