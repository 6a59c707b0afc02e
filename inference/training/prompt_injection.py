"""Trains the prompt-injection model: a small encoder, and n-grams beside it to compare with."""

import json
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.grams import Grams
from inference.model import load_classifier, text_scores
from inference.model_grams import CALIBRATION, GRAMS
from inference.training.calibration import Calibration, calibrate
from inference.training.card import card, count_sources, sources_table, write_card
from inference.training.data import prompt_rows
from inference.training.evaluate import Scores, table
from inference.training.export import Own, agreement, scores_of, write_folder
from inference.training.options import Progress, Report, TrainOptions
from inference.training.prompt_card import SECTIONS
from inference.training.prompt_data import Corpus, Text, read_corpus
from inference.training.prompt_encoder import (
    LABELS,
    MAX_LENGTH,
    STRIDE,
    Schedule,
    Shape,
    Trainer,
    build,
    cut_vocabulary,
    pretrained_folder,
    read_tokenizer,
)
from inference.training.prompt_epoch import Pair, Shares, epoch
from inference.training.prompt_figures import (
    Pieces,
    added,
    by_source_table,
    dev_texts,
    gated,
    in_pieces,
    rule_scores,
    summary,
)
from inference.training.prompt_grams import fit_grams, margins
from kysira.settings import Device
from kysira.types import DEFAULT_THRESHOLD

SMALL = Shape(layers=(0, 2, 4), words=5700)
EPOCHS = 3.0
FALSE_ALARMS = 0.004
"""Share of the kept harmless texts that the calibration lets reach the threshold."""
SKIPPED = 0.005
"""Share of the kept attacks that may be lost to asking the n-grams first."""
SKIP_MARGIN = 2.0
"""Taken off that bound: of wordings that nobody has seen yet the n-grams know less."""
_AGREEMENT_TEXTS = 600


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained encoder before it is calibrated."""

    model: Any
    tokenizer: Any


@dataclass(frozen=True, slots=True)
class Joint:
    """Calibration of the n-grams, and of both together."""

    alone: Calibration
    together: Calibration


def train(options: TrainOptions, shape: Shape = SMALL) -> Report:
    """Train, calibrate, export and measure; raises SettingsError on data that can't be read."""
    progress = Progress()
    corpus = read_corpus(options)
    sources = sources_table(
        count_sources((t.source, t.license, t.is_attack) for t in corpus.training())
    )
    kept = sources_table(count_sources((t.source, t.license, t.is_attack) for t in corpus.kept))
    if options.dry_run:
        return Report(f"{sources}\n\nkept back:\n\n{kept}\n")
    rng = random.Random(options.seed)  # noqa: S311
    first = epoch(corpus, rng, _shares(corpus, options))
    progress(f"{len(first)} texts an epoch, {sum(pair.is_attack for pair in first)} attacks")
    grams = fit_grams(
        [pair.text for pair in first], [pair.is_attack for pair in first], seed=options.seed
    )
    progress("fitted the n-grams")
    trained = _encoder(corpus, first, options, shape, rng, progress)
    pieces = in_pieces(trained.tokenizer, [text.text for text in corpus.kept])
    calibration, scores = _export(trained, options.out, corpus.kept, pieces)
    progress(f"calibrated: {calibration}")
    joint = _beside(grams, options.out, corpus.kept, pieces, scores)
    # What was kept back has its scores already.
    known = {piece: float(score) for piece, score in zip(pieces.windows, scores, strict=True)}
    figures = _figures(options, corpus.kept, trained, _Judges(grams, joint, known))
    progress("measured")
    text = card(
        "Prompt injection",
        {
            **SECTIONS,
            "How it was trained": _how(options, shape, trained, calibration, len(first)),
            "Figures": figures,
            "Sources": sources,
            "Kept back": kept,
        },
    )
    write_card(options.out, text)
    return Report(text, tuple(sorted(path for path in options.out.iterdir() if path.is_file())))


def _shares(corpus: Corpus, options: TrainOptions) -> Shares:
    """Return how much to make: of a limited corpus as much less as it is smaller."""
    return Shares() if options.limit is None else Shares().scaled(len(corpus.benign) / 18_000)


