"""The card names every source and licence; the checksums notice every change."""

from pathlib import Path

from inference.training.card import (
    Source,
    card,
    changed_files,
    count_sources,
    sources_table,
    write_card,
)


def test_sources_are_counted_by_class() -> None:
    """Attacks and benign rows apart, one line a source."""
    rows = [
        ("b", "MIT", True),
        ("a", "none stated", False),
        ("b", "MIT", False),
        ("b", "MIT", True),
    ]
    assert count_sources(rows) == [Source("a", "none stated", 0, 1), Source("b", "MIT", 2, 1)]


def test_unlicensed_source_is_marked() -> None:
    """A reader sees which sources have no permissive licence."""
    text = sources_table([Source("a", "none stated", 0, 1), Source("b", "MIT", 2, 1)])
    assert "| a | none stated | **no** | 0 | 1 |" in text
    assert "| b | MIT | yes | 2 | 1 |" in text


def test_card_leaves_empty_sections_out() -> None:
    """No heading without a text."""
    assert card("T", {"One": "text\n", "Two": ""}) == "# T\n\n## One\n\ntext\n"


def test_checksums_notice_every_change(tmp_path: Path) -> None:
    """A changed, a missing and an added file are all named; the list itself is not."""
    (tmp_path / "weights").write_bytes(b"1")
    (tmp_path / "gone").write_bytes(b"2")
    write_card(tmp_path, "# card\n")
    assert changed_files(tmp_path) == []
    (tmp_path / "weights").write_bytes(b"3")
    (tmp_path / "gone").unlink()
    (tmp_path / "new").write_bytes(b"4")
    assert changed_files(tmp_path) == ["gone", "new", "weights"]
