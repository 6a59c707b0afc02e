"""The check of rendered objects without schemas."""

import pytest

from ctl.kubernetes.objects import check_objects
from ctl.render_output import Document
from kysira.errors import RenderError

OBJECT = "apiVersion: v1\nkind: Thing\nmetadata: {name: a}\nspec: {b: 1}\n"


def test_object_passes() -> None:
    """One object for each document."""
    check_objects([Document("a", OBJECT), Document("b", OBJECT)])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("apiVersion: v1", "apiVersion: 1"),
        ("kind: Thing", "kind: ''"),
        ("{name: a}", "{}"),
        ("{name: a}", "a"),
        ("spec: {b: 1}", "spec: {}"),
        ("{b: 1}", "{b: [}"),
        ("{b: 1}", "{b: 1}\n---\na: 1"),
        (OBJECT, ""),
    ],
)
def test_mistake_is_found(right: str, wrong: str) -> None:
    """In one line."""
    with pytest.raises(RenderError, match=r"^[^\n]*please report it[^\n]*$"):
        check_objects([Document("a", OBJECT.replace(right, wrong))])
