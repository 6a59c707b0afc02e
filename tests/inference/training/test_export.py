"""An export answers as its original does."""

import json
from pathlib import Path

import onnx
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from inference.model_folder import read_folder
from inference.training.export import GRAPH, Own, agreement, export_float, scores_of, write_folder
from tests.inference.model_samples import WORTH
from tests.needs import library

torch = library("torch", "torch")
transformers = library("transformers", "torch")

TEXTS = ["attackword", "harmless attackword", "attackword " * 30, "other"]


def _kinds(graph: Path) -> set[int]:
    return {each.data_type for each in onnx.load(str(graph)).graph.initializer}


@pytest.mark.filterwarnings("ignore")
def test_folder_has_weights_and_graph(tmp_path: Path) -> None:
    """Both are read back, and agree; what kysira.json says is what was asked for."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORTH), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, id2label={0: "BENIGN", 1: "BAD"},
        label2id={"BENIGN": 0, "BAD": 1}, initializer_range=0.3,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config).eval()
    vocabulary = {word: number for number, word in enumerate(WORTH)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_padding(length=64)
    write_folder(model, tokenizer, tmp_path / "model", Own("BAD", 32, 1.25))
    spec = read_folder(tmp_path / "model")
    assert (spec.attacks, spec.max_length, spec.temperature) == ((1,), 32, 1.25)
    assert spec.graph == tmp_path / "model" / GRAPH
    assert json.loads((tmp_path / "model" / "tokenizer.json").read_text())["padding"] is None
    found = agreement(tmp_path / "model", TEXTS, threshold=0.5)
    assert found.texts == len(TEXTS)
    assert found.largest_difference < 0.05
    assert len(set(scores_of(tmp_path / "model", TEXTS).round(3))) > 2
    assert _kinds(spec.graph) >= {onnx.TensorProto.INT8}
    export_float(model, tmp_path / "whole.onnx")
    assert onnx.TensorProto.INT8 not in _kinds(tmp_path / "whole.onnx")
