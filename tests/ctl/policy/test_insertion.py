"""Exclusions are added to a file, which stays as it is otherwise."""

import pytest

from ctl.policy.insertion import block, with_exclusions
from kysira.errors import PolicyError
from kysira.policy_file import parse_policy
from kysira.types import Exclusion
from tests.ctl.replay.made import NOW

ADDED = (
    Exclusion("/cms", "form:a[[]0]", "xss", "new", 1_850_000_000.0, "it's: #1"),
    Exclusion("/b", "*", "sqli", "newer"),
)
LISTED = """\
# head

mode: active   # say why
exclusions:      # of the shop
  # the first
  - name: old
    path: /old   # there

# tail
routes:
- {name: a, match: {path: /a}}
"""


@pytest.mark.parametrize(
    "text",
    [
        LISTED, "mode: active\n", "mode: active", "exclusions: [] # none\n",
        "exclusions: []\nmode: active\n",
        "mode: active\r\nexclusions:\r\n- {name: a, path: /a}\r\n# end\r\n",
        "exclusions: [{name: a, path: /a}]\n", "---\nmode: active\n# end\n",
        "  mode: active\n  threshold: 0.5\n", "exclusions: []\n# nothing yet\nmode: shadow\n",
        "exclusions:\n- path: /a\n  name: a\n  reason: >\n    long\n    text\n",
        '{"exclusions": [{"name": "a", "path": "/a"}]}', "\ufeffmode: active\n",
    ],
)  # fmt: skip
def test_exclusions_are_added(text: str) -> None:
    """At the end of the list; every line that was there is there still."""
    changed = with_exclusions(text, "kysira.yaml", ADDED, NOW)
    names = [each.name for each in parse_policy(changed.encode(), "x").exclusions]
    assert names[-2:] == ["new", "newer"]
    left = iter(changed.splitlines())
    for line in text.splitlines():
        if "[" not in line:  # a list in one line has grown
            assert any(line == each for each in left), line
    assert ("\r\n" in changed) is ("\r\n" in text)
    assert "\n" not in changed.replace("\r\n", "") or "\r\n" not in text


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("exclusions: []  # none\nmode: active\n", "exclusions:   # none\n  - name: new\n"),
        ("exclusions: [] # none\r\n", "exclusions:  # none\r\n  - name: new\r\n"),
        ("exclusions: []", "exclusions:\n  - name: new\n"),
        ("\ufeffexclusions: []\n", "\ufeffexclusions:\n  - name: new\n"),
        ('"exclusions": [\n  ]  # end', '"exclusions":   # end\n  - name: new'),
    ],
)  # fmt: skip
def test_comment_of_an_empty_list_stays_in_its_line(text: str, head: str) -> None:
    """It says something of the list, not of what comes last in it."""
    assert with_exclusions(text, "kysira.yaml", ADDED, NOW).startswith(head)


@pytest.mark.parametrize("text", [LISTED, "a: 1\nexclusions: []\nb: 2\n", "a: 1\nb: 2\n"])
def test_mixed_line_ends_are_kept(text: str) -> None:
    """No line that was there gets another end."""
    text = text.replace("a: 1", "mode: active").replace("b: 2", "threshold: 0.5")
    lines = text.splitlines(keepends=True)
    mixed = "".join(
        line.replace("\n", "\r\n") if number % 2 else line for number, line in enumerate(lines)
    )
    changed = with_exclusions(mixed, "x", ADDED, NOW).splitlines(keepends=True)
    assert [line for line in mixed.splitlines(keepends=True)
            if "[]" not in line and line not in changed] == []  # fmt: skip
    assert any(line.endswith("\r\n") for line in changed)


def test_layout_is_kept() -> None:
    """The new ones are written as the list is."""
    changed = with_exclusions(LISTED, "x", ADDED[1:], NOW)
    assert changed == LISTED.replace(
        "    path: /old   # there\n",
        "    path: /old   # there\n  - name: newer\n    path: /b\n    location: '*'\n"
        "    detector: sqli\n",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mode: activ\n", "x:1: mode"),
        ("exclusions:\n", "x:1: exclusions: None must be a list"),
        ("exclusions: [{name: new, path: /a}]\n", "add them by hand"),
        ("{}", "add them by hand"),
        ("mode: active\n...\n", "add them by hand"),
    ],
)
def test_file_that_is_not_understood_is_refused(text: str, why: str) -> None:
    """A broken one before, and one that would be broken after."""
    with pytest.raises(PolicyError, match=why):
        with_exclusions(text, "x", ADDED, NOW)


def test_block_is_what_to_add() -> None:
    """As a person would write it: a date where it is the end of one."""
    ending = Exclusion("/b", "query:q", "sqli", "n", 1_800_057_600.0, "why")
    assert block([ending]) == (
        "- name: n\n  path: /b\n  location: query:q\n  detector: sqli\n"
        "  expires: '2027-01-15'\n  reason: why\n"
    )
