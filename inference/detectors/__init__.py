"""The detectors, one file each; ``load_detectors`` finds them."""

import importlib
import pkgutil

from inference.detector import Detector


def load_detectors() -> tuple[Detector, ...]:
    """Return ``DETECTOR`` of every module in this folder, in order of the module names.

    Raises ValueError when two detectors have one slug or a module has no ``DETECTOR``.
    """
    found: dict[str, Detector] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        detector = getattr(importlib.import_module(f"{__name__}.{module.name}"), "DETECTOR", None)
        if not isinstance(detector, Detector):
            raise ValueError(f"inference/detectors/{module.name}.py has no DETECTOR")
        if detector.slug in found:
            raise ValueError(f"two detectors are called {detector.slug!r}")
        found[detector.slug] = detector
    return tuple(found.values())
