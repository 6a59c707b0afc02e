"""What backs a detector keeps to what the engine asks of it."""

from pathlib import Path

from inference.model import load_net
from inference.model_grams import WithGrams
from inference.model_onnx import OnnxClassifier
from inference.model_torch import TorchClassifier
from inference.model_types import Classifier
from kysira.settings import Device
from tests.inference.fake_models import FakeModel
from tests.inference.model_samples import write_model

KINDS: list[type[Classifier]] = [OnnxClassifier, TorchClassifier, WithGrams, FakeModel]


def test_every_classifier_has_every_method(tmp_path: Path) -> None:
    """Windows, scores and a guess; a type checker sees to what they take."""
    for kind in KINDS:
        assert all(callable(getattr(kind, name)) for name in ("windows", "score", "guess"))
    classifier = load_net(write_model(tmp_path), Device.CPU)
    windows = classifier.windows("attackword").shown
    assert classifier.score(windows)[0] > 0.9
    assert classifier.guess("attackword") == 0.0
