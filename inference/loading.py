"""Builds an engine from settings."""

from inference.detectors import load_detectors
from inference.engine import Engine
from inference.model import load_classifiers, model_folders
from inference.rule_cache import cached_matcher
from inference.scanning import Scanner
from kysira.errors import SettingsError
from kysira.settings import EngineSettings


def load_engine(settings: EngineSettings) -> Engine:
    """Return the engine; raises SettingsError or ModelError with one clear line."""
    detectors = load_detectors()
    known = {detector.slug for detector in detectors}
    unknown = set(settings.disabled_detectors) - known
    if unknown:
        raise SettingsError(
            f"KYSIRA_DISABLED_DETECTORS: no detector is called {', '.join(sorted(unknown))}; "
            f"there are {', '.join(sorted(known))}"
        )
    disabled = frozenset(settings.disabled_detectors)
    return Engine(
        detectors,
        classifiers=load_classifiers(model_folders(settings), settings.device),
        disabled=disabled,
        scanner=Scanner(detectors, compile_with=cached_matcher),
    )
