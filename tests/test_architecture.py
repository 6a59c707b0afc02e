"""The repository keeps its own rules: what is documented, and what is tested."""

import dataclasses
import re
from pathlib import Path

import pytest

from extproc.settings import ExtProcSettings
from inference.detectors import load_detectors
from inference.service import InferenceSettings

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_readme_names_every_detector() -> None:
    """The README's list is what is found at start."""
    text = re.sub(r"\s+", " ", (ROOT / "README.md").read_text())
    listed = re.search(r"The 14 detectors: ([^.]*)\.", text)
    assert listed
    assert sorted(listed[1].split(", ")) == sorted(d.slug for d in load_detectors())


@pytest.mark.parametrize("settings", [ExtProcSettings, InferenceSettings])
def test_every_setting_says_what_it_is(settings: type) -> None:
    """--help has a sentence for each."""
    for field in dataclasses.fields(settings):
        assert field.metadata["help"].endswith("."), field.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """No link of a document points to a file that is not there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("package", ["kysira", "inference", "extproc", "ctl"])
def test_no_file_is_too_long(package: str) -> None:
    """A reader can take in each file: 400 lines at most."""
    for path in (ROOT / package).rglob("*.py"):
        if "_pb2" not in path.name:
            assert len(path.read_text().splitlines()) <= 400, path