def _encoder(
    corpus: Corpus,
    first: Sequence[Pair],
    options: TrainOptions,
    shape: Shape,
    rng: random.Random,
    progress: Progress,
) -> Trained:
    import torch  # noqa: PLC0415

    torch.manual_seed(options.seed)
    whole = read_tokenizer(pretrained_folder())
    # Numbers of words are enough from a part of the texts.
    sample = [pair.text[:1500] for pair in first[:20_000]]
    tokenizer, words = cut_vocabulary(whole, sample, shape.words)
    model = build(shape, words)
    progress(f"{shape.name}, {len(words)} words: {sum(p.numel() for p in model.parameters())}")
    schedule = Schedule(epochs=options.epochs or EPOCHS)
    trainer = Trainer(model, tokenizer, schedule, options.device)
    pairs: Sequence[Pair] = first
    while not trainer.is_done:
        trainer.run([p.text for p in pairs], [p.is_attack for p in pairs], rng, progress)
        if not trainer.is_done:
            pairs = epoch(corpus, rng, _shares(corpus, options))
    return Trained(model.cpu().eval(), tokenizer)


def _export(
    trained: Trained, folder: Path, kept: Sequence[Text], pieces: Pieces
) -> tuple[Calibration, Scores]:
    """Write the folder: once to see what the int8 graph gives, then with that calibrated.

    Return the calibration, and what the calibrated graph gives for the pieces.
    """
    # What torch and the graph are made of are the same 16 bits.
    model = trained.model.half().float()
    write_folder(model, trained.tokenizer, folder, Own(LABELS[1], MAX_LENGTH, 1.0))
    raw = _logits(scores_of(folder, pieces.windows))
    calibration = _calibrated(raw, kept, pieces)
    with_shift(model, calibration.shift)
    own = Own(LABELS[1], MAX_LENGTH, calibration.temperature)
    write_folder(model, trained.tokenizer, folder, own)
    _halve(model, folder)
    return calibration, calibration.probabilities(raw)


def with_shift(model: Any, shift: float) -> None:
    """Take the shift off the attack's logit."""
    import torch  # noqa: PLC0415

    with torch.no_grad():
        model.classifier.bias[1] -= shift


def _halve(model: Any, folder: Path) -> None:
    """Write the weights as 16 bits, to be loaded as 32: half the file, and the same numbers."""
    model.half().save_pretrained(folder)
    model.float()
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["dtype"] = "float32"
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _logits(probabilities: Scores) -> Scores:
    safe = np.clip(probabilities, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(safe / (1 - safe)), dtype=np.float64)


def _calibrated(margins: Scores, kept: Sequence[Text], pieces: Pieces) -> Calibration:
    attacks = [kept[owner].is_attack for owner in pieces.owners]
    return calibrate(margins, attacks, pieces.owners, fpr=FALSE_ALARMS)


def _beside(
    grams: Grams, folder: Path, kept: Sequence[Text], pieces: Pieces, scores: Scores
) -> Joint:
    """Write the n-grams and how they are joined with the model; return the latter."""
    found = margins(grams, pieces.windows)
    alone = _calibrated(found, kept, pieces)
    both = joined(_logits(scores), _logits(alone.probabilities(found)))
    together = _calibrated(both, kept, pieces)
    grams.save(folder / GRAMS)
    flagged = together.probabilities(both) >= DEFAULT_THRESHOLD
    skip = skip_below(_logits(alone.probabilities(found)), flagged, kept, pieces)
    scales = {"alone": asdict(alone), "together": asdict(together), "skip_below": skip}
    (folder / CALIBRATION).write_text(json.dumps(scales, indent=1) + "\n", encoding="utf-8")
    return Joint(alone, together)


def skip_below(
    grams: Scores, flagged: npt.NDArray[np.bool_], kept: Sequence[Text], pieces: Pieces
) -> float:
    """Return the n-grams' logit under which the model need not be asked.

    ``grams`` and ``flagged`` are of the pieces. Of the kept attacks that both together flag, all
    but ``SKIPPED`` have a flagged piece above it, and by a margin.
    """
    best: dict[int, float] = {}
    for owner, logit, is_flagged in zip(pieces.owners, grams, flagged, strict=True):
        if is_flagged and kept[owner].is_attack:
            best[owner] = max(float(logit), best.get(owner, -np.inf))
    if not best:
        return -1000.0
    return round(float(np.quantile(list(best.values()), SKIPPED)) - SKIP_MARGIN, 3)


