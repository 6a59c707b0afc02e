"""Our development data: which files hold it, and what their sources left in them."""

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctl.bench.corpora import Corpora, Selection, corpus_name
from ctl.bench.rows import Row, row_of
from kysira.errors import CorpusError

PROMPT = "prompt"
_CRS_GOAL = frozenset((930, 931, 932, 933, 934, 941, 942, 944))
_CRS_KEYWORDS = frozenset((944120, 944130, 944240, 944300))
"""Rules whose tests hold a keyword and no attack."""
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]+>")
_BRACES = re.compile(r"\{\{(.*?)\}\}")
_BLANKS = re.compile(r"\s{2,}")


def read_rows(folder: Path, split: str, selection: Selection) -> Corpora:
    """Return the rows of a folder that has ``web/SPLIT/*.jsonl.gz`` and ``prompt/SPLIT.jsonl.gz``.

    The selection's sources are names of files without their endings; ``prompt`` is the prompt file.
    Raises CorpusError.
    """
    web = sorted((folder / "web" / split).glob("*.jsonl*"))
    prompt = sorted((folder / "prompt").glob(f"{split}.jsonl*"))
    if not web and not prompt:
        raise CorpusError(
            f"no corpora under {folder}: pass --data DIR, a folder with "
            f"web/{split}/*.jsonl.gz and prompt/{split}.jsonl.gz"
        )
    wanted = [path for path in web if selection.holds(corpus_name(path))]
    wanted += prompt if selection.holds(PROMPT) else []
    if not wanted:
        raise CorpusError(f"no corpus under {folder} is called {', '.join(selection.sources)}")
    drawn = Selection(sample=selection.sample, seed=selection.seed)
    return Corpora(wanted, drawn, lambda data, name: _row(data, name == split))


def _row(data: Any, is_prompt: bool) -> Row:
    if not isinstance(data, Mapping):
        raise ValueError("is no JSON object")
    return prompt_row(data) if is_prompt else web_row(data)


def prompt_row(data: Mapping[str, Any]) -> Row:
    """Return the row of a text that goes to a language model; raises ValueError."""
    source = f"{PROMPT}/{data.get('source')}"
    return row_of({**data, "source": source, "category": "prompt-injection"}, PROMPT)


def web_row(data: Mapping[str, Any]) -> Row:
    """Return the row of a bare payload or a whole request, freed of its source's artefacts.

    Raises ValueError.
    """
    source = str(data.get("source"))
    meta = data.get("meta") or {}
    if not isinstance(meta, Mapping):
        raise ValueError("meta is no object")
    changed: dict[str, Any] = {"source": _part(source, data.get("label") == "attack", meta)}
    if "payload" in data:
        changed["payload"] = data.get("payload_clean") or data["payload"]
        changed["shape"] = "query" if "query string" in str(meta.get("form")) else ""
    if source.startswith("csic2010") and isinstance(data.get("headers"), Mapping):
        # Its browser sent "utf-8, utf-8;q=0.5, *;q=0.5", which no browser does.
        kept = {k: v for k, v in data["headers"].items() if k.lower() != "accept-charset"}
        changed["headers"] = kept
    row = {**data, **changed}
    for name in ("payload", "target", "body"):
        if isinstance(row.get(name), str):
            row[name] = _cleaned(source, row[name])
    return row_of(row, source)


def _part(source: str, is_attack: bool, meta: Mapping[str, Any]) -> str:
    if source == "coreruleset_tests" and is_attack:
        rule = int(meta.get("rule_id", 0))
        is_goal = rule // 1000 in _CRS_GOAL and rule not in _CRS_KEYWORDS
        return source if is_goal else f"{source}/rest"
    if source == "benign_sql_questions" and meta.get("policy") == "sql-text":
        return f"{source}/sql-text"
    return source


def _cleaned(source: str, text: str) -> str:
    """Return the text as a client would have sent it, where the source left its own marks."""
    if source in ("benign_octokit_rb", "benign_praw"):
        return _PLACEHOLDER.sub("placeholder", text)
    if source == "benign_tldr_markdown":
        return _BRACES.sub(r"\1", text)
    if source == "kaggle_modified_sql":
        return _BLANKS.sub(" ", text)
    return html.unescape(text) if source == "benign_urls_ada" and "&amp;" in text else text
