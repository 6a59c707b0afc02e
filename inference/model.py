"""Trained models behind one port."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from inference.model_folder import read_folder
from kysira.errors import ModelError, ScoringError
from kysira.settings import Device, EngineSettings


class Classifier(Protocol):
    """Scores texts with a trained model; safe to call from several threads."""

    def score(self, texts: Sequence[str]) -> list[float]:
        """Return the probability in [0, 1] that each text is an attack.

        A text scores the same whatever stands beside it. Raises ScoringError when the model fails.
        """


def load_classifiers(settings: EngineSettings) -> dict[str, Classifier]:
    """Return the models that are configured, by the slug of the detector that each one backs.

    Raises ModelError: one line with the name of the file that can't be used.
    """
    folders = {"sqli": settings.sqli_model, "prompt-injection": settings.pi_model}
    return {
        slug: load_classifier(folder, settings.device)
        for slug, folder in folders.items()
        if folder is not None and slug not in settings.disabled_detectors
    }


def load_classifier(folder: Path, device: Device) -> Classifier:
    """Return the model in a folder: on the CPU its ONNX export, else with torch.

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
    _probe(classifier, folder, spec.max_length)
    return classifier


def _probe(classifier: Classifier, folder: Path, max_length: int) -> None:
    """Ask once about texts of every length, so that a model that can't answer stops the start."""
    try:
        classifier.score(["a", "select 1", "a 1 " * max_length])
    except ScoringError as error:
        raise ModelError(f"model {folder}: {error}") from error
