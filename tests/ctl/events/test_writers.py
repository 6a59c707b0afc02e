"""How events are written, and that nothing in them is obeyed by what shows them."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from ctl.events.writers import COLUMNS, EventFormat, defused, writer
from tests.ctl.events.made import made, row
from tests.terminal import on_terminal

NASTY = "/\x1b[2J\u009b31m\u202e\r\n\t\ud800\x7f"


def written(capsys: pytest.CaptureFixture[str], form: EventFormat, **changed: object) -> str:
    """Return what is written of one event."""
    writer(form, has_sources=True)(made(**changed))
    return capsys.readouterr().out


@pytest.mark.parametrize("form", EventFormat)
def test_no_form_moves_the_cursor(capsys: pytest.CaptureFixture[str], form: EventFormat) -> None:
    """Control characters, direction marks and lone surrogates are shown as escapes."""
    keys = ("path", "host", "query", "reason", "source_ip", "id", "detector", "method", "action")
    text = written(capsys, form, **dict.fromkeys(keys, NASTY))
    assert text.replace("\n", "").isprintable()
    assert text.count("\n") == (1 if form is EventFormat.JSON else 2)


def test_json_is_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that reads as the event did, every field and character of it."""
    event = row(path=f"/ü{NASTY}", extra={"new": [1, None, True]})
    assert json.loads(written(capsys, EventFormat.JSON, **event)) == event


def test_csv_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Csv reads the documented columns; place and match are of the finding that decided."""
    text = written(capsys, EventFormat.CSV, query='a="b",c', uninspected=["budget", "parse"])
    (read,) = csv.DictReader(io.StringIO(text))
    assert tuple(read) == COLUMNS
    assert (read["query"], read["score"], read["latency_ms"]) == ('a="b",c', "0.9999", "0.58")
    assert (read["location"], read["steps"]) == ("query:q", "percent base64")
    assert (read["matched"], read["uninspected"]) == ("UNION SELECT", "budget parse")


def test_csv_has_one_header(capsys: pytest.CaptureFixture[str]) -> None:
    """The names come once."""
    write = writer(EventFormat.CSV)
    for _ in range(3):
        write(made())
    assert capsys.readouterr().out.count("timestamp") == 1


@pytest.mark.parametrize("first", "=+-@\t\r＝＋－＠")
def test_csv_cell_is_no_formula(first: str) -> None:
    """What a spreadsheet would run begins with '; everything else is as it was."""
    assert defused(f'{first}cmd|"/c calc"!A1').startswith("'")
    assert defused(f"a{first}").startswith("a")
    assert defused("") == ""


def test_csv_formula_in_any_text_is_defused(capsys: pytest.CaptureFixture[str]) -> None:
    """Every text column, for clients choose most of them."""
    texts = [name for name in COLUMNS if name not in ("score", "threshold", "latency_ms")]
    changed = dict.fromkeys(texts, "=1")
    finding = {"detector": "=1", "location": "=1", "steps": ["=1"], "matched": "=1"}
    lists = {"uninspected": ["=1"], "excluded": ["=1"], "findings": [finding]}
    text = written(
        capsys, EventFormat.CSV,
        **{**changed, **lists, "timestamp": "2026-11-26T01:00:00Z", "source": "=1"},
    )  # fmt: skip
    (read,) = csv.DictReader(io.StringIO(text))
    assert {name: read[name] for name in texts if name != "timestamp"} == dict.fromkeys(
        [name for name in texts if name != "timestamp"], "'=1"
    )


def test_table_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """However long: a program that reads it gets one line for each event, the id last."""
    text = written(capsys, EventFormat.TABLE, query="x" * 500, source="proxy-8080")
    head, line = text.splitlines()
    assert head.split()[:2] == ["SERVICE", "TIME"]
    assert line.split()[:4] == ["proxy-8080", "2026-11-26T01:00:00.000Z", "shadow_kill", "0.9999"]
    assert line.endswith(" 01a21566-a70b-73aa-970c-75fc2b8a9025")


def test_table_tells_what_was_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Once: an error's reason says it already."""
    text = written(capsys, EventFormat.TABLE, reason="", uninspected=["budget"])
    assert "unread: budget" in text
    text = written(capsys, EventFormat.TABLE, reason="uninspected:timeout", uninspected=["timeout"])
    assert "unread" not in text


@pytest.mark.parametrize("width", [80, 120, 200])
def test_table_fits_a_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The id is whole, the request not; times of another day have their date."""
    on_terminal(monkeypatch, width)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.123Z")
    text = written(capsys, EventFormat.TABLE, timestamp=now, query="x" * 500)
    assert all(len(line) <= width for line in text.splitlines())
    assert f"{now[11:19]}Z" in text.split()
    assert {"REASON", "sqli:union_select", "01a21566-a70b-73aa-970c-75fc2b8a9025"} < {*text.split()}
    assert "…" in text
    old = written(capsys, EventFormat.TABLE, timestamp="2020-01-01T01:00:00.000Z")
    assert "2020-01-01T01:00:00.000Z" in old.split()
