"""The development data is found by split and name, and freed of what its sources left in it."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpora import prompt_row, read_rows, web_row
from ctl.bench.corpora import Selection
from ctl.bench.rows import Row
from kysira.errors import CorpusError
from tests.ctl.bench.made_rows import write

ALL = Selection()


def payload(source: str = "made_up", label: str = "attack", **more: Any) -> dict[str, Any]:
    return {"source": source, "label": label, "category": "sqli", "payload": "a b", **more}


def whole(source: str = "made_up", label: str = "benign", **more: Any) -> dict[str, Any]:
    request = {"method": "GET", "target": "/a?b=c", "headers": {"Accept": "*/*"}, "body": ""}
    return {"source": source, "label": label, "category": "", **request, **more}


def test_payload_named_a_query_is_placed_as_one() -> None:
    """The sources say so in their own words."""
    row = web_row(payload(payload="a=1&b=2 3#", meta={"form": "query string"}))
    assert [request.target for request in row.requests] == [b"/search?a=1&b=2%203%23", b"/search"]


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (whole("coreruleset_tests", "attack", meta={"rule_id": 942100}), "coreruleset_tests"),
        (whole("coreruleset_tests", "attack", meta={"rule_id": 944130}), "coreruleset_tests/rest"),
        (whole("coreruleset_tests", "attack", meta={"rule_id": 920100}), "coreruleset_tests/rest"),
        (whole("coreruleset_tests", "benign", meta={"rule_id": 920100}), "coreruleset_tests"),
        (payload("benign_sql_questions", "benign", meta={"policy": "sql-text"}),
         "benign_sql_questions/sql-text"),
        (payload("benign_sql_questions", "benign", meta={}), "benign_sql_questions"),
    ],
)  # fmt: skip
def test_parts_are_reported_apart(data: dict[str, Any], source: str) -> None:
    """Tests of keywords and plain SQL are no part of their source's own rate."""
    assert web_row(data).source == source


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (payload("deepxss_xssed", payload="x<br/>", payload_clean="x"), "x"),
        (payload("kaggle_modified_sql", payload="a  or   b"), "a or b"),
        (payload("benign_tldr_markdown", payload="cp {{from}} {{to}}"), "cp from to"),
        (payload("made_up", payload="cp {{from}}"), "cp {{from}}"),
    ],
)
def test_artefacts_are_removed(data: dict[str, Any], text: str) -> None:
    """What only the source's own tools wrote would measure the source."""
    assert web_row(data).payload == text


def test_artefacts_of_requests_are_removed() -> None:
    """A header that no browser sends, entities and placeholders in addresses."""
    csic = web_row(whole("csic2010_testpart", headers={"Accept-Charset": "*;q=0.5", "A": "b"}))
    assert csic.requests[0].headers == (("a", b"b"),)
    url = web_row(whole("benign_urls_ada", target="/a?b=1&amp;c=2"))
    assert url.requests[0].target == b"/a?b=1&c=2"
    octokit = web_row(whole("benign_octokit_rb", target="/repos/<GITHUB_LOGIN>/x"))
    assert octokit.requests[0].target == b"/repos/placeholder/x"


def test_folder_is_read_by_split_and_name(tmp_path: Path) -> None:
    """Compressed or not, the web corpora and the prompts; patterns choose among the files."""
    write(tmp_path / "web/dev/one.jsonl.gz", [payload("one")])
    write(tmp_path / "web/dev/two.jsonl", [whole("two")])
    write(tmp_path / "web/train/three.jsonl", [whole("three")])
    write(tmp_path / "prompt/dev.jsonl", [{"source": "p", "label": "benign", "text": "hello"}])
    for split, sources, found in (
        ("dev", ("*",), ["one", "two", "prompt/p"]),
        ("dev", ("t*", "prompt"), ["two", "prompt/p"]),
        ("train", ("*",), ["three"]),
    ):
        rows = read_rows(tmp_path, split, Selection(sources))
        assert [row.source for row in rows] == found


def test_sample_is_drawn_from_the_parts(tmp_path: Path) -> None:
    """Each part that is reported apart has as many rows."""
    rules = [942100] * 5 + [920100] * 5
    rows = [payload("coreruleset_tests", meta={"rule_id": rule}) for rule in rules]
    write(tmp_path / "web/dev/coreruleset_tests.jsonl", rows)
    drawn = [row.source for row in read_rows(tmp_path, "dev", Selection(sample=2))]
    assert drawn == ["coreruleset_tests"] * 2 + ["coreruleset_tests/rest"] * 2


def test_missing_folder_says_what_to_pass(tmp_path: Path) -> None:
    """The message names the option and the files; a pattern that fits nothing is told too."""
    with pytest.raises(CorpusError, match=r"pass --data DIR, .*web/dev/\*\.jsonl\.gz"):
        read_rows(tmp_path, "dev", ALL)
    write(tmp_path / "web/dev/one.jsonl", [payload("one")])
    with pytest.raises(CorpusError, match=r"no corpus under .* is called z"):
        read_rows(tmp_path, "dev", Selection(("z",)))


@pytest.mark.parametrize(
    "row",
    [
        {"source": "a"}, payload(label="odd"), [1], whole(headers=[1]), payload(payload=None),
        payload("coreruleset_tests", meta={"rule_id": "x"}), whole(target=3), payload(meta=[1]),
    ],
)  # fmt: skip
def test_broken_row_is_named(tmp_path: Path, row: Any) -> None:
    """By its file and line."""
    write(tmp_path / "web/dev/made_up.jsonl", [payload(), row])
    with pytest.raises(CorpusError, match=r"made_up\.jsonl:2: "):
        read_rows(tmp_path, "dev", ALL)


def test_prompt_is_a_payload() -> None:
    """Of the one category there is."""
    row = prompt_row({"source": "p", "label": "attack", "text": "hi"})
    assert row == Row("prompt/p", True, "prompt-injection", "hi")
