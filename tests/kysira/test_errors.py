"""The tree of errors is the one that the module draws."""

import inspect
import re

import pytest

from kysira import errors
from kysira.errors import KysiraError, RequestError, ScoringError

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn() -> dict[str, str]:
    """Return name → parent of the tree in the docstring."""
    parents: dict[str, str] = {}
    path: list[str] = []
    assert errors.__doc__
    for line in errors.__doc__.splitlines():
        if match := re.match(r"((?:[│ ] {3})*)(?:[├└]── )?(\w+)(?= {2}|$)", line):
            depth = (line.index(match[2])) // 4
            path = [*path[:depth], match[2]]
            if depth:
                parents[match[2]] = path[depth - 1]
    return parents


def test_drawing_is_the_tree() -> None:
    """Every error is drawn under its parent, and nothing else is."""
    real = {
        name: kind.__base__.__name__ for name, kind in CLASSES.items() if kind is not KysiraError
    }
    assert drawn() == real


@pytest.mark.parametrize("name", CLASSES)
def test_text_is_the_message(name: str) -> None:
    """Programs print an error as it is: one line that says what to do."""
    assert str(CLASSES[name]("set KYSIRA_MODE to shadow")) == "set KYSIRA_MODE to shadow"


def test_callers_catch_one_kind() -> None:
    """All of Kysira's errors are caught as one, and all failures of scoring as another."""
    assert all(issubclass(kind, KysiraError) for kind in CLASSES.values())
    scoring = {name for name, kind in CLASSES.items() if issubclass(kind, ScoringError)}
    assert scoring == {name for name in CLASSES if name.startswith("Scoring")}


def test_request_error_has_a_status() -> None:
    """400 unless told otherwise."""
    assert RequestError("no").status == 400
    assert RequestError("too large", 413).status == 413
