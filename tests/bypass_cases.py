"""Reads the published bypass suite, tests/data/bypass/<area>.jsonl.

A line is one request: ``{"technique", "why", "match", "target"}``, and perhaps ``"method"``,
``"headers"`` (pairs), ``"body"`` (text) or ``"body_base64"``, ``"pack"`` (codings to apply to the
body, in order) and ``"detector"`` (the one that must flag it; any may where there is none). Each
technique has a case that must be flagged and a benign twin, the same spelling of something
harmless, that must not.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import brotli
import zstandard

from kysira.types import Request
from tests.placement import BROWSER_HEADERS

FOLDER = Path(__file__).parent / "data" / "bypass"
KEYS = {
    "technique", "why", "match", "target", "method", "headers", "body", "body_base64", "pack",
    "detector",
}  # fmt: skip


def _gzip_members(body: bytes) -> bytes:
    """Compress what stands before and after the first bar by itself."""
    head, _, tail = body.partition(b"|")
    return gzip.compress(head, mtime=0) + gzip.compress(tail, mtime=0)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "raw_deflate": lambda body: zlib.compress(body, wbits=-zlib.MAX_WBITS),
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "members": _gzip_members,
}


@dataclass(frozen=True, slots=True)
class Bypass:
    """One line of the suite."""

    area: str
    line: int
    technique: str
    why: str
    match: bool
    request: Request
    detector: str = ""

    def __str__(self) -> str:
        return f"{self.area}:{self.line}:{self.technique}"


def load_bypasses() -> list[Bypass]:
    """Return every case; raises ValueError naming a line with a key that is not known."""
    return [
        _bypass(path, number, line)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]


def _bypass(path: Path, number: int, line: str) -> Bypass:
    row = json.loads(line)
    if not row.keys() <= KEYS or not {"technique", "why", "match", "target"} <= row.keys():
        raise ValueError(f"{path.name}:{number}: keys must be {sorted(KEYS)}")
    body = base64.b64decode(row.get("body_base64", "")) or row.get("body", "").encode()
    for name in row.get("pack", ()):
        body = PACKERS[name](body)
    own = tuple((key, value.encode()) for key, value in row.get("headers", ()))
    kept = tuple(pair for pair in BROWSER_HEADERS if pair[0] not in dict(own))
    request = Request(row.get("method", "GET"), row["target"].encode(), kept + own, body)
    return Bypass(
        path.stem, number, row["technique"], row["why"], row["match"], request,
        row.get("detector", ""),
    )  # fmt: skip
