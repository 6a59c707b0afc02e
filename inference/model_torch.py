"""Models with transformers and torch: on cuda and mps, and on the CPU without an ONNX export."""

import inspect
from collections.abc import Sequence
from typing import Any

from inference.model_folder import ModelSpec
from inference.model_text import Encoder, Window, Windows, one_line
from kysira.errors import ModelError, ScoringError
from kysira.settings import Device

INSTALL = "pip install '.[torch]'"
# transformers has no class of its own for a folder that it can't read.
_ERRORS = (
    OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, ImportError,
)  # fmt: skip


class TorchClassifier:
    """Scores windows with a PyTorch model read from its folder alone, never from the network."""

    def __init__(self, spec: ModelSpec, device: Device) -> None:
        """Load onto the device; raises ModelError when torch, the device or a file is missing."""
        self._spec = spec
        self._device = device.value
        self._torch = _import_torch(spec, device)
        self._encoder = Encoder(spec)
        self._model = _load(spec, self._device)
        self._takes_types = "token_type_ids" in inspect.signature(self._model.forward).parameters
        # On a CPU a padded batch is slower than its windows one by one.
        self._batch = 1 if device is Device.CPU else 64

    def windows(self, text: str) -> Windows:
        """Return the text as the model reads it."""
        return self._encoder.windows(text)

    def guess(self, text: str) -> float:
        """Return 0: a net has no quick guess."""
        return 0.0

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Return the probability in [0, 1] that each is an attack; raises ScoringError."""
        scores = [0.0] * len(windows)
        # Alike in length side by side, so that little is padded; an empty one stays 0.
        lengths = [len(window.ids) for window in windows]
        order = sorted((n for n, length in enumerate(lengths) if length), key=lengths.__getitem__)
        for start in range(0, len(order), self._batch):
            numbers = order[start : start + self._batch]
            found = self._score([windows[number] for number in numbers])
            for number, score in zip(numbers, found, strict=True):
                scores[number] = score
        return scores

    def _score(self, batch: Sequence[Window]) -> list[float]:
        width = max(len(window.ids) for window in batch)
        feeds = {
            "input_ids": self._padded([window.ids for window in batch], width, self._spec.pad_id),
            "attention_mask": self._padded([[1] * len(window.ids) for window in batch], width, 0),
        }
        if self._takes_types:
            feeds["token_type_ids"] = self._padded([window.type_ids for window in batch], width, 0)
        try:
            with self._torch.inference_mode():
                logits = self._model(**feeds).logits.float().cpu().numpy()
            return self._spec.probabilities(logits)
        except (RuntimeError, LookupError, ValueError, ScoringError) as error:
            raise ScoringError(f"model {self._spec.folder}: {one_line(error)}") from error

    def _padded(self, rows: Sequence[Sequence[int]], width: int, pad: int) -> Any:
        full = [[*row, *[pad] * (width - len(row))] for row in rows]
        return self._torch.tensor(full, dtype=self._torch.long, device=self._device)


def _import_torch(spec: ModelSpec, device: Device) -> Any:
    try:
        import torch  # noqa: PLC0415  # an extra of 750 MB
        import transformers  # noqa: F401, PLC0415
    except ImportError:
        why = "has no ONNX export, so it" if device is Device.CPU else f"on {device.value}"
        raise ModelError(f"model {spec.folder} {why} needs {INSTALL}") from None
    if device is Device.CUDA and not torch.cuda.is_available():
        raise ModelError(f"model {spec.folder}: KYSIRA_DEVICE=cuda, but torch finds no CUDA device")
    if device is Device.MPS and not torch.backends.mps.is_available():
        raise ModelError(f"model {spec.folder}: KYSIRA_DEVICE=mps, but torch finds no MPS device")
    if device is Device.CPU:
        torch.set_num_threads(1)  # requests are scored in threads of our own
    return torch


def _load(spec: ModelSpec, device: str) -> Any:
    import safetensors  # noqa: PLC0415
    from transformers import AutoModelForSequenceClassification  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model, report = AutoModelForSequenceClassification.from_pretrained(
            spec.folder, local_files_only=True, output_loading_info=True
        )
        model = model.to(device).eval()
    except (*_ERRORS, safetensors.SafetensorError) as error:
        raise ModelError(f"model {spec.folder}: {one_line(error)}") from error
    if missing := sorted(report["missing_keys"]):
        # transformers would fill them with random numbers.
        raise ModelError(f"model {spec.folder}: its weights lack {missing[0]}: is it a classifier?")
    return model
