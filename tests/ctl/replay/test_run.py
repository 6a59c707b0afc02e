"""Files in, a tally out."""

import gzip
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ctl.policy.source import Known, of_defaults
from ctl.replay.formats import Format, sources
from ctl.replay.outcome import AsMode
from ctl.replay.run import Run
from ctl.replay.tally import Tally
from tests.ctl.events.made import lines
from tests.ctl.replay.made import event_row, finding, known

EXCLUDING = "exclusions: [{name: q, path: /search, location: 'query:q'}]"


def run(after: Known, *paths: Path, kind: Format, **options: Any) -> Run:
    """Return a replay that has read some files."""
    made = Run(
        after, options.get("before"), options.get("as_mode", AsMode.ACTIVE), Tally(),
        has_models=False,
    )  # fmt: skip
    with ExitStack() as held:
        made.read(sources(map(str, paths), kind, held))
    return made


def test_events_are_decided_again(tmp_path: Path) -> None:
    """Each once; one that was not scored, and lines that are none, are counted apart."""
    path = tmp_path / "x.jsonl"
    rows = [
        event_row(finding(), id="1"), event_row(finding(), id="1"), event_row(id="2"),
        event_row(id="3", action="error"),
    ]  # fmt: skip
    path.write_bytes(lines(*rows) + b"no event\n{torn")
    made = run(known(EXCLUDING), path, kind=Format.EVENTS)
    assert (made.tally.all.requests, made.tally.all.no_longer) == (2, 1)
    assert made.tally.not_scored == 1
    assert made.tally.unread == {"is not an event": 1, "is torn off at a file's end": 1}
    assert made.broken == []
    assert "2 requests in" in made.speed


def test_modes_of_the_policies_count(tmp_path: Path) -> None:
    """As the files say: in shadow nothing is blocked, then or now."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(event_row(finding(), id="1", action="shadow_kill"),
                           event_row(finding(), id="2", action="active_kill")))  # fmt: skip
    as_policy: dict[str, Any] = {"kind": Format.EVENTS, "as_mode": AsMode.POLICY}
    counts = run(known("mode: active"), path, **as_policy).tally.all
    assert (counts.before, counts.after) == (1, 2)
    counts = run(known("mode: shadow"), path, before=known("mode: active"), **as_policy).tally.all
    assert (counts.before, counts.after) == (2, 0)


def test_requests_are_scored(tmp_path: Path) -> None:
    """Of several files; one that is damaged is read up to there and named."""
    log = b'192.0.2.7 - - [x] "GET /search?q=\' UNION SELECT a FROM b-- HTTP/1.1" 200 1\nodd\n'
    (tmp_path / "a.log").write_bytes(log)
    (tmp_path / "b.gz").write_bytes(gzip.compress(log * 2000)[:-8])
    made = run(known(EXCLUDING), tmp_path / "a.log", tmp_path / "b.gz", kind=Format.ACCESS_LOG)
    counts = made.tally.all
    assert counts.requests == counts.before == counts.no_longer > 1
    assert made.tally.places["is no line of a common or combined log"][:2] == ["a.log:2", "b.gz:2"]
    assert len(made.broken) == 1
    assert "b.gz" in made.broken[0]
    assert json.loads(json.dumps(made.as_json({"a": Format.HAR}, 0.5)))["broken"] == made.broken


def test_sides_are_named() -> None:
    """What decides before and after is told: a file, the record, or the defaults."""
    made = Run(known("mode: active"), None, AsMode.ACTIVE, Tally())
    hash_ = made.after.policy.hash
    kinds = {"a": Format.EVENTS, "b": Format.HAR}
    assert made.names(kinds) == ("as recorded or by the defaults", f"by kysira.yaml, hash {hash_}")
    assert made.names({"b": Format.HAR})[0] == "by the defaults"
    other = Run(made.after, of_defaults(), AsMode.ACTIVE, Tally())
    assert other.names(kinds)[0].startswith("by the defaults, hash ")
