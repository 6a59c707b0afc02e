"""A model's folder in Hugging Face layout: what it says of labels, limits and calibration."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kysira.errors import ModelError, ScoringError

GRAPHS = (
    "model_quantized.onnx", "onnx/model_quantized.onnx", "model.onnx", "onnx/model.onnx",
)  # fmt: skip
"""ONNX exports, best first: int8 is 2–4 times as fast on a CPU."""
DEFAULT_MAX_LENGTH = 512
"""Tokens of a text that are read when the folder sets no lower limit."""
LONGEST = 8192
"""The most tokens that a folder may set: memory and time grow with the square of the length."""
_ATTACK_LABELS = frozenset({"attack", "malicious", "injection", "jailbreak", "sqli", "unsafe"})
_BENIGN_LABELS = frozenset({"benign", "safe", "legit", "legitimate", "normal", "clean"})
_LEAST_LOGIT = -700.0
"""The exponential of more would not fit a number."""
_KEYS = {"attack_label", "max_length", "temperature"}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a model's folder says of it."""

    folder: Path
    graph: Path | None
    """The ONNX export; None when there is none."""
    labels: tuple[str, ...]
    attacks: tuple[int, ...]
    """Which labels are attacks."""
    is_multi_label: bool = False
    temperature: float = 1.0
    """Logits are divided by it, which calibrates them (Guo et al. 2017, arXiv 1706.04599)."""
    max_length: int = DEFAULT_MAX_LENGTH
    pad_id: int = 0

    def probabilities(self, logits: npt.NDArray[np.floating[Any]]) -> list[float]:
        """Return each row's probability of an attack; raises ScoringError on a wrong shape."""
        if logits.ndim != 2 or logits.shape[1] != len(self.labels):
            shape = "×".join(map(str, logits.shape))
            raise ScoringError(
                f"gave {shape} numbers, not a row of {len(self.labels)} for each text"
            )
        # A row at a time without numpy, whose every step costs as much as all of these: most calls
        # are about one text.
        return [self._probability(row) for row in logits.tolist()]

    def _probability(self, logits: Sequence[float]) -> float:
        if not all(map(math.isfinite, logits)):
            raise ScoringError("gave something that is not a number")
        scaled = [logit / self.temperature for logit in logits]
        if self.is_multi_label or len(self.labels) == 1:
            highest = max(scaled[label] for label in self.attacks)
            return 1.0 / (1.0 + math.exp(-max(highest, _LEAST_LOGIT)))
        highest = max(scaled)
        powers = [math.exp(logit - highest) for logit in scaled]
        return min(1.0, sum(powers[label] for label in self.attacks) / sum(powers))


def read_folder(folder: Path) -> ModelSpec:
    """Return what the folder says; raises ModelError naming the file that can't be used."""
    if not folder.is_dir():
        raise ModelError(f"model {folder}: no such folder")
    config = json_object(folder / "config.json")
    own = _own_settings(folder / "kysira.json")
    labels = _labels(folder / "config.json", config)
    return ModelSpec(
        folder=folder,
        graph=next((folder / name for name in GRAPHS if (folder / name).is_file()), None),
        labels=labels,
        attacks=_attacks(folder, labels, own.get("attack_label")),
        is_multi_label=config.get("problem_type") == "multi_label_classification",
        temperature=as_number(own.get("temperature", 1.0)),
        max_length=own.get("max_length") or _max_length(config),
        pad_id=_whole(config.get("pad_token_id"), 0),
    )


def json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file of a model's folder; raises ModelError naming the file."""
    try:
        row = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"model file {path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError):
        raise ModelError(f"model file {path}: not JSON") from None
    if not isinstance(row, dict):
        raise ModelError(f"model file {path}: not a JSON object")
    return row


def as_number(value: object) -> float:
    """Return a number of a JSON file; NaN for anything else, and for one that no float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # JSON bounds no whole number
        return math.nan


def _own_settings(path: Path) -> dict[str, Any]:
    if not os.path.lexists(path):  # a link to nothing is an error, not a folder without settings
        return {}
    own = json_object(path)
    if unknown := own.keys() - _KEYS:
        raise ModelError(
            f"model file {path}: unknown key {min(unknown)}; there are {sorted(_KEYS)}"
        )
    if not 0.001 <= as_number(own.get("temperature", 1.0)) <= 1000:  # false of NaN
        raise ModelError(f"model file {path}: temperature must be a number from 0.001 to 1000")
    if not 1 <= _whole(own.get("max_length", 1), 0) <= LONGEST:
        raise ModelError(
            f"model file {path}: max_length must be a whole number from 1 to {LONGEST}"
        )
    return own


def _whole(value: object, default: int) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_whole else default  # type: ignore[return-value]


def _max_length(config: Mapping[str, Any]) -> int:
    positions = _whole(config.get("max_position_embeddings"), 0)
    return min(DEFAULT_MAX_LENGTH, positions or DEFAULT_MAX_LENGTH)


def _labels(path: Path, config: Mapping[str, Any]) -> tuple[str, ...]:
    # transformers leaves id2label out of the file when it is this default.
    names = config.get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})
    numbers = {str(number) for number in range(len(names))} if isinstance(names, dict) else set()
    if not numbers or names.keys() != numbers:
        raise ModelError(f"model file {path}: id2label must name the labels 0, 1, …")
    return tuple(str(names[str(number)]) for number in range(len(names)))


def _attacks(folder: Path, labels: tuple[str, ...], wanted: object) -> tuple[int, ...]:
    """Return which labels mean attack: those that kysira.json names, else well-known ones."""
    if wanted is not None:
        names = wanted if isinstance(wanted, list) else [wanted]
        found = tuple(number for number, label in enumerate(labels) if label in names)
        if not names or len(found) != len(names):
            raise ModelError(
                f"model file {folder / 'kysira.json'}: attack_label {wanted!r} is not among "
                f"{', '.join(labels)}"
            )
        return found
    plain = [label.lower() for label in labels]
    found = tuple(number for number, label in enumerate(plain) if label in _ATTACK_LABELS)
    if not found and len(plain) == 2 and len(_BENIGN_LABELS.intersection(plain)) == 1:
        found = (1 if plain[0] in _BENIGN_LABELS else 0,)
    if not found:  # a guess that is wrong would let every attack through
        raise ModelError(
            f"model file {folder / 'config.json'}: which of {', '.join(labels)} means attack? "
            f'say so in {folder / "kysira.json"}: {{"attack_label": "{labels[-1]}"}}'
        )
    return found
