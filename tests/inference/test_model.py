"""Models are asked only when it matters, and only about what it is about."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from inference.detector import Detector, Rule
from inference.engine import Engine
from inference.loading import load_engine
from inference.model import load_classifier, load_classifiers, model_folders, text_scores
from inference.model_stage import MAX_WINDOWS
from inference.model_text import Window
from inference.model_types import Classifier
from kysira.errors import ModelError, SettingsError
from kysira.settings import Device, EngineSettings, load
from kysira.types import Exclusion, Request, ScoreOptions, Uninspected
from tests.inference.model_samples import write_model

RULED = Detector("ruled", (Rule("marker", "rule-word"), Rule("hint", "hint-word", 0.4)))
SQLI = Detector("sqli", (Rule("marker", "sqlword"),), model_gate=lambda _, value: b" " in value)


class Asked:
    """A classifier that remembers what it was asked about."""

    def __init__(self, classifier: Classifier) -> None:
        self.texts: list[str] = []
        self._classifier = classifier
        self.windows = classifier.windows
        self.guess = classifier.guess

    def score(self, windows: Sequence[Window]) -> list[float]:
        """Remember, and pass on."""
        self.texts += [window.text for window in windows]
        return self._classifier.score(windows)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """Return the tiny model, as loaded from settings."""
    return Asked(load_classifier(write_model(tmp_path / "sqli"), Device.CPU))


@pytest.fixture
def engine(asked: Asked) -> Engine:
    """Return an engine of two detectors, one of them backed by the tiny model."""
    return Engine((RULED, SQLI), classifiers={"sqli": asked})


def get(target: bytes) -> Request:
    return Request("GET", target)


def test_packaged_models_are_the_default() -> None:
    """Both detectors have a model when nothing is set; each can be switched off or replaced."""
    folders = model_folders(EngineSettings())
    assert folders.keys() == {"sqli", "prompt-injection"}
    assert all((folder / "MODEL_CARD.md").is_file() for folder in folders.values())
    assert model_folders(EngineSettings(sqli_model="none", pi_model="none")) == {}
    assert model_folders(EngineSettings(sqli_model="my/model", pi_model="none")) == {
        "sqli": Path("my/model")
    }


def test_each_detector_has_its_model(tmp_path: Path) -> None:
    """Both settings are read, and health can tell model from regex."""
    settings = EngineSettings(
        sqli_model=str(write_model(tmp_path / "a")), pi_model=str(write_model(tmp_path / "b"))
    )
    found = load_classifiers(model_folders(settings), Device.CPU)
    assert found.keys() == {"sqli", "prompt-injection"}
    engine = Engine((RULED, SQLI), classifiers=found)
    assert engine.backings == {"ruled": "regex", "sqli": "model"}


def test_disabled_detector_loads_no_model(tmp_path: Path) -> None:
    """Its folder isn't even looked at."""
    settings = EngineSettings(sqli_model=str(tmp_path / "none"), disabled_detectors=("sqli",))
    assert model_folders(settings).keys() == {"prompt-injection"}


def test_unloadable_model_stops_the_engine(tmp_path: Path) -> None:
    """An engine never starts without a model that its user asked for."""
    with pytest.raises(ModelError, match="none: no such folder"):
        load_engine(EngineSettings(pi_model=str(tmp_path / "none")))


def test_unknown_device_is_a_settings_error() -> None:
    """The error has the variable's name and the choices."""
    with pytest.raises(SettingsError, match=r"KYSIRA_DEVICE: 'tpu' must be cpu or cuda or mps"):
        load(EngineSettings, "x", argv=[], environ={"KYSIRA_DEVICE": "tpu"})


def test_model_decides_when_rules_do_not(engine: Engine, asked: Asked) -> None:
    """A value without a rule's match is the model's to judge; a weak sign doesn't stop that."""
    verdict = engine.score(get(b"/?q=attackword+attackword&r=hint-word"), ScoreOptions())
    assert (verdict.detector, verdict.reason) == ("sqli", "sqli:model")
    assert verdict.score == verdict.breakdown["sqli"] > 0.95
    assert verdict.findings[0].location == "query:q"
    assert asked.texts == ["attackword attackword"]


def test_decided_request_skips_the_model(engine: Engine, asked: Asked) -> None:
    """A rule over its threshold is enough, whichever detector it belongs to."""
    verdict = engine.score(get(b"/?q=attackword+attackword&r=rule-word"), ScoreOptions())
    assert verdict.detector == "ruled"
    assert asked.texts == []


def test_threshold_says_what_is_decided(engine: Engine, asked: Asked) -> None:
    """The policy's threshold for the detector counts, not the rule's own strength."""
    target = b"/?q=attackword+attackword&r=hint-word"
    engine.score(get(target), ScoreOptions(thresholds={"ruled": 0.3}))
    assert asked.texts == []
    engine.score(get(target), ScoreOptions(thresholds={"ruled": 0.5}))
    assert asked.texts != []


@pytest.mark.parametrize("location", ["query:r", "query:*", "*"])
def test_excluded_finding_keeps_the_model(engine: Engine, asked: Asked, location: str) -> None:
    """A payload in an excluded field can't switch the model off for the rest of the request."""
    options = ScoreOptions(exclusions=(Exclusion("/", location, "ruled"),))
    verdict = engine.score(get(b"/?q=attackword+attackword&r=rule-word"), options)
    assert asked.texts == ["attackword attackword"]
    assert verdict.detector == "sqli"


def test_disabled_detector_is_not_asked(engine: Engine, asked: Asked) -> None:
    """Neither by the policy, nor by the settings."""
    request = get(b"/?q=attackword+attackword")
    verdict = engine.score(request, ScoreOptions(disabled=frozenset({"sqli"})))
    Engine((RULED, SQLI), classifiers={"sqli": asked}, disabled=frozenset({"sqli"})).score(
        request, ScoreOptions()
    )
    assert asked.texts == []
    assert verdict.score == 0.0
    assert "sqli" not in verdict.breakdown


def test_gate_keeps_values_from_the_model(engine: Engine, asked: Asked) -> None:
    """A value that can't matter is not asked about."""
    engine.score(get(b"/?q=attackword"), ScoreOptions())
    assert asked.texts == []


def test_budget_is_told(engine: Engine, asked: Asked) -> None:
    """More values than the model may read are reported as not read."""
    target = b"/?" + b"&".join(b"q%d=harmless+text+%d" % (n, n) for n in range(MAX_WINDOWS + 1))
    verdict = engine.score(get(target), ScoreOptions())
    assert len(asked.texts) == MAX_WINDOWS
    assert verdict.uninspected == (Uninspected.BUDGET,)


def test_long_text_scores_as_its_worst_window(tmp_path: Path) -> None:
    """An attack at the end of a long text isn't diluted, nor does it spill over to the next."""
    classifier = load_classifier(write_model(tmp_path, max_length=8), Device.CPU)
    texts = ["harmless " * 30 + "attackword " * 8, "harmless " * 30, ""]
    attack, harmless, nothing = text_scores(classifier, texts)
    assert attack > 0.9
    assert harmless < 0.1
    assert nothing == 0.0
