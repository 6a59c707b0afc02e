"""The model card, and the file of checksums beside it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.training.data import is_permissive
from inference.training.evaluate import table

CARD = "MODEL_CARD.md"
SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Source:
    """How many rows a source gave."""

    name: str
    license: str
    attacks: int
    benign: int


def count_sources(rows: Iterable[tuple[str, str, bool]]) -> list[Source]:
    """Count (source, licence, is it an attack) into sources, in order of the alphabet."""
    counts: dict[tuple[str, str], list[int]] = {}
    for name, license_text, is_attack in rows:
        counts.setdefault((name, license_text), [0, 0])[0 if is_attack else 1] += 1
    return [Source(*key, *numbers) for key, numbers in sorted(counts.items())]


def sources_table(sources: Sequence[Source]) -> str:
    """Return the sources with their licences; those that are not permissive are marked."""
    rows = {
        source.name: (
            source.license,
            "yes" if is_permissive(source.license) else "**no**",
            source.attacks,
            source.benign,
        )
        for source in sources
    }
    return table(("source", "licence", "permissive", "attacks", "benign"), rows)


def card(title: str, sections: Mapping[str, str]) -> str:
    """Return a card: a heading for each section that has a text."""
    parts = [f"# {title}"]
    parts += [f"## {heading}\n\n{text.strip()}" for heading, text in sections.items() if text]
    return "\n\n".join(parts) + "\n"


def write_card(folder: Path, text: str) -> None:
    """Write the card, then the checksums of every file in the folder but their own."""
    (folder / CARD).write_text(text, encoding="utf-8")
    lines = [f"{sha256(path)}  {path.relative_to(folder)}" for path in _files(folder)]
    (folder / SUMS).write_text("\n".join(lines) + "\n", encoding="ascii")


def changed_files(folder: Path) -> list[str]:
    """Return the files that are missing or not as ``SHA256SUMS`` says, and those it lacks."""
    lines = (folder / SUMS).read_text("ascii").splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {str(path.relative_to(folder)): sha256(path) for path in _files(folder)}
    return sorted(
        name for name in listed.keys() | there.keys() if listed.get(name) != there.get(name)
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
