"""The whole run on a handful of rows: data in, a folder out that both backends load alike."""

import json
from pathlib import Path

import numpy as np
import pytest

from inference.model import load_classifier, text_scores
from inference.model_folder import read_folder
from inference.model_torch import TorchClassifier
from inference.training.__main__ import main
from inference.training.card import changed_files
from inference.training.options import TrainOptions
from inference.training.sqli import SHOWN_TOKENS, train
from kysira.settings import Device
from tests.inference.training.training_samples import write_data
from tests.needs import library

for name in ("torch", "transformers", "sklearn"):
    library(name, "train")

TEXTS = ["1' or '1'='1", "it's late", "", "é漢字'" * 300, "\x00\x01' --", "0x" + "f" * 5000]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that a short run wrote."""
    root = tmp_path_factory.mktemp("run")
    data = write_data(root / "data")
    options = TrainOptions(data, root / "model", limit=60, epochs=0.5)
    report = train(options)
    assert "| rules | net (int8, as shipped) |" in report.markdown.replace("set | ", "| ", 1)
    assert {path.name for path in report.files} >= {"model.safetensors", "MODEL_CARD.md"}
    return options.out


@pytest.mark.filterwarnings("ignore")
def test_folder_is_whole(folder: Path) -> None:
    """The engine reads it without a guess, and its checksums hold."""
    spec = read_folder(folder)
    assert spec.labels == ("BENIGN", "SQLI")
    assert spec.attacks == (1,)
    assert spec.max_length == SHOWN_TOKENS
    assert spec.graph is not None
    assert json.loads((folder / "kysira.json").read_text())["temperature"] == spec.temperature
    assert changed_files(folder) == []


def test_backends_agree_on_any_text(folder: Path) -> None:
    """The int8 graph is within 0.05 of the torch model, empty, long and odd texts included."""
    onnx = text_scores(load_classifier(folder, Device.CPU), TEXTS)
    whole = text_scores(TorchClassifier(read_folder(folder), Device.CPU), TEXTS)
    assert np.abs(np.array(onnx) - np.array(whole)).max() < 0.05


def test_dry_run_counts_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes nothing, and prints the sources with their licences."""
    data = write_data(tmp_path / "data")
    main(["sqli", "--data", str(data), "--out", str(tmp_path / "out"), "--dry-run", "--limit", "9"])
    assert "| scanner | none stated | **no** |" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
