"""Files and folders are read in full before anything is measured, and samples are repeatable."""

import gzip
from pathlib import Path

import pytest

from ctl.bench.corpora import Corpora, Selection, corpus_name, find_corpora, read_corpus, selected
from ctl.bench.rows import row_of
from kysira.errors import CorpusError
from tests.ctl.bench.made_rows import BENIGN, row, write

ALL = Selection()


def read(*paths: Path, selection: Selection = ALL) -> Corpora:
    return Corpora(paths, selection, row_of)


def test_folder_is_searched(tmp_path: Path) -> None:
    """Compressed or not, at any depth, in order; a file named twice is read once."""
    one = write(tmp_path / "one.jsonl.gz", [BENIGN])
    two = write(tmp_path / "deep" / "two.jsonl", [BENIGN])
    (tmp_path / "README.md").write_text("not rows")
    assert find_corpora([tmp_path, one]) == [two, one]
    assert [each.source for each in read(tmp_path)] == ["two", "one"]


def test_rows_can_be_read_again(tmp_path: Path) -> None:
    """Their number is known before the first is scored."""
    rows = read(write(tmp_path / "a.jsonl", [BENIGN, BENIGN]))
    assert (rows.count, len(list(rows)), len(list(rows))) == (2, 2, 2)


def test_name_has_no_endings() -> None:
    """It is the source of rows that name none."""
    assert corpus_name(Path("/x/web_log.jsonl.gz")) == "web_log"


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    """They still count for the number of a line."""
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"label": 0, "payload": "x"}\n  \n{"label": 2}\n')
    with pytest.raises(CorpusError, match=r"a\.jsonl:4: label is 2"):
        read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"label" 1}', r":1: is not JSON: Expecting ':' delimiter at column 10"),
        (b"9" * 5000, r":1: is not JSON: Exceeds the limit"),
        (b'{"label": "\xff"}', r":1: is not UTF-8"),
        (b"[" * 100_000, r":1: is not JSON: "),
        (b"[1]", r":1: is no JSON object"),
        (b"", r"no rows in "),
    ],
)
def test_broken_file_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    """File, line and reason, before a row was used."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=words) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"{}\n" * 999, mtime=0)[:-12]])
def test_broken_compression_is_told(tmp_path: Path, content: bytes) -> None:
    """A file that is no gzip, and one that was cut off."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"a\.jsonl\.gz: can't be unpacked"):
        list(read_corpus(path, lambda _, name: row(source=name)))


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "no .jsonl or .jsonl.gz file in this folder"), ("none.jsonl", "no such file or folder")],
)
def test_nothing_to_read_is_told(tmp_path: Path, name: str, words: str) -> None:
    """A folder without corpora, a file that is not there."""
    with pytest.raises(CorpusError, match=words):
        find_corpora([tmp_path / name])


def test_special_file_is_refused(tmp_path: Path) -> None:
    """What can be read only once is no corpus."""
    with pytest.raises(CorpusError, match="/dev/null: no file or folder"):
        find_corpora([Path("/dev/null")])


def test_sources_are_chosen_by_pattern(tmp_path: Path) -> None:
    """A pattern that fits nothing is told."""
    path = write(tmp_path / "a.jsonl", [{**BENIGN, "source": name} for name in ("x1", "x2", "y")])
    assert [each.source for each in read(path, selection=Selection(("x*",)))] == ["x1", "x2"]
    with pytest.raises(CorpusError, match=r"no rows of z\* in .*a\.jsonl"):
        read(path, selection=Selection(("z*",)))


def test_sample_is_drawn_from_each_label_and_the_same() -> None:
    """A fixed seed chooses, so that two runs can be compared."""
    rows = [row(str(n), is_attack=label) for label in (True, False) for n in range(50)]
    draws = [list(selected(rows, Selection(sample=5, seed=seed))) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert [each.is_attack for each in draws[0]] == [True] * 5 + [False] * 5
    assert len({each.payload for each in draws[0][:5]}) == 5


def test_sample_is_fair() -> None:
    """Each row is drawn as often as any other."""
    rows = [row(str(n)) for n in range(10)]
    drawn = [
        each.payload
        for seed in range(2000)
        for each in selected(rows, Selection(sample=3, seed=seed))
    ]
    assert all(500 < drawn.count(str(n)) < 700 for n in range(10))


def test_sample_of_few_is_all() -> None:
    """No row comes twice."""
    rows = [row("a"), row("b")]
    assert list(selected(rows, Selection(sample=9))) == rows
