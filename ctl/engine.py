"""The engine in this process, for the commands that score requests themselves."""

from collections.abc import Callable

from inference.loading import load_engine
from kysira.settings import EngineSettings
from kysira.types import Request, ScoreOptions, Verdict

Scoring = Callable[[Request, ScoreOptions], Verdict]


def load_scoring(settings: EngineSettings) -> Scoring:
    """Return what scores a request; raises SettingsError or ModelError with one clear line."""
    return load_engine(settings).score
