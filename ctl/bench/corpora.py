"""Corpora on disk: files of JSON lines become rows, all of them or a sample."""

import gzip
import json
import os
import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ctl.bench.rows import Row
from kysira.errors import CorpusError

Parse = Callable[[Any, str], Row]
"""Makes a row of a line's data and of the name of its file; raises ValueError saying why not."""
_ENDINGS = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows count."""

    sources: tuple[str, ...] = ("*",)
    """Shell patterns for the names of sources."""
    sample: int = 0
    """Rows of each source and label, drawn by the seed; 0 is all."""
    seed: int = 0

    def holds(self, name: str) -> bool:
        """Return True for a source that counts."""
        return any(fnmatchcase(name, pattern) for pattern in self.sources)


def corpus_name(path: Path) -> str:
    """Return the name of a file without its endings."""
    return path.name.partition(".")[0]


def find_corpora(paths: Iterable[Path]) -> list[Path]:
    """Return the files, and for a folder those in it at any depth; raises CorpusError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.name.endswith(_ENDINGS) and p.is_file())
            if not inside:
                raise CorpusError(f"{path}: no {' or '.join(_ENDINGS)} file in this folder")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise CorpusError(f"{path}: {'no file' if path.exists() else 'no such file'} or folder")
    return list(dict.fromkeys(found))


def read_corpus(path: Path, parse: Parse) -> Iterator[Row]:
    """Yield the rows of one file; raises CorpusError, naming the line."""
    name, number = corpus_name(path), 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                number += 1
                if not line.isspace():
                    yield parse(_loaded(line), name)
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(f"{path}: {_why(error)}") from error
    except ValueError as error:
        raise CorpusError(f"{path}:{number}: {error}") from error


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:  # a number of 5000 digits, brackets without end
        raise ValueError(f"is not JSON: {error}") from None


def _why(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return f"can't be unpacked: {error}"


def selected(rows: Iterable[Row], selection: Selection) -> Iterator[Row]:
    """Yield the rows that count; a sample is the same for the same rows and seed."""
    wanted = (row for row in rows if selection.holds(row.source))
    return _sampled(wanted, selection) if selection.sample else wanted


def _sampled(rows: Iterable[Row], selection: Selection) -> Iterator[Row]:
    """Draw from each source and label alone, holding no more than what is drawn (algorithm R)."""
    drawn: dict[tuple[str, bool], _Reservoir] = {}
    for row in rows:
        key = (row.source, row.is_attack)
        if key not in drawn:
            drawn[key] = _Reservoir(selection.sample, f"{selection.seed}:{key}")
        drawn[key].offer(row)
    for reservoir in drawn.values():
        yield from reservoir.rows


class _Reservoir:
    def __init__(self, size: int, seed: str) -> None:
        self.rows: list[Row] = []
        self._size = size
        self._random = random.Random(seed)  # noqa: S311 - a sample, no secret
        self._seen = 0

    def offer(self, row: Row) -> None:
        self._seen += 1
        if len(self.rows) < self._size:
            self.rows.append(row)
        elif (place := self._random.randrange(self._seen)) < self._size:
            self.rows[place] = row


class Corpora:
    """The rows that count of files and folders, as often as they are wanted."""

    def __init__(self, paths: Iterable[Path], selection: Selection, parse: Parse) -> None:
        """Read all once, so that a broken line is told first; raises CorpusError."""
        self._files = find_corpora(paths)
        self._selection = selection
        self._parse = parse
        self._drawn = list(self._read()) if selection.sample else None
        self.count = sum(1 for _ in self)
        if not self.count:
            names = "" if selection.sources == ("*",) else f" of {', '.join(selection.sources)}"
            raise CorpusError(f"no rows{names} in {', '.join(map(str, self._files))}")

    def __iter__(self) -> Iterator[Row]:
        return self._read() if self._drawn is None else iter(self._drawn)

    def _read(self) -> Iterator[Row]:
        rows = (row for path in self._files for row in read_corpus(path, self._parse))
        return selected(rows, self._selection)
