"""``kysira-train sqli``: the net and its baseline, trained, calibrated, judged and written."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inference.training import card
from inference.training.calibration import Calibration
from inference.training.evaluate import Scores
from inference.training.export import Agreement, Own, agreement, scores_of, write_folder
from inference.training.linear import Linear, LinearOptions, fit_linear
from inference.training.options import Progress, Report, TrainOptions
from inference.training.sqli_card import Measured, text_of
from inference.training.sqli_data import Corpus, Example, read_corpus, shown, source_rows
from inference.training.sqli_dev import (
    Dev,
    dev_table,
    field_point,
    gains_table,
    ranking_table,
    read_dev,
)
from inference.training.sqli_folds import calibrated, folds_table
from inference.training.sqli_model import (
    LABELS,
    Batch,
    Net,
    NetOptions,
    length_sorted,
    make_tokenizer,
)
from inference.training.sqli_regex import Rules
from inference.training.windows import Margins
from kysira.types import DEFAULT_THRESHOLD

EPOCHS = 1.6
SHOWN_TOKENS = 128
"""That the engine shows the net at once: about what a window of training holds."""
_FOLD_SHARE = 0.15
"""Of the steps, for a net that is trained to be judged on sources left out."""
_ATTACK_SHARE = 0.42
_MIXED = 4096
"""Texts that are drawn together and divided into batches alike in length."""
_TOKENIZER_TEXTS = 40_000
_COMPARED = 2000
LINEAR = LinearOptions(analyzer="char", ngrams=(1, 5), bits=19, characters=256)


@dataclass(frozen=True, slots=True)
class _Models:
    net: Net
    linear: Linear

    def columns(self) -> dict[str, Margins]:
        """Return the margins of each by its name; the mean of two logits is a third."""
        net, linear = remembered(self.net.margins), remembered(self.linear.margins)
        return {
            "net": net,
            "linear": linear,
            "net + linear": lambda texts: (net(texts) + linear(texts)) / 2,
        }


def remembered(margins: Margins) -> Margins:
    """Return the same margins, which keep their last answer: several columns ask for it."""
    last: list[tuple[Sequence[str], Scores]] = []

    def again(texts: Sequence[str]) -> Scores:
        if not last or last[0][0] != texts:
            last[:] = [(texts, margins(texts))]
        return last[0][1]

    return again


def train(options: TrainOptions) -> Report:
    """Train on ``web/train`` and grammars, judge on ``web/dev``, write the model's folder."""
    tell = Progress()
    rules = Rules()
    corpus = read_corpus(options, rules.is_sql)
    sources = card.count_sources(source_rows((*corpus.train, *corpus.held)))
    tell(f"{len(corpus.train)} examples to train on, {len(corpus.held)} kept back")
    if options.dry_run:
        return Report(card.sources_table(sources))
    models = _learn(options, corpus, tell)
    calibrations = {
        name: calibrated(margins, corpus.held) for name, margins in models.columns().items()
    }
    dev = read_dev(options, rules)
    tell(f"{len(dev.cases)} requests of dev sources, {len(dev.texts)} texts")
    margins = {name: each(dev.texts) for name, each in models.columns().items()}
    agreed = _write(options, models.net, calibrations["net"], dev)
    shipped = _logits(scores_of(options.out, dev.texts))
    tell("judged; now with sources left out")
    folds = ""
    if options.limit is None:
        folds = folds_table(
            corpus,
            lambda kept: _learn(options, kept, tell, share=_FOLD_SHARE).columns(),
            rules.flags,
        )
    markdown = text_of(
        _measured(options, dev, margins, calibrations, shipped), sources, agreed, folds, options
    )
    card.write_card(options.out, markdown)
    return Report(markdown, tuple(sorted(path for path in options.out.iterdir() if path.is_file())))


