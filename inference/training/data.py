"""The public data that models are trained on: rows, licences, and the texts that are held out."""

import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from kysira.errors import SettingsError
from kysira.types import Request

HELDOUT = "heldout_norm_sha1.txt"
_PERMISSIVE = re.compile(r"\b(?:MIT|BSD|Apache|CC0|CC-BY|ODC-BY|ISC|permissive)\b", re.IGNORECASE)
_BINDING = re.compile(
    r"\bL?A?GPL\b|-SA\b|-NC\b|-ND\b|none stated|no licen[cs]e|not in repo|unverified",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source: a bare payload or a whole request."""

    source: str
    license: str
    is_attack: bool
    category: str
    """A detector's slug, ``other``, or nothing."""
    text: str = ""
    """The payload; empty for a row that is a request."""
    request: Request | None = None
    language: str = ""
    meta: Mapping[str, Any] | None = None


class HeldOut:
    """Texts of evaluation sets that no training text may equal."""

    def __init__(self, hashes: Iterable[str]) -> None:
        """Take SHA-1 in hexadecimal of normalised texts."""
        self._hashes = frozenset(hashes)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._hashes)

    def __contains__(self, text: str) -> bool:
        """Return True for a text that is held out, however it is encoded."""
        return self.has_hash(norm_sha1(text))

    def has_hash(self, digest: str) -> bool:
        """Return True for the ``norm_sha1`` of a text that is held out."""
        return digest in self._hashes


def norm_sha1(text: str) -> str:
    """Return the SHA-1 of a text as the held-out texts are hashed."""
    plain = html.unescape(unquote_plus(unquote_plus(text))).lower()
    folded = " ".join(_BREAK.sub("", plain).split())
    # Not for security: the data's own format.
    return hashlib.sha1(folded.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def read_heldout(data: Path) -> HeldOut:
    """Return the held-out texts; raises SettingsError when their file can't be read."""
    try:
        return HeldOut((data / HELDOUT).read_text("ascii").split())
    except (OSError, ValueError) as error:
        raise SettingsError(f"--data {data}: no readable {HELDOUT}: {error}") from error


def is_permissive(license_text: str) -> bool:
    """Return True when a licence asks for no more than attribution."""
    return bool(_PERMISSIVE.search(license_text)) and not _BINDING.search(license_text)


def web_rows(
    data: Path, part: str, *, permissive_only: bool = False, limit: int | None = None
) -> Iterator[Row]:
    """Yield the rows of ``web/<part>``, source by source; raises SettingsError.

    ``limit`` is the number of rows of each source, spread evenly over it.
    """
    folder = data / "web" / part
    paths = sorted(folder.glob("*.jsonl.gz"))
    if not paths:
        raise SettingsError(f"--data {data}: no *.jsonl.gz in {folder}")
    for path in paths:
        yield from _rows(path, permissive_only=permissive_only, limit=limit)


def prompt_rows(
    data: Path, part: str, *, permissive_only: bool = False, limit: int | None = None
) -> Iterator[Row]:
    """Yield the rows of ``prompt/<part>.jsonl.gz``; raises SettingsError."""
    path = data / "prompt" / f"{part}.jsonl.gz"
    yield from _rows(path, permissive_only=permissive_only, limit=limit)


def _rows(path: Path, *, permissive_only: bool, limit: int | None) -> Iterator[Row]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            raw = [json.loads(line) for line in lines]
        rows = [_row(each) for each in raw]
    except (OSError, EOFError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise SettingsError(f"{path}: {type(error).__name__}: {error}") from error
    step = max(1, -(-len(rows) // limit)) if limit else 1
    for row in islice(rows, 0, None, step):
        if not permissive_only or is_permissive(row.license):
            yield row


def _row(raw: Mapping[str, Any]) -> Row:
    # The plain payload of some sources is a version that has lost what their scraper added.
    text = raw.get("payload_clean") or raw.get("payload") or raw.get("text") or ""
    return Row(
        source=raw["source"],
        license=raw.get("license") or "none stated",
        is_attack=raw["label"] == "attack",
        category=raw.get("category") or "",
        text=text,
        request=_request(raw) if "target" in raw else None,
        language=raw.get("lang") or "",
        meta=raw.get("meta"),
    )


def _request(raw: Mapping[str, Any]) -> Request:
    headers = raw.get("headers") or {}
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Request(
        method=raw.get("method") or "GET",
        target=raw["target"].encode("utf-8", "surrogateescape"),
        headers=tuple((str(name).lower(), str(value).encode()) for name, value in pairs),
        body=(raw.get("body") or "").encode("utf-8", "surrogateescape"),
    )
