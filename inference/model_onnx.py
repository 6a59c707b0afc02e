"""Models on the CPU: tokenizers and onnxruntime."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from inference.model_folder import ModelSpec
from inference.model_text import Encoder, Window, Windows, one_line
from kysira.errors import ModelError, ScoringError

# onnxruntime's errors have no class in common but Exception.
_ERRORS: tuple[type[Exception], ...] = (RuntimeError, ValueError, *(
    kind for kind in vars(onnxruntime_pybind11_state).values()
    if isinstance(kind, type) and issubclass(kind, Exception)
))  # fmt: skip
_SCORING_ERRORS: tuple[type[Exception], ...] = (*_ERRORS, ScoringError)
_INPUTS: dict[str, Callable[[Window], Sequence[int]]] = {
    "input_ids": lambda window: window.ids,
    "token_type_ids": lambda window: window.type_ids,
    "attention_mask": lambda window: [1] * len(window.ids),
    "position_ids": lambda window: range(len(window.ids)),
}
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class OnnxClassifier:
    """Scores windows with an ONNX export.

    One a run: a padded batch is no faster on a CPU, and in an int8 graph, whose activations are
    scaled over the whole batch, one could move the score of another.
    """

    def __init__(self, spec: ModelSpec, graph: Path) -> None:
        """Load the graph and the tokenizer; raises ModelError naming the file that is wrong."""
        self._spec = spec
        self._graph = graph
        self._encoder = Encoder(spec)
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), _options(), providers=["CPUExecutionProvider"]
            )
        except _ERRORS as error:
            raise ModelError(f"model file {graph}: {one_line(error)}") from error
        self._inputs = {given.name: _TYPES.get(given.type) for given in self._session.get_inputs()}
        if not self._inputs.keys() <= _INPUTS.keys() or None in self._inputs.values():
            raise ModelError(
                f"model file {graph}: takes {', '.join(self._inputs)}; inputs must be whole-number "
                f"tensors out of {', '.join(_INPUTS)}"
            )

    def windows(self, text: str) -> Windows:
        """Return the text as the model reads it."""
        return self._encoder.windows(text)

    def guess(self, text: str) -> float:
        """Return 0: a graph has no quick guess."""
        return 0.0

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Return the probability in [0, 1] that each is an attack; raises ScoringError."""
        return [self._score(window) for window in windows]

    def _score(self, window: Window) -> float:
        if not window.ids:
            return 0.0
        feeds = {
            name: np.array([_INPUTS[name](window)], dtype=kind)
            for name, kind in self._inputs.items()
        }
        try:
            logits: Any = self._session.run(None, feeds)[0]
            return self._spec.probabilities(np.asarray(logits))[0]
        except _SCORING_ERRORS as error:
            raise ScoringError(f"model file {self._graph}: {one_line(error)}") from error


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # Requests are scored in threads of our own; a pool under each would fight over the cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its complaints come back as errors
    return options