def _learn(options: TrainOptions, corpus: Corpus, tell: Progress, *, share: float = 1.0) -> _Models:
    rng = random.Random(options.seed)  # noqa: S311
    size = NetOptions()
    linear = _linear(options, corpus, rng)
    tell("linear baseline fitted")
    sample = rng.choices(corpus.train, k=min(_TOKENIZER_TEXTS, 2 * len(corpus.train)))
    tokenizer = make_tokenizer((shown(rng, each, corpus.words) for each in sample), size)
    net = Net(tokenizer, size, seed=options.seed, device=options.device)
    epochs = (options.epochs or EPOCHS) * share
    benign = sum(not each.is_attack for each in corpus.train)
    steps = max(1, int(epochs * benign / (1 - _ATTACK_SHARE) / size.batch))
    net.fit(batches(corpus, size.batch, rng), steps, tell)
    return _Models(net.on_cpu(), linear)


def _linear(options: TrainOptions, corpus: Corpus, rng: random.Random) -> Linear:
    """Return the baseline, fitted on the same changed texts as the net: several of an attack."""
    drawn = [
        each for each in corpus.train for _ in range(2 if each.is_attack else 1)
    ]  # fmt: skip
    return fit_linear(
        [shown(rng, each, corpus.words) for each in drawn],
        [each.is_attack for each in drawn],
        weights=[each.weight for each in drawn],
        seed=options.seed,
        features=(LINEAR,),
    )


def batches(corpus: Corpus, size: int, rng: random.Random) -> Iterator[Batch]:
    """Yield batches without end: the benign examples in turn, attacks drawn by their source."""
    attacks = [each for each in corpus.train if each.is_attack]
    benign = [each for each in corpus.train if not each.is_attack]
    weights = _even(attacks)
    queue: list[Example] = []
    while True:
        count = int(_MIXED * (1 - _ATTACK_SHARE))
        while len(queue) < count:
            queue += rng.sample(benign, len(benign))
        drawn = queue[:count] + rng.choices(attacks, weights, k=_MIXED - count)
        del queue[:count]
        texts = [(shown(rng, each, corpus.words), each) for each in drawn]
        for batch in length_sorted(rng, texts, size, lambda pair: len(pair[0])):
            yield Batch(
                [text for text, _ in batch],
                [each.is_attack for _, each in batch],
                [each.weight for _, each in batch],
            )


def _even(attacks: list[Example]) -> list[float]:
    """Return weights under which a source counts by the root of its size: none drowns the rest."""
    sizes: dict[str, int] = {}
    for each in attacks:
        sizes[each.source] = sizes.get(each.source, 0) + 1
    return [sizes[each.source] ** -0.5 for each in attacks]


def _write(options: TrainOptions, net: Net, calibration: Calibration, dev: Dev) -> Agreement:
    net.shift(calibration.shift)
    own = Own(LABELS[1], SHOWN_TOKENS, calibration.temperature)
    write_folder(net.model, net.tokenizer, options.out, own)
    step = max(1, len(dev.texts) // _COMPARED)
    return agreement(options.out, dev.texts[::step], threshold=DEFAULT_THRESHOLD)


def _measured(
    options: TrainOptions,
    dev: Dev,
    margins: dict[str, Scores],
    calibrations: dict[str, Calibration],
    shipped: Scores,
) -> Measured:
    requests = {name: dev.request_margins(each) for name, each in margins.items()}
    probabilities = {
        name: calibrations[name].probabilities(each) for name, each in requests.items()
    }
    int8 = 1 / (1 + np.exp(-dev.request_margins(shipped)))
    probabilities = {"net (int8, as shipped)": int8, **probabilities}
    return Measured(
        at_threshold=dev_table(dev, probabilities),
        gains=gains_table(dev, probabilities),
        ranking=ranking_table(dev, requests),
        by_field={name: field_point(dev, each) for name, each in margins.items()},
        temperature=calibrations["net"].temperature,
    )


def _logits(probabilities: Scores) -> Scores:
    safe = np.clip(probabilities, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(safe / (1 - safe)), dtype=np.float64)
