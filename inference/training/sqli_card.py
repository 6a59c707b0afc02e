"""The text of the sqli model's card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.training.card import Source, card, sources_table
from inference.training.evaluate import OperatingPoint, table
from inference.training.export import Agreement
from inference.training.options import TrainOptions
from inference.training.windows import STRIDE, WINDOW


@dataclass(frozen=True, slots=True)
class Measured:
    """Tables of a run."""

    at_threshold: str
    gains: str
    ranking: str
    by_field: Mapping[str, OperatingPoint]
    temperature: float


_WHAT = f"""Says of one value of an HTTP request how probably it is an SQL injection. It backs the
rules of the `sqli` detector, which run first.

- Input: one field's value after its container's encoding and every further encoding are undone
  (percent, entities, escapes, full-width forms, base64 as a text of its own), blanks, comments and
  case as sent. Trained on windows of {WINDOW} characters, {STRIDE} apart; the engine shows it a
  long value in overlapping windows of as many tokens as `kysira.json` says. The highest counts.
- Output: two logits, `BENIGN` and `SQLI`; `kysira.json` holds the temperature.
- Architecture: ModernBERT of three layers, 128 wide, with a byte-level tokenizer of 2,048 pieces of
  at most 8 bytes, trained from scratch. Runs with `transformers` or, as `model_quantized.onnx` with
  weights of 8 bits, with onnxruntime.
- Licence of the weights: Apache-2.0. No text of the sources is in this folder."""

_LIMITS = """- Trained on English and on a few European languages; on what SQL scanners and payload
  lists send, not on what a person writes against one application.
- Whole statements that break out of nothing ("SELECT name FROM users") are no attack to it: people
  post them. An endpoint that runs the SQL that it is sent needs other means.
- Attacks of other classes (xss, command injection, …) may score anything: their own detectors
  report them.
- An attack that lies outside the windows that are shown is not seen."""


def text_of(
    measured: Measured,
    sources: Sequence[Source],
    agreed: Agreement,
    folds: str,
    options: TrainOptions,
) -> str:
    """Return the card of a run."""
    fields = table(
        ("column", "recall on libinjection at 0.1 % of benign texts", "benign texts flagged"),
        {name: (each.recall, each.false_alarms) for name, each in measured.by_field.items()},
    )
    return card(
        "SQL injection classifier",
        {
            "What it is": _WHAT,
            "Figures": _FIGURES + "\n\n" + measured.at_threshold,
            "What the models add to the rules": measured.gains,
            "Ranking": measured.ranking + "\n\nBy text shown rather than by request:\n\n" + fields,
            "Sources left out": _FOLDS + "\n\n" + folds if folds else "",
            "int8 against the original": f"{agreed}.",
            "Limits": _LIMITS,
            "Data": _DATA + "\n\n" + sources_table(sources),
            "Made by": _made_by(measured, options),
        },
    )


_FIGURES = """Share of requests flagged at the default threshold 0.95, with 95 % intervals, on
sources that no model was trained on and whose texts were removed from training. A bare payload
stands in a query. *rules* are those of the detector alone; *linear* is a logistic regression over
hashed character 1–5-grams, trained on the same texts; *net + linear* is the mean of their logits.
Each is calibrated on the same held-back examples, where one benign request in five thousand of
those that reach the model is flagged. coreruleset_tests' attacks are tests of rules, many of them
fragments; "(SQL)" are whole statements that people posted: no goal."""
_FOLDS = """Trained again without whole families of sources, the net for a few of the steps, and
judged on them by value; near copies of what was trained on are left out."""
_DATA = """Examples by source, after masking what tells a source (doubled blanks, placeholders,
marks and numbers of scanners), three at most of one template, only values that the engine would
show a model and a few others, and none that equals a text of an evaluation set. Benign values,
attacks of other classes (counted as benign, with a weight of 0.3) and injections are wrapped in the
same envelopes. *kysira grammar* is the project's own. Sources with no stated licence were used to
train; `--permissive-only` leaves them out."""


def _made_by(measured: Measured, options: TrainOptions) -> str:
    only = " --permissive-only" if options.permissive_only else ""
    epochs = f" --epochs {options.epochs:g}" if options.epochs else ""
    return (
        f"`kysira-train sqli --data DIR --seed {options.seed}{only}{epochs}`; temperature "
        f"{measured.temperature:.3f}, with the shift of the calibration in the last bias."
    )
