r"""Reads the detectors' case tables, tests/data/detectors/<slug>.jsonl.

A line is ``{"input", "match", "technique", "why"}`` with optional ``"place"`` (default query) and
``"name"`` (the field's name, default "q"). ``input`` is the value before the place's own encoding;
bytes that are no UTF-8 are written as lone surrogates (\\udcXX).
"""

import json
from dataclasses import dataclass
from pathlib import Path

from kysira.types import Place, Request
from tests.placement import request_with

FOLDER = Path(__file__).parent / "data" / "detectors"
KEYS = {"input", "match", "technique", "why", "place", "name"}


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a table."""

    slug: str
    line: int
    input: str
    match: bool
    technique: str
    why: str
    place: Place = Place.QUERY
    name: str = "q"

    @property
    def request(self) -> Request:
        """Return the request that carries the input."""
        return request_with(self.place, self.name, self.input)

    def __str__(self) -> str:
        return f"{self.slug}:{self.line}"


def load_cases(slug: str) -> list[Case]:
    """Return every case of the detector; raises ValueError naming a line with an unknown key."""
    cases = []
    path = FOLDER / f"{slug}.jsonl"
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        row = json.loads(line)
        if not row.keys() <= KEYS or "input" not in row or "match" not in row:
            raise ValueError(f"{path.name}:{number}: keys must be {sorted(KEYS)}")
        row["place"] = Place(row.get("place", "query"))
        cases.append(Case(slug=slug, line=number, **row))
    return cases
