"""Public data is read as it is, and nothing that is held out is trained on."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from inference.training.data import (
    HeldOut,
    is_permissive,
    norm_sha1,
    prompt_rows,
    read_heldout,
    web_rows,
)
from kysira.errors import SettingsError


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    "text",
    ["1' OR 1=1", "1%27+or%201=1", "1%2527%20OR+1=1", "1&#39; or  1=1", " 1'<br/> or\t1=1 "],
)
def test_held_out_text_is_found_however_written(text: str) -> None:
    """Percent, entities, case, line breaks and blanks hide nothing."""
    heldout = HeldOut([hashlib.sha1(b"1' or 1=1").hexdigest()])
    assert text in heldout
    assert text + "2" not in heldout
    assert heldout.has_hash(norm_sha1(text))


def test_held_out_file_is_needed(tmp_path: Path) -> None:
    """Without it nothing is trained; with it every line counts."""
    with pytest.raises(SettingsError, match=r"no readable heldout_norm_sha1\.txt"):
        read_heldout(tmp_path)
    (tmp_path / "heldout_norm_sha1.txt").write_text("00\n11\n")
    assert len(read_heldout(tmp_path)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", True),
        ("BSD-3/CC-BY (see its file)", True),
        ("CC0-1.0", True),
        ("custom permissive (attribution required)", True),
        ("none stated", False),
        ("none stated (code repo MIT)", False),
        ("CC-BY-SA-3.0", False),
        ("Apache-2.0 code / CC-BY-NC-4.0 data", False),
        ("LGPL-3.0", False),
        ("AGPL-3.0", False),
        ("unverified (copy repo has no licence)", False),
        ("MIT; one file has no licence", False),
        ("Kaggle dataset, licence not in repo", False),
        ("", False),
    ],
)
def test_permissive_licence_is_told(text: str, expected: bool) -> None:
    """What is not stated, share-alike or non-commercial is not permissive."""
    assert is_permissive(text) is expected


def test_rows_become_payloads_and_requests(tmp_path: Path) -> None:
    """A bare payload is a text, a whole request a Request; a cleaned payload wins."""
    write(
        tmp_path / "web" / "train" / "a.jsonl.gz",
        [
            {"source": "a", "license": "MIT", "label": "attack", "category": "sqli",
             "payload": "x<br/>", "payload_clean": "x"},
            {"source": "a", "license": None, "label": "benign", "category": "", "method": "POST",
             "target": "/p?q=é", "headers": {"X-A": "b"}, "body": "c=d"},
        ],
    )  # fmt: skip
    payload, request = web_rows(tmp_path, "train")
    assert (payload.text, payload.is_attack, payload.category) == ("x", True, "sqli")
    assert payload.request is None
    assert request.license == "none stated"
    assert request.request is not None
    assert request.request.target == "/p?q=é".encode()
    assert request.request.headers == (("x-a", b"b"),)
    assert request.request.body == b"c=d"


def test_limit_and_licence_choose_rows(tmp_path: Path) -> None:
    """A limit spreads over a source; permissive-only drops by row."""
    rows = [
        {"source": "a", "license": "MIT" if n % 2 else "none stated", "label": "benign",
         "text": str(n), "lang": "en"}
        for n in range(10)
    ]  # fmt: skip
    write(tmp_path / "prompt" / "dev.jsonl.gz", rows)
    assert [row.text for row in prompt_rows(tmp_path, "dev", limit=5)] == ["0", "2", "4", "6", "8"]
    found = prompt_rows(tmp_path, "dev", permissive_only=True)
    assert [row.text for row in found] == ["1", "3", "5", "7", "9"]


def test_unreadable_data_is_one_clear_error(tmp_path: Path) -> None:
    """The error has the folder or the file, and no traceback."""
    with pytest.raises(SettingsError, match=r"no \*\.jsonl\.gz in"):
        list(web_rows(tmp_path, "train"))
    broken = tmp_path / "prompt" / "train.jsonl.gz"
    broken.parent.mkdir()
    for content in (b"no gzip", gzip.compress(b"{}\n"), gzip.compress(b"[1]\n")):
        broken.write_bytes(content)
        with pytest.raises(SettingsError, match=r"train\.jsonl\.gz"):
            list(prompt_rows(tmp_path, "train"))
