"""The sqli net: a byte-level tokenizer and a small ModernBERT, trained from scratch with torch."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer

from inference.training.evaluate import Scores

T = TypeVar("T")
LABELS = ("BENIGN", "SQLI")
_SPECIAL = ("[PAD]", "[CLS]", "[SEP]")
_PIECES = Regex(r"[a-z_]+|[0-9]+|[ \n]+|[^a-z0-9_ \n]+")


@dataclass(frozen=True, slots=True)
class NetOptions:
    """Size and schedule of the net."""

    vocabulary: int = 2048
    piece_bytes: int = 8
    """The longest token: words fall into pieces, which spelling tricks break no further."""
    hidden: int = 128
    layers: int = 3
    heads: int = 4
    intermediate: int = 192
    """Of a gated unit, which has two such matrices in."""
    max_tokens: int = 160
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: float = 0.06
    """Share of the steps."""
    piece_dropout: float = 0.08
    """Share of the merges left out while training (Provilkov et al. 2020)."""
    smoothing: float = 0.02


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from."""

    texts: Sequence[str]
    is_attack: Sequence[bool]
    weights: Sequence[float]


def make_tokenizer(texts: Iterable[str], options: NetOptions) -> Any:
    """Return a byte-level BPE over lower-case text: every byte has a token of its own.

    Long numbers and hexadecimal fold into one: their digits say nothing but which tool made them.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"0x[0-9a-f]{3,}"), "0xff"),
            normalizers.Replace(Regex(r"[0-9]{4,}"), "0000"),
            normalizers.Replace(Regex(r"[ \t\r\f\x0b\u00a0]+"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_PIECES, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=options.vocabulary, special_tokens=list(_SPECIAL), show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=options.piece_bytes,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    # A request that holds "[SEP]" must not get that token: the names are no words of the text.
    return Tokenizer.from_str(json.dumps({**json.loads(tokenizer.to_str()), "added_tokens": []}))


def make_model(vocabulary: int, options: NetOptions) -> Any:
    """Return an untrained net."""
    from transformers import ModernBertConfig, ModernBertForSequenceClassification  # noqa: PLC0415

    return ModernBertForSequenceClassification(
        ModernBertConfig(
            vocab_size=vocabulary, hidden_size=options.hidden, num_hidden_layers=options.layers,
            num_attention_heads=options.heads, intermediate_size=options.intermediate,
            max_position_embeddings=options.max_tokens, global_attn_every_n_layers=1,
            classifier_pooling="mean", classifier_bias=True, pad_token_id=0, cls_token_id=1,
            sep_token_id=2, bos_token_id=1, eos_token_id=2, id2label=dict(enumerate(LABELS)),
            label2id={label: number for number, label in enumerate(LABELS)},
            initializer_cutoff_factor=2.0, reference_compile=False,
        )
    )  # fmt: skip


class Net:
    """A tokenizer and a net that are trained and asked together."""

    def __init__(self, tokenizer: Any, options: NetOptions, *, seed: int, device: str) -> None:
        """Make an untrained net."""
        import torch  # noqa: PLC0415

        torch.manual_seed(seed)
        self._torch = torch
        self._device = device
        self._options = options
        self.tokenizer = tokenizer
        self.model = make_model(tokenizer.get_vocab_size(), options).to(device)

    def fit(
        self, batches: Iterator[Batch], steps: int, tell: Callable[[str], None], *, every: int = 100
    ) -> None:
        """Take so many steps: AdamW, warm-up, then down along a cosine."""
        torch, options = self._torch, self._options
        optimizer = torch.optim.AdamW(
            self.model.parameters(), options.learning_rate, weight_decay=options.weight_decay,
            betas=(0.9, 0.98),
        )  # fmt: skip
        warm = max(1, int(steps * options.warm_up))

        def rate(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return float(
                0.02 + 0.98 * (1 + np.cos(np.pi * (step - warm) / max(1, steps - warm))) / 2
            )

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        self.model.train()
        total = 0.0
        for step in range(1, steps + 1):
            loss = self._loss(next(batches))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            total += float(loss.detach())
            if step % every == 0 or step == steps:
                tell(f"step {step} of {steps}, loss {total / ((step - 1) % every + 1):.4f}")
                total = 0.0
        self.model.eval()

    def _loss(self, batch: Batch) -> Any:
        torch = self._torch
        self.tokenizer.model.dropout = self._options.piece_dropout
        logits = self._logits(batch.texts)
        self.tokenizer.model.dropout = None
        labels = torch.tensor(batch.is_attack, dtype=torch.long, device=self._device)
        weights = torch.tensor(batch.weights, dtype=torch.float32, device=self._device)
        losses = torch.nn.functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self._options.smoothing
        )
        return (losses * weights).sum() / weights.sum()

    def _logits(self, texts: Sequence[str]) -> Any:
        torch = self._torch
        self.tokenizer.enable_truncation(self._options.max_tokens)
        self.tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106
        encoded = self.tokenizer.encode_batch(list(texts))
        ids = torch.tensor([each.ids for each in encoded], device=self._device)
        mask = torch.tensor([each.attention_mask for each in encoded], device=self._device)
        return self.model(input_ids=ids, attention_mask=mask).logits

    def margins(self, texts: Sequence[str]) -> Scores:
        """Return the attack's logit less the benign one's, for each text."""
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        found = np.zeros(len(texts))
        self.model.eval()
        with self._torch.inference_mode():
            for at in range(0, len(order), 256):
                rows = order[at : at + 256]
                logits = self._logits([texts[row] for row in rows]).float().cpu().numpy()
                found[rows] = logits[:, 1] - logits[:, 0]
        return found

    def on_cpu(self) -> "Net":
        """Move the net to the CPU, where it is exported; returns itself."""
        self._device = "cpu"
        self.model.to("cpu")
        return self

    def shift(self, by: float) -> None:
        """Take ``by`` off every margin, for good."""
        with self._torch.no_grad():
            self.model.classifier.bias[1] -= by


def length_sorted(
    rng: random.Random, texts: Iterable[T], size: int, length: Callable[[T], int]
) -> list[list[T]]:
    """Return batches of texts alike in length, in random order: little is padded."""
    ordered = sorted(texts, key=length)
    batches = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    rng.shuffle(batches)
    return batches
