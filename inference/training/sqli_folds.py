"""Whole families of sources left out: what is learned of attacks that no source in hand shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.training.calibration import Calibration, calibrate
from inference.training.evaluate import Rate, Scores, rate_at, table
from inference.training.sqli_augment import template_of
from inference.training.sqli_data import GRAMMAR, Corpus, Example
from inference.training.windows import Margins, windowed
from kysira.types import DEFAULT_THRESHOLD

Learn = Callable[[Corpus], dict[str, Margins]]
"""Trains on a corpus; returns the margins of each kind of model by its name."""

_SCANNERS = frozenset({"httpparams", "kaggle_modified_sql", "modsec_learn_sqlmap", "onebook_1book"})
_LISTS = frozenset(
    [
        "payloadbox",
        "payloadsallthethings",
        "fuzzdb",
        "grananqvist_mlwaf",
        "fwaf",
        "xray_pocs",
        "vulhub_requests",
    ]
)

_JUDGED = 5000
"""Texts that a fold is judged on, evenly over its sources."""


FALSE_ALARMS = 0.0002
"""Of the benign requests that are kept back, which all hold signs of SQL.

The rules find most attacks without the model: what it adds must not be bought with false alarms.
"""


@dataclass(frozen=True, slots=True)
class Fold:
    """Sources that are left out together."""

    name: str
    sources: frozenset[str]


FOLDS = (
    Fold(
        "scanner logs, API clients",
        _SCANNERS | {"benign_pygithub", "benign_octokit_rb", "benign_graphql", "deepxss_xssed"},
    ),
    Fold(
        "payload lists, posts",
        _LISTS
        | {"benign_code_learnxiny", "benign_tldr_markdown", "kaggle_xss_dataset", "clinc150"},
    ),
    Fold("the grammars", frozenset({GRAMMAR})),
)


def folds_table(corpus: Corpus, learn: Learn, flags: Callable[[str], bool]) -> str:
    """Return what rules and models flag of the sources left out, at the default threshold.

    ``flags`` is the rules' word on a text.

    Texts that are near copies of one learned from don't count.
    """
    rows: dict[str, Sequence[object]] = {}
    names: list[str] = []
    for fold in FOLDS:
        kept = Corpus(
            tuple(each for each in corpus.train if each.source not in fold.sources),
            tuple(each for each in corpus.held if each.source not in fold.sources),
            corpus.words,
        )
        unseen = _unseen(corpus, kept, fold)
        unseen = unseen[:: max(1, len(unseen) // _JUDGED)]
        if not unseen or not kept.held:
            continue
        found = {
            name: probabilities(margins, kept.held, [each.text for each in unseen])
            for name, margins in learn(kept).items()
        }
        names = list(found)
        caught = np.array([flags(each.text) for each in unseen])
        for kind, wanted in _kinds(unseen).items():
            total = int(wanted.sum())
            cells: list[object] = [Rate(int(caught[wanted].sum()), total)]
            for scores in found.values():
                cells.append(rate_at(scores[wanted], DEFAULT_THRESHOLD))
                either = caught | (scores >= DEFAULT_THRESHOLD)
                cells.append(Rate(int(either[wanted].sum()), total))
            rows[f"{fold.name}: {kind} ({total})"] = cells
    heads = [head for name in names for head in (name, f"rules or {name}")]
    return table(("left out", "rules", *heads), rows) if rows else ""


def probabilities(margins: Margins, held: Sequence[Example], texts: Sequence[str]) -> Scores:
    """Return probabilities of texts under the calibration that the held-back examples give."""
    return calibrated(margins, held).probabilities(windowed(margins)(texts))


def calibrated(
    margins: Margins, held: Sequence[Example], *, fpr: float = FALSE_ALARMS
) -> Calibration:
    """Return the calibration of a model: at most ``fpr`` of the benign requests reach 0.95."""
    asked = [example for example in held if example.weight >= 1.0]
    return calibrate(
        windowed(margins)([example.text for example in asked]),
        [example.is_attack for example in asked],
        [example.group for example in asked],
        fpr=fpr,
    )


def _unseen(corpus: Corpus, kept: Corpus, fold: Fold) -> list[Example]:
    known = {template_of(example.text) for example in kept.train}
    return [
        example
        for example in (*corpus.train, *corpus.held)
        if example.source in fold.sources and example.weight >= 0.5
        and template_of(example.text) not in known
    ]  # fmt: skip


def _kinds(examples: Sequence[Example]) -> dict[str, npt.NDArray[np.bool_]]:
    attacks = np.array([example.is_attack for example in examples])
    return {"attacks": attacks, "benign": ~attacks}
