"""What is most common among events."""

import csv
import io
import json
from pathlib import Path

import pytest

from ctl.events.top import By, counted
from tests.ctl.command import Outcome, run
from tests.ctl.events.made import at, lines, made
from tests.terminal import on_terminal


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return a file with twelve flagged events of three paths, and some that passed."""
    paths = ["/a"] * 7 + ["/b"] * 4 + ["=1\x1b[2J"]
    rows = [at(n) | {"path": path} for n, path in enumerate(paths)]
    rows += [at(20 + n) | {"path": "/b", "action": "passed"} for n in range(9)]
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(*rows))
    return str(path)


def top(file: str, *more: str) -> Outcome:
    """Return what the command says of a file."""
    return run("events", "top", "--from", file, *more)


def test_top_counts_what_was_flagged(file: str) -> None:
    """The most common first, with share, the newest event's time, and its id."""
    outcome = top(file)
    assert (outcome.code, outcome.err) == (0, "")
    head, *found = outcome.out.splitlines()
    assert head.split() == ["PATH", "COUNT", "SHARE", "LAST", "SEEN", "SAMPLE", "ID"]
    assert found[0].split() == ["/a", "7", "58.3", "%", "2026-11-26T01:00:06.000Z", "0006-0"]
    assert [line.split()[:2] for line in found[1:]] == [["/b", "4"], ["=1\\x1b[2J", "1"]]


def test_top_takes_the_filters_of_search(file: str) -> None:
    """Another action counts others; no event is none, said on stderr."""
    assert top(file, "--action", "all").out.splitlines()[1].split()[:2] == ["/b", "13"]
    assert len(top(file, "--path", "/b").out.splitlines()) == 2
    outcome = top(file, "--detector", "xxe")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "kysiractl: no event matches\n"


def test_top_limit_tells_of_the_rest(file: str) -> None:
    """How many values there are besides; 0 shows all."""
    outcome = top(file, "--limit", "1")
    assert len(outcome.out.splitlines()) == 2
    assert outcome.err == "kysiractl: 2 more; --limit 0 shows all\n"
    assert len(top(file, "--limit", "0").out.splitlines()) == 4


def test_top_json_has_all(file: str) -> None:
    """And none is a document too."""
    found = json.loads(top(file, "-o", "json", "--limit", "1").out)
    assert found == {
        "by": "path", "events": 12, "values": 3,
        "rows": [{"value": "/a", "count": 7, "share": 0.5833,
                  "last_seen": "2026-11-26T01:00:06.000Z", "sample_id": "0006-0"}],
    }  # fmt: skip
    assert json.loads(top(file, "-o", "json", "--path", "/none").out)["rows"] == []


def test_top_csv_runs_no_formula(file: str) -> None:
    """A client chooses the path."""
    rows = list(csv.DictReader(io.StringIO(top(file, "-o", "csv").out)))
    assert [(row["path"], row["count"]) for row in rows] == [
        ("/a", "7"), ("/b", "4"), ("'=1\\x1b[2J", "1"),
    ]  # fmt: skip
    head = top(file, "-o", "csv", "--by", "source-ip").out.splitlines()[0]
    assert head.startswith('"source_ip","count"')


@pytest.mark.parametrize(
    ("by", "value"),
    [
        (By.PATH, "/search"), (By.DETECTOR, "sqli"), (By.REASON, "sqli:union_select"),
        (By.SOURCE_IP, "192.0.2.7"), (By.HOST, "shop.example"), (By.ROUTE, "api"),
        (By.LOCATION, "query:q"),
    ],
)  # fmt: skip
def test_counted_by_each(by: By, value: str) -> None:
    """The location is that of the finding which decided; an event without any counts too."""
    events = [
        made(host="Shop.example", route="api"),
        made(findings=[], **{by.replace("-", "_"): ""}),
    ]
    rows = counted(events, by).rows
    assert {row.value for row in rows} == {value, ""}
    assert [row.share for row in rows] == [0.5, 0.5]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_top_on_a_terminal_leaves_ids_whole(
    width: int, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long value loses its middle, where there is room for a table; else it takes lines."""
    on_terminal(monkeypatch, width)
    path = Path(file)
    made_id = "01a21566-a70b-73aa-970c-75fc2b8a9025"
    path.write_bytes(lines(at(1) | {"path": f"/{'x' * 300}/end", "id": made_id}))
    out = top(file).out
    assert all(len(line) <= width for line in out.splitlines())
    assert made_id in out.split()
    assert "…" in out and "/end" in out
