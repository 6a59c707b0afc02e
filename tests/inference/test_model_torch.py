"""The torch backend gives what the ONNX backend gives, and says what it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inference.model import load_classifier, text_scores
from inference.model_folder import read_folder
from inference.model_torch import TorchClassifier
from kysira.errors import ModelError
from kysira.settings import Device
from tests.inference.model_samples import LABELS, WORTH, write_tokenizer
from tests.needs import library

torch = library("torch", "torch")
transformers = library("transformers", "torch")

TEXTS = ["attackword", "harmless x", "", "attackword " * 9, "x " * 50 + "harmless", "other words"]


def write_bert(folder: Path, *, head: bool = True) -> Path:
    """Write a random BERT of two layers with its tokenizer and no ONNX export."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORTH), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, id2label={0: "BENIGN", 1: "INJECTION"},
        label2id={"BENIGN": 0, "INJECTION": 1}, initializer_range=0.3,
    )  # fmt: skip
    kind = transformers.BertForSequenceClassification if head else transformers.BertModel
    kind(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def export(folder: Path) -> None:
    """Add the model's ONNX export."""
    model = transformers.BertForSequenceClassification.from_pretrained(folder).eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "length"} for name in names}
    ones = torch.ones(2, 4, dtype=torch.long)
    torch.onnx.export(
        model, (ones, ones, ones * 0), str(folder / "model.onnx"), input_names=names,
        output_names=["logits"], dynamic_axes={**axes, "logits": {0: "batch"}}, dynamo=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random BERT."""
    return write_bert(tmp_path_factory.mktemp("bert"))


def test_model_without_export_runs(folder: Path) -> None:
    """On the CPU torch takes over when there is no ONNX export."""
    classifier = load_classifier(folder, Device.CPU)
    assert isinstance(classifier, TorchClassifier)
    scores = text_scores(classifier, TEXTS)
    assert scores[2] == 0.0
    assert len({round(score, 3) for score in scores}) > 3
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert text_scores(classifier, []) == []


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_batch_and_alone_agree(folder: Path, batch: int) -> None:
    """Padding and its neighbours do not move a text's score."""
    classifier = TorchClassifier(read_folder(folder), Device.CPU)
    classifier._batch = batch
    alone = [text_scores(classifier, [text])[0] for text in TEXTS]
    assert text_scores(classifier, TEXTS) == pytest.approx(alone, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_backends_agree(tmp_path: Path) -> None:
    """The export scores as the model it was made from."""
    folder = write_bert(tmp_path)
    export(folder)
    onnx = load_classifier(folder, Device.CPU)
    assert not isinstance(onnx, TorchClassifier)
    scores = text_scores(TorchClassifier(read_folder(folder), Device.CPU), TEXTS)
    assert text_scores(onnx, TEXTS) == pytest.approx(scores, abs=1e-5)


def test_model_without_head_is_refused(tmp_path: Path) -> None:
    """An encoder alone would get a random classifier on top."""
    folder = write_bert(tmp_path, head=False)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "id2label": LABELS}))
    with pytest.raises(ModelError, match=r"weights lack classifier"):
        load_classifier(folder, Device.CPU)


@pytest.mark.parametrize("content", [None, b"", b"no weights at all, to be sure"])
def test_broken_weights_are_refused(tmp_path: Path, content: bytes | None) -> None:
    """Missing or broken weights stop the start with one line that names the model."""
    folder = write_bert(tmp_path)
    (folder / "model.safetensors").unlink()
    if content is not None:
        (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_classifier(folder, Device.CPU)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", [Device.CUDA, Device.MPS])
def test_device_is_used_or_missed(folder: Path, device: Device) -> None:
    """A device that is there scores as the CPU does; one that isn't stops the start."""
    backend = torch.cuda if device is Device.CUDA else torch.backends.mps
    if backend.is_available():
        expected = text_scores(load_classifier(folder, Device.CPU), TEXTS)
        found = text_scores(load_classifier(folder, device), TEXTS)
        assert found == pytest.approx(expected, abs=1e-3)
    else:
        with pytest.raises(ModelError, match=rf"KYSIRA_DEVICE={device.value}, but torch finds no"):
            load_classifier(folder, device)


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_missing_extra_is_named(folder: Path, missing: str) -> None:
    """Without the extra the error says what to install."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from pathlib import Path; from inference.model import load_classifier\n"
        "from kysira.errors import ModelError; from kysira.settings import Device\n"
        "try: load_classifier(Path(sys.argv[1]), Device.CPU)\n"
        "except ModelError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=60
    )
    assert "no ONNX export, so it needs pip install '.[torch]'" in done.stdout, done.stderr
