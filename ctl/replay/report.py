"""How a replay is shown to people."""

from collections.abc import Iterable, Mapping

from ctl import console
from ctl.fields import say_field
from ctl.fitting import say_fitting
from ctl.replay.outcome import MEANING, Change, Outcome, Side
from ctl.replay.share import told
from ctl.replay.tally import Counts, Tally

_COUNTS = ("requests", "before", "after", "newly", "no longer")
_SAMPLES = (
    "change", "request", "source ip", "detector", "location", "score", "reason", "where",
)  # fmt: skip


def say(tally: Tally, before: str, after: str) -> None:
    """Print what changes from one policy to another, which are called so."""
    counts = tally.all
    say_field("requests            ", f"{counts.requests:,}")
    say_field("blocked before      ", f"{told(counts.before, counts.requests)}, {before}")
    say_field("blocked after       ", f"{told(counts.after, counts.requests)}, {after}")
    say_field("newly blocked       ", f"{counts.newly:,}")
    say_field("no longer blocked   ", f"{counts.no_longer:,}")
    if len(tally.routes) > 1:
        _say_counts("route", tally.routes)
    if tally.detectors:
        _say_counts("detector", tally.detectors)
    shown = [each for change in Change for each in tally.samples.get(change, ())]
    if shown:
        console.say("")
        say_fitting(_SAMPLES, [_row(each) for each in shown])
    left = counts.newly + counts.no_longer - len(shown)
    if left > 0 and tally.most_samples:
        console.note(f"{left:,} more changes are not shown: --show N shows N of each kind")


def _say_counts(name: str, rows: Mapping[str, Counts]) -> None:
    by_size = sorted(rows.items(), key=lambda row: (-row[1].newly - row[1].no_longer, row[0]))
    console.say("")
    say_fitting(
        (name, *_COUNTS),
        [
            [key or "-", *(f"{n:,}" for n in (c.requests, c.before, c.after, c.newly, c.no_longer))]
            for key, c in by_size
        ],
    )


def _row(outcome: Outcome) -> list[str]:
    change = outcome.change
    side: Side = outcome.after if change is Change.NEWLY_BLOCKED else outcome.before
    return [
        str(change), f"{outcome.method} {outcome.path}", outcome.source_ip or "-",
        side.detector or "-", side.location or "-", f"{side.score:.4f}", side.reason or "-",
        outcome.where,
    ]  # fmt: skip


def notes(tally: Tally, kinds: Iterable[str]) -> list[str]:
    """Return what is not known, for people; ``kinds`` are what was read."""
    found = []
    for doubt, count in sorted(tally.doubts.items()):
        noun = "event" if count == 1 else "events"
        found.append(f"not known of {count:,} {noun} ({doubt.value}): {MEANING[doubt]}")
    if tally.not_scored:
        found.append(
            f"{tally.not_scored:,} events left out: they were not scored, and say nothing of what "
            "the request holds"
        )
    for why, count in tally.unread.items():
        noun = "part" if count == 1 else "parts"
        places = tally.places.get(why, ())
        first = f" (first: {', '.join(places)})" if places else ""
        found.append(f"{count:,} {noun} left out: {why}{first}")
    if "access-log" in kinds:
        found.append(
            "of a log only the request line, Referer and User-Agent are scored: no bodies, cookies "
            "or other headers"
        )
    return found
