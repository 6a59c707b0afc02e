"""Corpora become rows and rows become requests, freed of what their sources left in them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpora import CorpusError, Row, Selection, prompt_row, read_rows, web_row


def payload(source: str = "made_up", label: str = "attack", **more: Any) -> dict[str, Any]:
    return {"source": source, "label": label, "category": "sqli", "payload": "a b", **more}


def whole(source: str = "made_up", label: str = "benign", **more: Any) -> dict[str, Any]:
    request = {"method": "GET", "target": "/a?b=c", "headers": {"Accept": "*/*"}, "body": ""}
    return {"source": source, "label": label, "category": "", **request, **more}


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def test_bare_payload_makes_three_requests() -> None:
    """In a query, a form and JSON, each encoded as its place asks for."""
    row = web_row(payload(payload="a&b' \u00e9"))
    query, form, text = row.requests
    assert query.target == b"/search?q=a%26b%27%20%C3%A9"
    assert form.body == b"q=a%26b%27%20%C3%A9"
    assert form.header("content-type") == b"application/x-www-form-urlencoded"
    assert json.loads(text.body) == {"q": "a&b' \u00e9"}


def test_payload_that_is_a_query_is_placed_as_one() -> None:
    """Its pairs are the request's own."""
    row = web_row(payload(payload="a=1&b=2 3#", meta={"form": "query string"}))
    assert [request.target for request in row.requests] == [b"/search?a=1&b=2%203%23", b"/search"]
    assert row.requests[1].body == b"a=1&b=2%203%23"


def test_whole_request_is_kept() -> None:
    """One request, as it was sent; header names in lower case."""
    row = web_row(whole(method="POST", body="\u00e9"))
    (request,) = row.requests
    assert (request.method, request.target, request.body) == ("POST", b"/a?b=c", "\u00e9".encode())
    assert request.headers == (("accept", b"*/*"),)
    assert "POST /a?b=c" in row.text


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


def test_folder_is_read_by_split_and_source(tmp_path: Path) -> None:
    """Compressed or not, the web corpora and the prompts; patterns choose among them."""
    write(tmp_path, "web/dev/one.jsonl.gz", [payload("one")])
    write(tmp_path, "web/dev/two.jsonl", [whole("two")])
    write(tmp_path, "web/train/three.jsonl", [whole("three")])
    write(tmp_path, "prompt/dev.jsonl", [{"source": "p", "label": "benign", "text": "hello"}])
    assert [row.source for row in read_rows(tmp_path, Selection())] == ["one", "two", "prompt/p"]
    chosen = Selection("dev", ("t*", "prompt"))
    assert [row.source for row in read_rows(tmp_path, chosen)] == ["two", "prompt/p"]
    assert [row.source for row in read_rows(tmp_path, Selection("train"))] == ["three"]


def test_sample_is_drawn_from_each_label_and_the_same(tmp_path: Path) -> None:
    """A fixed seed chooses, so that two runs can be compared."""
    labels = ["attack"] * 9 + ["benign"] * 9
    rows = [payload(label=label, payload=f"{number}") for number, label in enumerate(labels)]
    write(tmp_path, "web/dev/made_up.jsonl", rows)
    runs = [list(read_rows(tmp_path, Selection(sample=3, seed=seed))) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    assert [row.is_attack for row in runs[0]] == [True] * 3 + [False] * 3


def test_missing_folder_says_what_to_pass(tmp_path: Path) -> None:
    """The message names the option and the files."""
    with pytest.raises(CorpusError, match=r"pass --data DIR, .*web/dev/\*\.jsonl\.gz"):
        list(read_rows(tmp_path, Selection()))


@pytest.mark.parametrize("row", [{"source": "a"}, payload(label="odd"), [1], whole(headers=[1])])
def test_broken_row_is_named(tmp_path: Path, row: Any) -> None:
    """By its file and line."""
    write(tmp_path, "web/dev/made_up.jsonl", [payload(), row])
    with pytest.raises(CorpusError, match=r"made_up\.jsonl:2: "):
        list(read_rows(tmp_path, Selection()))


def test_prompt_is_a_payload() -> None:
    """Of the one category there is."""
    row = prompt_row({"source": "p", "label": "attack", "text": "hi"})
    assert row == Row("prompt/p", True, "prompt-injection", "hi")
