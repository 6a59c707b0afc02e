"""Edits that leave the rest of a YAML text alone."""

from collections.abc import Callable

import pytest
from ruamel.yaml.nodes import Node

from ctl.yaml_edit import Document, get, items, pairs, scalar
from kysira.errors import RenderError

NEW = "- name: new\n  # why\n  a: {b: 1}\n"
BLOCK = """\
# head
list:
  - name: one   # first

  # about two
  - {name: two}
rest: [1, 2]
"""
INDENTLESS = "list:\n- name: one\n  v: |\n    text\n\n# about two\n- name: two\n"
FLOW = '{"list": [{"name": "one"}, {"name": "two"}], "rest": 1}'


def edited(text: str, edit: Callable[[Document, Node], None]) -> str:
    """Return the text after an edit of its ``list``."""
    document = Document(text)
    node = get(document.root, "list")
    assert node is not None
    edit(document, node)
    return document.text


def names(text: str) -> list[str]:
    """Return the names of the items of ``list``."""
    return [scalar(get(item, "name")) for item in items(get(Document(text).root, "list"))]


@pytest.mark.parametrize("text", [BLOCK, INDENTLESS, FLOW, BLOCK.replace("\n", "\r\n")])
def test_untouched_text_is_the_same(text: str) -> None:
    """Without edits every byte stays."""
    assert Document(text).text == text


def test_insert_keeps_comments_with_their_item() -> None:
    """The new item comes after the one before; a comment stays above the item it is about."""
    text = edited(BLOCK, lambda d, n: d.insert(n, 1, NEW, after=0))
    assert text == BLOCK.replace(
        "# first\n",
        "# first\n  - name: new\n    # why\n    a: {b: 1}\n",
    )


@pytest.mark.parametrize("text", [BLOCK, INDENTLESS, FLOW])
@pytest.mark.parametrize(
    ("edit", "result"),
    [
        (lambda d, n: d.insert(n, 1, NEW, after=0), ["one", "new", "two"]),
        (lambda d, n: d.insert(n, 0, NEW, after=None), ["new", "one", "two"]),
        (lambda d, n: d.append(n, NEW), ["one", "two", "new"]),
        (lambda d, n: d.substitute(n, 0, NEW), ["new", "two"]),
        (lambda d, n: d.substitute(n, 1, NEW), ["one", "new"]),
        (lambda d, n: d.remove(n, 0), ["two"]),
    ],
)
def test_edit_of_a_list(
    text: str, edit: Callable[[Document, Node], None], result: list[str]
) -> None:
    """Each edit does the same in every layout, and the rest of the file is still there."""
    text = edited(text, edit)
    assert names(text) == result
    assert "about two" in text or text.startswith("{")


def test_windows_line_ends_are_kept() -> None:
    """New lines end as the file's own do."""
    text = edited(BLOCK.replace("\n", "\r\n"), lambda d, n: d.append(n, NEW))
    assert text.count("\n") == text.count("\r\n")
    assert names(text) == ["one", "two", "new"]


@pytest.mark.parametrize(
    ("edit", "added"),
    [
        (lambda d, n: d.append(n, NEW), "  - name: new|\n    # why|\n    a: {b: 1}|\n"),
        (lambda d, n: d.insert(n, 0, NEW, after=None), "  - name: new\n    # why\n    a: {b: 1}\n"),
    ],
)
def test_mixed_line_ends_are_kept(edit: Callable[[Document, Node], None], added: str) -> None:
    """Every line has the end it had; a new one that of the line it stands at."""
    text = BLOCK.replace("about two\n", "about two\r\n").replace("{name: two}\n", "{name: two}\r\n")
    assert Document(text).text == text
    changed = edited(text, edit)
    added = added.replace("|\n", "\r\n")
    assert added in changed
    assert changed.replace(added, "") == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a: 1\r\nlist: []  # why\nb: 2\r\n", "a: 1\r\nlist:   # why\n- x\nb: 2\r\n"),
        ("a: 1\nlist: [] \r\nb: 2\n", "a: 1\nlist:\r\n- x\r\nb: 2\n"),
        ("a: 1\r\nlist: []", "a: 1\r\nlist:\r\n- x"),
        ("list: [\n]", "list:\n- x"),
    ],
)
def test_empty_list_is_filled(text: str, result: str) -> None:
    """Below its line, whose comment stays."""
    assert edited(text, lambda d, n: d.fill(n, "- x\n")) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a: 1\n", "a: 1\nb: 2\n"), ("a: 1", "a: 1\nb: 2\n"), ("a: 1\r\n", "a: 1\r\nb: 2\r\n"),
        ("x: 1\na: 1\r\n", "x: 1\na: 1\r\nb: 2\r\n"),
        ("x: 1\r\na: 1\n", "x: 1\r\na: 1\nb: 2\n"), ("x: 1\r\na: 1", "x: 1\r\na: 1\r\nb: 2\r\n"),
    ],
)  # fmt: skip
def test_lines_are_added_at_the_end(text: str, result: str) -> None:
    """They end as the last line does."""
    document = Document(text)
    document.add_at_end("b: 2\n")
    assert document.text == result


