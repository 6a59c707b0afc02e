"""kysiractl render: its targets, and the examples of each that are committed."""

import re
import shlex
from pathlib import Path

import pytest

from tests.ctl.command import run

EXAMPLES = Path(__file__).parents[2] / "envoy-configs"
SCRIPT = EXAMPLES / "render.sh"
COMMANDS = [
    shlex.split(line)[1:]
    for line in SCRIPT.read_text().replace("\\\n", "").splitlines()
    if line.startswith("kysiractl ")
]


def contents(folder: Path) -> dict[str, str]:
    """Return the files below a folder, by path, but for the script and the page about them."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent != EXAMPLES
    }


def targets() -> set[str]:
    """Return the targets that --help lists."""
    text = run("render", "--help").out
    return set(re.findall(r"^│ ([a-z][a-z-]+) ", text, flags=re.MULTILINE))


def test_every_target_is_listed() -> None:
    """The targets that exist, each with a line of help."""
    assert targets() == {
        "compose", "contour", "envoy", "envoy-gateway", "helm-values", "istio", "kustomize",
        "nginx",
    }  # fmt: skip


def test_every_target_has_an_example() -> None:
    """The script renders each target at least once."""
    assert {command[1] for command in COMMANDS} == targets()


def test_committed_examples_are_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """envoy-configs holds what its script renders today, and nothing else."""
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        outcome = run(*command)
        assert outcome.code == 0, outcome.err
    assert contents(EXAMPLES) == contents(tmp_path), "run: cd envoy-configs && sh render.sh"
