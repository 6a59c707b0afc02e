"""Labelled corpora on disk: JSON lines become rows, and rows become requests."""

import gzip
import html
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kysira.types import Request

FORM = b"application/x-www-form-urlencoded"
BROWSER: tuple[tuple[str, bytes], ...] = (
    ("host", b"shop.example"),
    (
        "user-agent",
        b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        b" Chrome/126.0.0.0 Safari/537.36",
    ),
    ("accept", b"text/html,application/json;q=0.9,*/*;q=0.8"),
    ("accept-language", b"en-US,en;q=0.9"),
)
"""What a request that carries a bare payload has besides."""

_CRS_GOAL = frozenset((930, 931, 932, 933, 934, 941, 942, 944))
_CRS_KEYWORDS = frozenset((944120, 944130, 944240, 944300))
"""Rules whose tests hold a keyword and no attack."""
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]+>")
_BRACES = re.compile(r"\{\{(.*?)\}\}")
_BLANKS = re.compile(r"\s{2,}")


class CorpusError(Exception):
    """The folder, or a row in it, is not what the benchmark reads; one clear line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled example: a bare payload, or a whole request."""

    source: str
    """The corpus, or the part of it that is reported apart: ``coreruleset_tests/rest``."""
    is_attack: bool
    category: str
    payload: str = ""
    is_query: bool = False
    """True for a payload that is a query string itself."""
    request: Request | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        """Return the request, or those that carry the payload in a query, a form and JSON."""
        if self.request is not None:
            return (self.request,)
        raw = self.payload.encode("utf-8", "surrogatepass")
        if self.is_query:
            pairs = raw.replace(b"#", b"%23").replace(b" ", b"%20")
            return (
                Request("GET", b"/search?" + pairs, BROWSER),
                Request("POST", b"/search", (*BROWSER, ("content-type", FORM)), pairs),
            )
        pair = b"q=" + quote(raw, safe="").encode()
        text = json.dumps({"q": self.payload}).encode()
        return (
            Request("GET", b"/search?" + pair, BROWSER),
            Request("POST", b"/search", (*BROWSER, ("content-type", FORM)), pair),
            Request("POST", b"/search", (*BROWSER, ("content-type", b"application/json")), text),
        )

    @property
    def text(self) -> str:
        """Return what a person looks at."""
        if self.request is None:
            return self.payload
        shown = f"{self.request.method} {self.request.target.decode('utf-8', 'replace')}"
        odd = [f"{k}: {v.decode('utf-8', 'replace')}" for k, v in self.request.headers]
        return "\n".join((shown, *odd, self.request.body.decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a folder are read."""

    split: str = "dev"
    sources: tuple[str, ...] = ("*",)
    """Shell patterns for file names without their endings; ``prompt`` is the prompt file."""
    sample: int = 0
    """Rows of each file and label, drawn with a fixed seed; 0 is all."""
    seed: int = field(default=0)


def read_rows(folder: Path, selection: Selection) -> Iterator[Row]:
    """Yield the rows of a folder that has ``web/SPLIT/*.jsonl.gz`` and ``prompt/SPLIT.jsonl.gz``.

    Raises CorpusError.
    """
    web = sorted((folder / "web" / selection.split).glob("*.jsonl*"))
    prompt = sorted((folder / "prompt").glob(f"{selection.split}.jsonl*"))
    if not web and not prompt:
        raise CorpusError(
            f"no corpora under {folder}: pass --data DIR, a folder with "
            f"web/{selection.split}/*.jsonl.gz and prompt/{selection.split}.jsonl.gz"
        )
    named = [(path.name.partition(".")[0], path, web_row) for path in web]
    named += [("prompt", path, prompt_row) for path in prompt]
    for name, path, parse in named:
        if any(fnmatchcase(name, pattern) for pattern in selection.sources):
            yield from _sampled(_read(path, parse), selection)


def _sampled(rows: Iterator[Row], selection: Selection) -> Iterator[Row]:
    if not selection.sample:
        yield from rows
        return
    by_label: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        by_label.setdefault((row.source, row.is_attack), []).append(row)
    for found in by_label.values():
        yield from random.Random(selection.seed).sample(found, min(selection.sample, len(found)))


def _read(path: Path, parse: Callable[[Mapping[str, Any]], Row]) -> Iterator[Row]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield parse(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise CorpusError(f"{path}:{number}: {type(error).__name__}: {error}") from error


def prompt_row(data: Mapping[str, Any]) -> Row:
    """Return the row of a text that goes to a language model."""
    return Row(
        f"prompt/{data['source']}", _is_attack(data), "prompt-injection", payload=data["text"]
    )


def web_row(data: Mapping[str, Any]) -> Row:
    """Return the row of a bare payload or a whole request, freed of its source's artefacts."""
    meta: Mapping[str, Any] = data.get("meta") or {}
    source = _part(data["source"], _is_attack(data), meta)
    if "payload" in data:
        text = _cleaned(data["source"], data.get("payload_clean") or data["payload"])
        is_query = "query string" in str(meta.get("form"))
        return Row(source, _is_attack(data), data["category"], text, is_query)
    return Row(source, _is_attack(data), data["category"], request=_request(data))


def _is_attack(data: Mapping[str, Any]) -> bool:
    if data["label"] not in ("attack", "benign"):
        raise ValueError(f"label {data['label']!r} is neither attack nor benign")
    return bool(data["label"] == "attack")


def _part(source: str, is_attack: bool, meta: Mapping[str, Any]) -> str:
    if source == "coreruleset_tests" and is_attack:
        rule = int(meta["rule_id"])
        is_goal = rule // 1000 in _CRS_GOAL and rule not in _CRS_KEYWORDS
        return source if is_goal else f"{source}/rest"
    if source == "benign_sql_questions" and meta.get("policy") == "sql-text":
        return f"{source}/sql-text"
    return source


def _request(data: Mapping[str, Any]) -> Request:
    def cleaned(text: str) -> bytes:
        return _cleaned(data["source"], text).encode("utf-8", "surrogatepass")

    headers = tuple(
        (name.lower(), value.encode("utf-8", "surrogatepass"))
        for name, value in data["headers"].items()
        # CSIC's browser sent "utf-8, utf-8;q=0.5, *;q=0.5", which no browser does.
        if not (data["source"].startswith("csic2010") and name.lower() == "accept-charset")
    )
    return Request(data["method"], cleaned(data["target"]), headers, cleaned(data["body"] or ""))


def _cleaned(source: str, text: str) -> str:
    """Return the text as a client would have sent it, where the source left its own marks."""
    if source in ("benign_octokit_rb", "benign_praw"):
        return _PLACEHOLDER.sub("placeholder", text)
    if source == "benign_tldr_markdown":
        return _BRACES.sub(r"\1", text)
    if source == "kaggle_modified_sql":
        return _BLANKS.sub(" ", text)
    return html.unescape(text) if source == "benign_urls_ada" and "&amp;" in text else text
