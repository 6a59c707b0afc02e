"""The repository keeps its own rules: what is documented, and what is tested."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from adapter.nginx_settings import AdapterSettings
from adapter.settings import ProxySettings
from extproc.settings import ExtProcSettings
from inference.detectors import load_detectors
from inference.service import InferenceSettings

ROOT = Path(__file__).parent.parent
PACKAGES = ("kysira", "inference", "extproc", "adapter", "ctl")
TESTED_ELSEWHERE = {
    "inference/detectors": "tests/data/detectors/<slug>.jsonl holds each one's cases",
}
"""Folders and modules without a test file of their own, and why they need none."""
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_readme_names_every_detector() -> None:
    """The README's list is what is found at start."""
    text = re.sub(r"\s+", " ", (ROOT / "README.md").read_text())
    listed = re.search(r"The 14 detectors: ([^.]*)\.", text)
    assert listed
    assert sorted(listed[1].split(", ")) == sorted(d.slug for d in load_detectors())


@pytest.mark.parametrize(
    "settings", [ExtProcSettings, InferenceSettings, ProxySettings, AdapterSettings]
)
def test_every_setting_says_what_it_is(settings: type) -> None:
    """--help has a sentence for each."""
    for field in dataclasses.fields(settings):
        assert field.metadata["help"].endswith("."), field.name


HELM_VALUES = {
    ProxySettings: (
        "targetURL", "inferenceURL", "mode", "scoreThreshold", "sinks", "httpSinkURL", "proxyPort",
    ),
    ExtProcSettings: ("inferenceURL", "mode", "scoreThreshold", "grpcPort", "metricsPort"),
    AdapterSettings: ("inferenceURL", "mode", "scoreThreshold"),
}  # fmt: skip
"""The deployment guide's names of what is set in a chart, under ``config`` and ``service``."""


@pytest.mark.parametrize("settings", HELM_VALUES)
def test_helm_values_are_settings(settings: type) -> None:
    """Who knows a chart's value knows the variable: ``targetURL`` is ``KYSIRA_TARGET_URL``."""
    names = {field.name for field in dataclasses.fields(settings)}
    for value in HELM_VALUES[settings]:
        assert re.sub(r"(?<!^)([A-Z]+)", r"_\1", value).lower() in names, value


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """No link of a document points to a file that is not there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


def mirrored(module: str) -> Path:
    """Return where the tests of a module are: the mirrored path; a package's are beside it."""
    path = Path(module)
    name = path.parent.name if path.name == "__init__.py" else path.stem.strip("_")
    folder = path.parent.parent if path.name == "__init__.py" else path.parent
    return ROOT / "tests" / folder / f"test_{name}.py"


def holds_code(path: Path) -> bool:
    """Return True for a module with a function or a class."""
    nodes = ast.parse(path.read_text()).body
    return any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in nodes)


def own_modules() -> list[str]:
    """Return the modules that must have a test file of their own."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    written = [path for path in found if "_pb2" not in path.name]
    named = [path for path in written if path.name != "__init__.py" or holds_code(path)]
    return sorted(str(path.relative_to(ROOT)) for path in named)


MODULES = own_modules()


@pytest.mark.parametrize("module", MODULES)
def test_module_has_its_tests(module: str) -> None:
    """Each module's promises are proven in one file, which is where a reader looks for them."""
    is_package = module.endswith("/__init__.py")
    if not is_package and {module, str(Path(module).parent)} & TESTED_ELSEWHERE.keys():
        return
    tests = mirrored(module)
    assert tests.exists(), f"write {tests.relative_to(ROOT)}"
    assert "def test_" in tests.read_text()


def test_exceptions_are_needed() -> None:
    """Nothing is excepted that is not there, or has a test file by now."""
    for name in TESTED_ELSEWHERE:
        inside = [module for module in MODULES if module == name or module.startswith(f"{name}/")]
        assert inside, name
        assert not any(mirrored(each).exists() for each in inside if "__init__" not in each)


def test_every_detector_has_its_table() -> None:
    """The cases of a detector are its test: one table for each, and none without a detector."""
    tables = {path.stem for path in (ROOT / "tests" / "data" / "detectors").glob("*.jsonl")}
    assert tables == {detector.slug for detector in load_detectors()}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_too_long(package: str) -> None:
    """A reader can take in each file: 400 lines at most."""
    for path in (ROOT / package).rglob("*.py"):
        if "_pb2" not in path.name:
            assert len(path.read_text().splitlines()) <= 400, path
