"""Calibration: logits become probabilities under which the default threshold means something.

Both numbers are fitted on rows that were kept back from training, and at the level that counts:
a request is as suspicious as its most suspicious field.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.training.evaluate import Scores, by_request, threshold_for
from kysira.types import DEFAULT_THRESHOLD

_TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(8), 121))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A probability is ``sigmoid((margin - shift) / temperature)``."""

    temperature: float
    shift: float
    """To be taken off the attack's logit, which a model's last bias can hold."""

    def probabilities(self, margins: Scores) -> Scores:
        """Return probabilities of margins: the attack's logit less the benign one's."""
        scaled = np.clip((margins - self.shift) / self.temperature, -60, 60)
        return np.asarray(1.0 / (1.0 + np.exp(-scaled)), dtype=np.float64)


def calibrate(
    margins: Scores,
    is_attack: Sequence[bool],
    requests: Sequence[Hashable],
    *,
    fpr: float,
    threshold: float = DEFAULT_THRESHOLD,
) -> Calibration:
    """Return the calibration under which ``threshold`` flags at most ``fpr`` of benign requests.

    The temperature is the one with the least log loss over requests (Guo et al. 2017) among those
    whose shift meets the rate; a request with one attack is an attack.
    """
    attacked: dict[Hashable, bool] = {}
    for request, attack in zip(requests, is_attack, strict=True):
        attacked[request] = attacked.get(request, False) or bool(attack)
    truth = np.array(list(attacked.values()))
    highest = by_request(margins, requests)
    limit = threshold_for(highest[~truth], fpr)
    odds = float(np.log(threshold / (1 - threshold)))

    def at(temperature: float) -> Calibration:
        return Calibration(temperature, limit - odds * temperature)

    losses = [_log_loss(at(t).probabilities(highest), truth) for t in _TEMPERATURES]
    return at(float(_TEMPERATURES[int(np.argmin(losses))]))


def _log_loss(probabilities: Scores, truth: npt.NDArray[np.bool_]) -> float:
    """Return the mean log loss, both classes weighing the same."""
    safe = np.clip(probabilities, 1e-7, 1 - 1e-7)
    attacks, benign = -np.log(safe[truth]), -np.log(1 - safe[~truth])
    return sum(float(part.mean()) for part in (attacks, benign) if len(part))
