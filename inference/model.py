"""Trained models: where they are, and how they are loaded."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from inference.model_batches import JoinedBatches
from inference.model_folder import read_folder
from inference.model_grams import CALIBRATION, GRAMS, WithGrams
from inference.model_types import Classifier
from kysira.errors import ModelError, ScoringError
from kysira.settings import NO_MODEL, PACKAGED_MODEL, Device, EngineSettings

WEIGHTS = Path(__file__).parent / "weights"
"""The models that come with Kysira."""

_SETTINGS = {"sqli": "KYSIRA_SQLI_MODEL", "prompt-injection": "KYSIRA_PI_MODEL"}


def model_folders(settings: EngineSettings) -> dict[str, Path]:
    """Return the folders of the models that are used, by the detector that each one backs."""
    wanted = {
        "sqli": (settings.sqli_model, "sqli-classifier"),
        "prompt-injection": (settings.pi_model, "prompt-injection"),
    }
    return {
        slug: WEIGHTS / own if named == PACKAGED_MODEL else Path(named)
        for slug, (named, own) in wanted.items()
        if named != NO_MODEL and slug not in settings.disabled_detectors
    }


def load_classifiers(folders: Mapping[str, Path], device: Device) -> dict[str, Classifier]:
    """Return the models, by the slug of the detector that each one backs.

    Raises ModelError: one line with the name of the file that can't be used.
    """
    for slug, folder in folders.items():
        if not folder.is_dir():
            raise ModelError(
                f"model {folder}: no such folder; {_SETTINGS[slug]} takes one, or {PACKAGED_MODEL} "
                f"or {NO_MODEL}"
            )
    return {slug: load_classifier(folder, device) for slug, folder in folders.items()}


def load_classifier(folder: Path, device: Device) -> Classifier:
    """Return the model in a folder, with the n-grams of ``ngrams.npz`` where there are any.

    Raises ModelError; also where one of the n-grams' two files is there without the other.
    """
    net = load_net(folder, device)
    # One file or a link to nothing is a damaged folder: reading both names what is missing.
    has_grams = any(os.path.lexists(folder / name) for name in (GRAMS, CALIBRATION))
    return WithGrams(net, folder) if has_grams else net


def load_net(folder: Path, device: Device) -> Classifier:
    """Return the model in a folder alone: on the CPU its ONNX export, else with torch.

    Raises ModelError.
    """
    spec = read_folder(folder)
    classifier: Classifier
    # Each backend takes seconds and 100 MB or more to import: only the one that runs is.
    if device is Device.CPU and spec.graph is not None:
        from inference.model_onnx import OnnxClassifier  # noqa: PLC0415

        classifier = OnnxClassifier(spec, spec.graph)
    else:
        from inference.model_torch import TorchClassifier  # noqa: PLC0415

        classifier = TorchClassifier(spec, device)
        if device is not Device.CPU:
            classifier = JoinedBatches(classifier)
    _probe(classifier, folder, spec.max_length)
    return classifier


def text_scores(classifier: Classifier, texts: Sequence[str]) -> list[float]:
    """Return for each text the score of its most suspicious window; raises ScoringError."""
    windows = [classifier.windows(text).shown for text in texts]
    scores = iter(classifier.score([window for shown in windows for window in shown]))
    return [max([next(scores) for _ in shown], default=0.0) for shown in windows]


def _probe(classifier: Classifier, folder: Path, max_length: int) -> None:
    """Ask once about texts of every length, so that a model that can't answer stops the start."""
    try:
        text_scores(classifier, ["a", "select 1", "a 1 " * max_length])
    except ScoringError as error:
        raise ModelError(f"model {folder}: {error}") from error