def joined(model: Scores, grams: Scores) -> Scores:
    """Return one margin of two calibrated logits: their mean, which has nothing to overfit."""
    return (model + grams) / 2


@dataclass(frozen=True, slots=True)
class _Judges:
    """What texts are scored with beside the exported folder."""

    grams: Grams
    joint: Joint
    known: Mapping[str, float]
    """Windows that the folder's graph has scored already."""

    def model(self, folder: Path, pieces: Pieces) -> Scores:
        """Return what the graph gives."""
        if all(piece in self.known for piece in pieces.windows):
            return np.array([self.known[piece] for piece in pieces.windows])
        return scores_of(folder, pieces.windows)

    def linear(self, pieces: Pieces) -> Scores:
        """Return what the n-grams give, calibrated."""
        return self.joint.alone.probabilities(margins(self.grams, pieces.windows))


def _figures(options: TrainOptions, kept: Sequence[Text], trained: Trained, judges: _Judges) -> str:
    dev = dev_texts(prompt_rows(options.data, "dev", limit=options.limit))
    parts: list[str] = []
    for title, rows in (("Sources kept back", kept), ("Development sources", dev)):
        texts = [row.text for row in rows]
        pieces = in_pieces(trained.tokenizer, texts)
        model, linear = judges.model(options.out, pieces), judges.linear(pieces)
        both = judges.joint.together.probabilities(joined(_logits(model), _logits(linear)))
        rules = rule_scores(texts)
        columns = {"rules": rules} | {
            name: gated(pieces.highest(scores), texts)
            for name, scores in (("n-grams", linear), ("model", model), ("model + n-grams", both))
        }
        columns["rules or model"] = np.maximum(rules, columns["model"])
        columns["rules or both"] = np.maximum(rules, columns["model + n-grams"])
        parts.append(
            f"### {title}\n\n{summary(rows, columns)}\n\n"
            f"{added(rows, rules, columns['model'])}\n\n{by_source_table(rows, columns)}"
        )
    return "\n\n".join([*parts, _costs(options.out, [text.text for text in kept])])


def _costs(folder: Path, texts: Sequence[str]) -> str:
    sample = texts[:: max(1, len(texts) // _AGREEMENT_TEXTS)]
    close = agreement(folder, sample, threshold=DEFAULT_THRESHOLD)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    times = {str(tokens): (f"{latency(folder, tokens):.2f}",) for tokens in (32, 64, 128)}
    return (
        f"### int8 and cost\n\nint8 against the weights it was made of, {close}. All files "
        f"{size:.1f} MB. Milliseconds a text on the machine that trained, one thread, median:\n\n"
        f"{table(('tokens', 'ms'), times)}"
    )


def latency(folder: Path, tokens: int, rounds: int = 60) -> float:
    """Return the median milliseconds that the graph takes for a text of as many tokens."""
    classifier = load_classifier(folder, Device.CPU)
    text = "a " * (tokens - 2)
    spent: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        text_scores(classifier, [text])
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def _how(
    options: TrainOptions, shape: Shape, trained: Trained, calibration: Calibration, texts: int
) -> str:
    epochs, words = options.epochs or EPOCHS, trained.tokenizer.get_vocab_size()
    switch = " --permissive-only" if options.permissive_only else ""
    return (
        f"`kysira-train prompt-injection --data DIR --epochs {epochs:g} --seed {options.seed}"
        f"{switch}`\n\n"
        f"Layers {', '.join(map(str, shape.layers))} of all-MiniLM-L6-v2 with {words} of its "
        f"words, whose embeddings were not trained; windows of {MAX_LENGTH} tokens, {STRIDE} from "
        f"start to start, of which the highest counts. {epochs:g} epochs of {texts} texts. "
        f"Temperature {calibration.temperature:.3f}; the shift {calibration.shift:.3f} is in the "
        f"last bias, so that the threshold {DEFAULT_THRESHOLD} flags at most "
        f"{FALSE_ALARMS:.1%} of the harmless texts that were kept back.\n\n"
        f"`{GRAMS}` holds the n-grams that stand beside the model, `{CALIBRATION}` how the two are "
        "calibrated: alone, and together by the mean of their calibrated logits; under "
        "`skip_below` the n-grams speak for both, and the model is not asked."
    )
