"""N-grams beside a model move its scores, and a file of theirs that is wrong stops the start."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from inference.grams import BITS, Grams, columns
from inference.model import load_classifier, load_net, text_scores
from inference.model_grams import CALIBRATION, GRAMS
from kysira.errors import ModelError
from kysira.settings import Device
from tests.inference.model_samples import write_model

SCALES = {
    "alone": {"temperature": 2.0, "shift": 1.0},
    "together": {"temperature": 0.5, "shift": -0.25},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the tiny model with n-grams that know one text."""
    folder = write_model(tmp_path)
    weights = np.zeros(1 << BITS, np.int8)
    weights[columns("known text")] = 100
    Grams(weights, 0.01, -1.0).save(folder / GRAMS)
    (folder / CALIBRATION).write_text(json.dumps(SCALES))
    return folder


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_score_is_of_both(folder: Path) -> None:
    """The mean of the two calibrated logits, calibrated once more."""
    alone = text_scores(load_net(folder, Device.CPU), ["known text"])[0]
    classifier = load_classifier(folder, Device.CPU)
    margin = classifier.guess("known text")
    assert margin == pytest.approx(-1 + math.sqrt(len(columns("known text"))))
    expected = ((logit(alone) + (margin - 1.0) / 2.0) / 2 + 0.25) / 0.5
    assert logit(text_scores(classifier, ["known text"])[0]) == pytest.approx(expected)
    assert text_scores(classifier, ["other words"])[0] < alone


def test_model_is_not_asked_of_what_is_plainly_harmless(folder: Path) -> None:
    """Under ``skip_below`` the n-grams' word stands for both."""
    before = text_scores(load_classifier(folder, Device.CPU), ["attackword", "known text"])
    (folder / CALIBRATION).write_text(json.dumps({**SCALES, "skip_below": 0.0}))
    classifier = load_classifier(folder, Device.CPU)
    plain, known = text_scores(classifier, ["attackword", "known text"])
    alone = (classifier.guess("attackword") - 1.0) / 2.0
    assert alone < 0
    assert logit(plain) == pytest.approx((alone + 0.25) / 0.5)
    assert plain < before[0]
    assert known == before[1]


def test_text_of_nothing_scores_nothing(folder: Path) -> None:
    """The n-grams have no say where the model has none."""
    assert text_scores(load_classifier(folder, Device.CPU), ["", " "]) == [0.0, 0.0]


def test_model_without_grams_stands_alone(tmp_path: Path) -> None:
    """A foreign model needs no such file, and has no guess."""
    assert load_classifier(write_model(tmp_path), Device.CPU).guess("text") == 0.0


@pytest.mark.parametrize("content", [b"", b"broken"])
def test_broken_grams_are_named(folder: Path, content: bytes) -> None:
    """One line with the file's name."""
    (folder / GRAMS).write_bytes(content)
    with pytest.raises(ModelError, match=rf"model file [^\n]*{GRAMS}: [^\n]+$"):
        load_classifier(folder, Device.CPU)


@pytest.mark.parametrize(
    "content",
    [
        None, "{", "[]", "{}", json.dumps({**SCALES, "alone": {"temperature": 0}}),
        json.dumps({**SCALES, "skip_below": "never"}),
    ],
)  # fmt: skip
def test_broken_calibration_is_named(folder: Path, content: str | None) -> None:
    """One line with the file's name; missing, cut, of another shape."""
    (folder / CALIBRATION).unlink()
    if content is not None:
        (folder / CALIBRATION).write_text(content)
    with pytest.raises(ModelError, match=rf"model file [^\n]*{CALIBRATION}: [^\n]+$"):
        load_classifier(folder, Device.CPU)


@pytest.mark.parametrize(
    "skip",
    [True, False, 1e9, 20.001, 10**400, -(10**400), math.inf, None],
    ids=lambda skip: f"{skip!s:.9}",
)
def test_absurd_skip_is_named(folder: Path, skip: object) -> None:
    """One line: over the bound no model would be asked, and True is no number."""
    (folder / CALIBRATION).write_text(json.dumps({**SCALES, "skip_below": skip}))
    with pytest.raises(ModelError, match=rf"{CALIBRATION}: skip_below must [^\n]* at most 20$"):
        load_classifier(folder, Device.CPU)


@pytest.mark.parametrize("skip", [20, -3, -1000.0, -math.inf])
def test_skip_may_be_any_number_below(folder: Path, skip: float) -> None:
    """The bound itself, and whatever means that the model is always asked."""
    (folder / CALIBRATION).write_text(json.dumps({**SCALES, "skip_below": skip}))
    assert load_classifier(folder, Device.CPU).guess("known text") > 0


@pytest.mark.parametrize("name", ["alone", "together"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 10**400}, {"temperature": True}, {"temperature": "1"},
        {"shift": 10**400}, {"shift": -(10**400)}, {"shift": False}, {"shift": math.nan},
    ],
)  # fmt: skip
def test_absurd_scale_is_named(folder: Path, name: str, wrong: dict[str, object]) -> None:
    """One line that says which of the two scales it is."""
    scales = {**SCALES, name: {**SCALES[name], **wrong}}
    (folder / CALIBRATION).write_text(json.dumps(scales))
    with pytest.raises(ModelError, match=rf"{CALIBRATION}: {name} must have [^\n]+$"):
        load_classifier(folder, Device.CPU)


@pytest.mark.parametrize("name", [GRAMS, CALIBRATION])
@pytest.mark.parametrize("target", [None, "nothing"])
def test_half_of_the_grams_is_named(folder: Path, name: str, target: str | None) -> None:
    """Either file without the other, gone or a link to nothing, stops the start."""
    (folder / name).unlink()
    if target is not None:
        (folder / name).symlink_to(target)
    with pytest.raises(ModelError, match=rf"model file [^\n]*{name}: no such file or directory$"):
        load_classifier(folder, Device.CPU)


def test_two_links_to_nothing_are_named(folder: Path) -> None:
    """N-grams that can't be followed are not n-grams that were never there."""
    for name in (GRAMS, CALIBRATION):
        (folder / name).unlink()
        (folder / name).symlink_to("nothing")
    with pytest.raises(ModelError, match=rf"{GRAMS}: no such file or directory$"):
        load_classifier(folder, Device.CPU)
