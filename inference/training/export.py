"""From a trained torch model to a folder in Hugging Face layout, with an int8 ONNX graph."""

import json
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.model import load_net, text_scores
from inference.model_folder import read_folder
from inference.training.evaluate import Scores
from kysira.settings import Device

GRAPH = "model_quantized.onnx"
_OPSET = 17


@dataclass(frozen=True, slots=True)
class Own:
    """What ``kysira.json`` says."""

    attack_label: str
    max_length: int
    temperature: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the int8 graph is from the model it was made of, over some texts."""

    texts: int
    mean_difference: float
    largest_difference: float
    """Of probabilities."""
    flips: int
    """Texts on the other side of the threshold."""

    def __str__(self) -> str:
        """Return one line for a card."""
        return (
            f"{self.texts} texts: mean difference {self.mean_difference:.4f}, largest "
            f"{self.largest_difference:.4f}, {self.flips} on the other side of the threshold"
        )


def write_folder(model: Any, tokenizer: Any, folder: Path, own: Own) -> None:
    """Write weights, configuration, tokenizer, ``kysira.json`` and the int8 graph.

    ``model`` is a transformers sequence classifier on the CPU whose configuration names its labels
    (``id2label``), ``tokenizer`` a ``tokenizers.Tokenizer``. ``temperature`` and ``max_length`` go
    to ``kysira.json``: they are not applied to the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    # safetensors writes for the owner alone; the weights are for every user of an installation.
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "kysira.json").write_text(
        json.dumps(
            {
                "attack_label": own.attack_label,
                "max_length": own.max_length,
                "temperature": round(own.temperature, 6),
            },
            indent=1,
        )
        + "\n"
    )
    export_int8(model, folder / GRAPH)


def export_int8(model: Any, path: Path) -> None:
    """Write the model's ONNX graph with weights of 8 bits; batch and length stay free."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "model.onnx"
        export_float(model, whole)
        quantize_dynamic(str(whole), str(path), weight_type=QuantType.QInt8, per_channel=True)


def export_float(model: Any, path: Path) -> None:
    """Write the model's ONNX graph as it is."""
    import inspect  # noqa: PLC0415

    import torch  # noqa: PLC0415

    accepted = inspect.signature(model.forward).parameters
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in accepted]
    example = {name: torch.ones(2, 5, dtype=torch.long) for name in names}
    if "token_type_ids" in example:
        example["token_type_ids"] = torch.zeros(2, 5, dtype=torch.long)
    axes = {name: {0: "batch", 1: "length"} for name in names}
    model.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of itself
        torch.onnx.export(
            _Logits(model, names).module, tuple(example.values()), str(path), input_names=names,
            output_names=["logits"], dynamic_axes={**axes, "logits": {0: "batch"}},
            opset_version=_OPSET, dynamo=False,
        )  # fmt: skip


class _Logits:
    """A model whose positional inputs are given by name, whatever order it declares them in."""

    def __init__(self, model: Any, names: Sequence[str]) -> None:
        import torch  # noqa: PLC0415

        class Module(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, *inputs: Any) -> Any:
                return self.model(**dict(zip(names, inputs, strict=True))).logits

        self.module = Module().eval()


def agreement(folder: Path, texts: Sequence[str], *, threshold: float) -> Agreement:
    """Compare the folder's graph with its torch model, both loaded as the engine loads them."""
    from inference.model_torch import TorchClassifier  # noqa: PLC0415

    quantized = scores_of(folder, texts)
    whole = np.array(text_scores(TorchClassifier(read_folder(folder), Device.CPU), texts))
    apart = np.abs(quantized - whole)
    flips = (quantized >= threshold) != (whole >= threshold)
    return Agreement(len(texts), float(apart.mean()), float(apart.max()), int(flips.sum()))


def scores_of(folder: Path, texts: Sequence[str]) -> Scores:
    """Return the probabilities that the folder's model alone gives on a CPU."""
    return np.array(text_scores(load_net(folder, Device.CPU), texts), dtype=np.float64)
