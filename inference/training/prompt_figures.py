"""Figures of the prompt-injection model beside its rules and its baseline, by source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.detectors.prompt_injection import DETECTOR
from inference.engine import Engine
from inference.training.data import Row
from inference.training.evaluate import Rate, Scores, auc, by_request, gain, table
from inference.training.prompt_data import NOISY_SOURCES, Text, asked_about
from inference.training.prompt_encoder import windows
from kysira.types import DEFAULT_THRESHOLD, Request, ScoreOptions

_MESSAGES = frozenset({"sms_spam_collection"})
_SET_APART = NOISY_SOURCES | {"tasktracker_triggers_test"}


@dataclass(frozen=True, slots=True)
class Pieces:
    """Texts in windows, and which text each is of."""

    windows: tuple[str, ...]
    owners: tuple[int, ...]

    def highest(self, scores: Scores) -> Scores:
        """Return for each text the highest of its windows' scores."""
        return by_request(scores, self.owners)


def in_pieces(tokenizer: Any, texts: Sequence[str]) -> Pieces:
    """Return the texts as the model reads them."""
    pairs = [(piece, n) for n, text in enumerate(texts) for piece in windows(tokenizer, text)]
    return Pieces(tuple(piece for piece, _ in pairs), tuple(n for _, n in pairs))


def rule_scores(texts: Sequence[str]) -> Scores:
    """Return what the detector's rules alone give each text."""
    engine = Engine([DETECTOR])
    options = ScoreOptions()
    requests = (
        Request("POST", b"/", body=text.encode("utf-8", "replace"), free_text=True)
        for text in texts
    )
    return np.array([engine.score(request, options).score for request in requests])


def gated(scores: Scores, texts: Sequence[str]) -> Scores:
    """Return the scores with 0 for texts that the engine doesn't ask the model about."""
    return np.where([asked_about(text) for text in texts], scores, 0.0)


def dev_texts(rows: Iterable[Row]) -> list[Text]:
    """Return the evaluation rows as they are."""
    return [Text(row.text, row.is_attack, row.source, row.license) for row in rows]


def summary(rows: Sequence[Text], columns: Mapping[str, Scores]) -> str:
    """Return the pooled figures of every column, the area under the curve with them."""
    attack, benign = _groups(rows)
    lines: dict[str, list[object]] = {
        "harmless texts flagged": [Rate(*_count(_flags(s), benign)) for s in columns.values()],
        "attacks flagged": [Rate(*_count(_flags(s), attack)) for s in columns.values()],
        "AUC": [f"{auc(s[attack], s[benign]):.4f}" for s in columns.values()],
    }
    note = "Without SMS, and without the attacks whose labels are noisy (deepset, tasktracker)."
    apart = any(row.source in _MESSAGES | _SET_APART for row in rows)
    shown = table((f"{int(benign.sum())} harmless, {int(attack.sum())} attacks", *columns), lines)
    return f"{note}\n\n{shown}" if apart else shown


def by_source_table(rows: Sequence[Text], columns: Mapping[str, Scores]) -> str:
    """Return the share flagged of every source, attacks first."""
    lines: dict[str, list[object]] = {}
    for is_attack in (True, False):
        for source in sorted({row.source for row in rows if row.is_attack == is_attack}):
            wanted = np.array([r.source == source and r.is_attack == is_attack for r in rows])
            label = "attacks" if is_attack else "harmless"
            rates = [Rate(*_count(_flags(s), wanted)) for s in columns.values()]
            lines[f"{source}, {label}"] = [int(wanted.sum()), *rates]
    return table(("source", "texts", *columns), lines)


def added(rows: Sequence[Text], base: Scores, more: Scores) -> str:
    """Return one line: what the second catches beyond the first, and what it disturbs more."""
    attack, benign = _groups(rows)
    caught, disturbed = (
        gain(_flags(base)[wanted], _flags(more)[wanted]) for wanted in (attack, benign)
    )
    return f"Beyond the rules the model flags {caught} of the attacks, {disturbed} of the harmless."


def _groups(rows: Sequence[Text]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    attack = np.array([row.is_attack and row.source not in _SET_APART for row in rows])
    benign = np.array([not row.is_attack and row.source not in _MESSAGES for row in rows])
    return attack, benign


def _flags(scores: Scores) -> npt.NDArray[np.bool_]:
    return scores >= DEFAULT_THRESHOLD


def _count(flags: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> tuple[int, int]:
    return int((flags & wanted).sum()), int(wanted.sum())
