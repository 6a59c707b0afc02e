"""The engine that commands run in their own process."""

from pathlib import Path

import pytest

from ctl.engine import load_scoring
from kysira.errors import ModelError
from kysira.settings import NO_MODEL, EngineSettings
from kysira.types import Request, ScoreOptions


def test_engine_scores_requests() -> None:
    """As the services would."""
    score = load_scoring(EngineSettings(sqli_model=NO_MODEL, pi_model=NO_MODEL))
    attack = Request("GET", b"/?q=%27%20union%20select%20pin%20from%20staff--")
    assert score(attack, ScoreOptions()).detector == "sqli"
    assert score(Request("GET", b"/?q=a+quiet+walk"), ScoreOptions()).score == 0


def test_missing_model_is_told(tmp_path: Path) -> None:
    """One line with the folder's name."""
    with pytest.raises(ModelError, match="no-model"):
        load_scoring(EngineSettings(sqli_model=str(tmp_path / "no-model")))
