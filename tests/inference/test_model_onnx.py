"""The ONNX backend scores texts, alone as in a batch, and names a graph that it can't use."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inference.model import load_classifier, text_scores
from inference.model_types import Classifier
from kysira.errors import ModelError
from kysira.settings import Device
from tests.inference.model_samples import LABELS, write_graph, write_model

TEXTS = ["attackword", "harmless", "", "attackword harmless", "harmless " * 40 + "attackword", "x"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Return the tiny model."""
    return load_classifier(write_model(tmp_path_factory.mktemp("m")), Device.CPU)


def test_texts_are_scored(classifier: Classifier) -> None:
    """High for the attack, low for the harmless, nothing for nothing."""
    attack, harmless, nothing, *_ = text_scores(classifier, TEXTS)
    assert attack == pytest.approx(0.982, abs=0.001)
    assert harmless == pytest.approx(0.018, abs=0.001)
    assert nothing == 0.0
    assert text_scores(classifier, []) == []


def test_batch_and_alone_agree(classifier: Classifier) -> None:
    """What stands beside a text does not move its score by a single bit."""
    assert text_scores(classifier, TEXTS) == [text_scores(classifier, [text])[0] for text in TEXTS]


def test_threads_agree(classifier: Classifier) -> None:
    """Scores are the same when several threads ask."""
    expected = text_scores(classifier, TEXTS)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: text_scores(classifier, TEXTS), range(200)))
    assert found == [expected] * 200


def test_temperature_calibrates(tmp_path: Path) -> None:
    """A higher temperature is less sure."""
    warm = load_classifier(write_model(tmp_path, temperature=4), Device.CPU)
    assert text_scores(warm, ["attackword"]) == [pytest.approx(0.731, abs=0.001)]


def test_length_is_limited(tmp_path: Path) -> None:
    """Words past the limit are read in the next window; the highest score counts."""
    short = load_classifier(write_model(tmp_path, max_length=2), Device.CPU)
    windows = short.windows("harmless harmless attackword attackword harmless").shown
    assert [round(score, 2) for score in short.score(windows)] == [0.02, 0.98, 0.02]
    text = "harmless " * 8 + "attackword attackword harmless"
    assert text_scores(short, [text])[0] > 0.9


def test_graph_in_a_subfolder_runs(tmp_path: Path) -> None:
    """onnx/model.onnx is where exporters put it."""
    folder = write_model(tmp_path)
    (folder / "onnx").mkdir()
    shutil.move(folder / "model.onnx", folder / "onnx" / "model.onnx")
    assert text_scores(load_classifier(folder, Device.CPU), ["attackword"])[0] > 0.9


def break_bytes(path: Path) -> None:
    path.write_bytes(b"no graph at all")


def break_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def break_shape(path: Path) -> None:
    write_graph(path, columns=5)


def break_input(path: Path) -> None:
    write_graph(path, extra_input="pixels")


def break_numbers(path: Path) -> None:
    write_graph(path, worth=float("nan"))


@pytest.mark.parametrize(
    "broken", [break_bytes, break_cut, break_shape, break_input, break_numbers, Path.unlink]
)
def test_unusable_graph_stops_the_start(tmp_path: Path, broken: object) -> None:
    """The error comes at the load, is one line and has the file's or the folder's name."""
    folder = write_model(tmp_path, labels=LABELS)
    broken(folder / "model.onnx")  # type: ignore[operator]
    with pytest.raises(ModelError) as caught:
        load_classifier(folder, Device.CPU)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
