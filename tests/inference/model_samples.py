"""Tiny models in Hugging Face layout, made on the spot: they score by the words of a text.

A text's logit for attack is the mean of its words' worth: ``attackword`` +4, ``harmless`` −4, any
other word 0.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

WORTH = {"[PAD]": 0.0, "[UNK]": 0.0, "attackword": 4.0, "harmless": -4.0}
LABELS = {"0": "BENIGN", "1": "INJECTION"}


def write_model(folder: Path, *, labels: dict[str, str] | None = None, **own: object) -> Path:
    """Write an ONNX model and return its folder; ``own`` goes to ``kysira.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    names = LABELS if labels is None else labels
    config = {"id2label": names, "max_position_embeddings": 64, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config))
    if own:
        (folder / "kysira.json").write_text(json.dumps(own))
    write_graph(folder / "model.onnx", columns=len(names))
    return folder


def write_tokenizer(folder: Path) -> None:
    """Write a tokenizer that knows the words of ``WORTH``."""
    vocabulary = {word: number for number, word in enumerate(WORTH)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


def write_graph(
    path: Path, *, columns: int = 2, worth: float = 1.0, extra_input: str = "attention_mask"
) -> None:
    """Write a graph: the mean of the words' embeddings, then a linear layer of ``columns``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    embedding = np.array([[value * worth] for value in WORTH.values()], dtype=np.float32)
    head = np.zeros((1, columns), dtype=np.float32)
    head[0, -1] = 1.0
    constants: dict[str, np.ndarray] = {
        "embedding": embedding,
        "head": head,
        "axis": np.array([1], dtype=np.int64),
        "last": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "input_ids"], ["words"]),
        helper.make_node("Cast", [extra_input], ["float_mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["float_mask", "last"], ["mask"]),
        helper.make_node("Mul", ["words", "mask"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axis"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "axis"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "head"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", extra_input)
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", columns])
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