def test_file_without_last_newline() -> None:
    """An item can follow the very last character."""
    text = edited("list:\n  - name: one", lambda d, n: d.append(n, NEW))
    assert names(text) == ["one", "new"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("list:\n  a: 1   # one\n  b: 2\n", "list:\n  a: 1   # one\n  k: 7\n  b: 2\n"),
        ("list: {a: 1}\n", 'list: {"k": 7, a: 1}\n'),
        ("list: {}\n", 'list: {"k": 7}\n'),
        ("x: &x {q: 1}\nlist:\n  a: *x\n", "x: &x {q: 1}\nlist:\n  a: *x\n  k: 7\n"),
    ],
)
def test_key_is_added(text: str, result: str) -> None:
    """A key joins a mapping of either layout."""
    assert edited(text, lambda d, n: d.set(n, "k", "7")) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("list:\n  k: 5  # old\n", "list:\n  k: 7  # old\n"),
        ("list:\n  k:   # none\n  a: 1\n", "list:\n  k: 7   # none\n  a: 1\n"),
        ("list:\n  k:\n", "list:\n  k: 7\n"),
        ("list:\n  k: {}\n", "list:\n  k: 7\n"),
        ("list: {k: 5, a: 1}\n", "list: {k: 7, a: 1}\n"),
    ],
)
def test_value_is_replaced(text: str, result: str) -> None:
    """A scalar, an empty value or a flow value gives way; its comment stays."""
    assert edited(text, lambda d, n: d.set(n, "k", "7")) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("list:\n  k: 5\n", "list:\n  # why\n  k: 7\n"),
        ("list:\n  a: 1\n  k: {}  # old\n", "list:\n  a: 1\n  # why\n  k: 7  # old\n"),
        ("list:\n  a: 1\n  b: 2\n", "list:\n  a: 1\n  # why\n  k: 7\n  b: 2\n"),
        ("list:\n  # why\n  k: 5\n", "list:\n  # why\n  k: 7\n"),
        ("list: {k: 5}\n", "list: {k: 7}\n"),
        ("list: {}\n", 'list: {"k": 7}\n'),
        ("list: {\n  k: 5}\n", "list: {\n  # why\n  k: 7}\n"),
    ],
)
def test_comment_is_put_above_the_key(text: str, result: str) -> None:
    """On a line of its own, once; where other things share the key's line there is none."""
    assert edited(text, lambda d, n: d.set(n, "k", "7", comment="why")) == result
    again = edited(result, lambda d, n: d.set(n, "k", "7", comment="why"))
    assert again == result


def test_comment_is_left_out_beside_a_dash() -> None:
    """A line above it would be in the item before."""
    document = Document("list:\n  - k: 5\n")
    document.set(items(get(document.root, "list"))[0], "k", "7", comment="why")
    assert document.text == "list:\n  - k: 7\n"


def test_merge_keys_are_followed() -> None:
    """``<<`` lends its keys; own ones come first."""
    document = Document("base: &b {a: 1, c: 3}\nx:\n  <<: *b\n  a: 2\n")
    assert [(k, scalar(v)) for k, v in pairs(get(document.root, "x"))] == [
        ("a", "2"), ("a", "1"), ("c", "3"),
    ]  # fmt: skip
    assert scalar(get(document.root, "x", "a")) == "2"


def test_list_of_aliases_is_refused() -> None:
    """An item that stands elsewhere has no place here; the line is named."""
    text = "x: &x {name: one}\nlist:\n  - *x\n"
    with pytest.raises(RenderError, match="line 3"):
        edited(text, lambda d, n: d.append(n, NEW))


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "a: 1\n---\nb: 2\n", "\tx: 1"])
def test_other_text_is_refused(text: str) -> None:
    """Broken YAML and several documents are one line."""
    with pytest.raises(RenderError, match=r"^not YAML: [^\n]*$"):
        Document(text)


def test_missing_nodes_are_none() -> None:
    """Looking into what is not there finds nothing."""
    document = Document("a: 1\n")
    assert get(document.root, "b", "c") is None
    assert get(document.root, "a", "c") is None
    assert (items(None), scalar(None)) == ([], "")
    assert Document("").root is None
