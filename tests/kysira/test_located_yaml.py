"""YAML becomes plain data with line numbers, and any text at all is read or complained about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kysira.located_yaml import Problem, read_yaml

TEXT = """\
mode: shadow
list:
  - name: a
    at: 2026-12-31
  - [1, 2.5, true, no, null, '5']
"""


def test_data_is_plain_and_knows_its_lines() -> None:
    """YAML 1.2: "no" is a word. Times stay text, and every part has its line."""
    found = read_yaml(TEXT)
    assert found.problems == []
    assert found.data == {
        "mode": "shadow",
        "list": [{"name": "a", "at": "2026-12-31"}, [1, 2.5, True, "no", None, "5"]],
    }
    assert found.line_of(("mode",)) == 1
    assert found.line_of(("list", 0, "at")) == 4
    assert found.line_of(("list", 1, 3)) == 5
    assert found.line_of(("list", 0, "not there")) == 3
    assert found.line_of(()) == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is there twice"),
        ("a: &x [1]\n", 1, "a: anchors and aliases"),
        ("a: 1\nb:\n  - !!python/object:os.system x\n", 3, "b[0]: 'x' can't be read as"),
        ("a: !!int x\n", 1, "a: 'x' can't be read as"),
        ("a: !!bool x\n", 1, "a: 'x' can't be read as"),
        ("a: !!float ''\n", 1, "a: '' can't be read as"),
        ("? [a]\n: 1\n", 1, "a key must be a word"),
        ("a: [\n", 2, "no YAML: "),
        ("a: 1\n--- \nb: 2\n", 2, "another document"),
        ("a: \x01\n", 1, "no YAML: "),
        ("a: b: c\n", 1, "no YAML: "),
        ("[" * 5000, 1, "nested too deeply"),
        ("- " * 40 + "a", 1, "nested too deeply"),
        ("%YAML 3.0\n---\na: 1\n", 1, "no YAML: "),
    ],
)
def test_what_is_wrong_has_a_line(text: str, line: int, words: str) -> None:
    """Each is one problem with its place, and nothing is raised."""
    (problem, *_) = read_yaml(text).problems
    assert problem.line == line
    assert words in str(problem)


def test_few_lines_do_not_fill_the_memory() -> None:
    """Aliases of aliases are not followed."""
    rows = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    found = read_yaml("\n".join(rows))
    assert len(found.problems) == 60


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_nothing_is_none(text: str) -> None:
    """An empty document is no problem of YAML's."""
    assert (read_yaml(text).data, read_yaml(text).problems) == (None, [])


def test_problem_says_where() -> None:
    """As people write a path into a document."""
    assert str(Problem("is wrong", ("routes", 1, "mode"))) == "routes[1].mode: is wrong"
    assert str(Problem("is wrong")) == "is wrong"


TAG = st.sampled_from(["bool", "int", "float", "null", "binary", "timestamp", "merge", "set"])


@given(TAG, st.text(st.sampled_from("ab:-+_.01e~ xn"), max_size=6))
def test_any_tag_on_any_text_is_read_or_complained_about(tag: str, text: str) -> None:
    """What a text says it is need not be so."""
    found = read_yaml(f"a: !!{tag} {text!r}\n")
    assert found.problems or "a" in found.data


@given(st.text(st.sampled_from("ab:-[]{}&*!?|>'\"#%@`,\n\t 01.~\x00é")))
def test_any_text_is_read_or_complained_about(text: str) -> None:
    """Nothing raises, and lines are lines of the text."""
    found = read_yaml(text)
    lines = text.count("\n") + text.count("\r") + 2
    assert all(1 <= problem.line <= lines for problem in found.problems)
