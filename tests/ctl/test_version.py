"""What is installed here."""

import json
import re

import pytest

from ctl import version as module
from kysira import __version__
from kysira.errors import StartError
from tests.ctl.command import run


def test_version_names_all_parts() -> None:
    """Python, the engine's libraries, Envoy and the models."""
    outcome = run("version")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == f"kysiractl {__version__}"
    for name in ("python", "google-re2", "onnxruntime", "envoy", "model sqli-classifier"):
        assert re.search(rf"^  {name} +\S", outcome.out, re.MULTILINE), name


def test_version_json_is_stable() -> None:
    """The keys that docs/kysiractl.md lists; a model has a hash."""
    found = json.loads(run("version", "-o", "json").out)
    assert list(found) == ["kysiractl", "python", "platform", "libraries", "envoy", "models"]
    assert found["kysiractl"] == __version__
    assert set(found["models"]) == {"prompt-injection", "sqli-classifier"}
    assert all(re.fullmatch("[0-9a-f]{12}", sha) for sha in found["models"].values())
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", found["envoy"]["version"])


def test_version_without_envoy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Envoy is no error: it is said."""

    def nowhere() -> None:
        raise StartError("no Envoy")

    monkeypatch.setattr(module, "find_envoy", nowhere)
    assert json.loads(run("version", "-o", "json").out)["envoy"] is None
    assert "none found" in run("version").out


def test_version_of_an_odd_envoy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is no Envoy, or none that runs, is shown with its path."""
    for path in ("/bin/true", "/none"):
        monkeypatch.setattr(module, "find_envoy", lambda path=path: path)
        found = json.loads(run("version", "-o", "json").out)["envoy"]
        assert found == {"path": path, "version": "unknown"}
