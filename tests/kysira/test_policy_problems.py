"""What is wrong is told at its line, with the nearest word that would be right."""

import pytest

from kysira.errors import PolicyError
from kysira.policy_file import parse_policy


def only_problem(text: str) -> str:
    """Return the one thing that is wrong with a file of this text."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.encode(), "kysira.yaml")
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("treshold: 1", "1: treshold: there is no such key; is it threshold?"),
        ("routes:\n- name: a\n  match: {pth: /a, host: h}",
         "3: routes[0].match.pth: there is no such key; is it path?"),
        ("detectors:\n  sqli:\n    treshold: 1",
         "3: detectors.sqli.treshold: there is no such key; is it threshold?"),
        ("exclusions:\n- name: a\n  path: /a\n  until: 2026-12-31",
         "4: exclusions[0].until: there is no such key; there are name, path, location, detector, "
         "expires, reason"),
        ("detectors:\n  cross-site: {}", "2: detectors.cross-site: 'cross-site' is no detector; "
         "there are sqli, xss, prompt-injection, nosqli, command-injection, ssti, path-traversal, "
         "ldap-injection, xpath-injection, ssrf, xxe, deserialization, open-redirect, crlf"),
        ("exclusions:\n- name: a\n  path: /a\n- name: a\n  path: /b",
         "4: exclusions[1].name: 'a' is there twice"),
        ("routes:\n- match: {path: /a}", "2: routes[0].name: is missing"),
    ],
)  # fmt: skip
def test_problem_says_where_and_what(text: str, problem: str) -> None:
    """Line, place, what is wrong, and what it should be."""
    assert only_problem(text) == f"kysira.yaml:{problem}"


def test_long_value_is_shown_cut() -> None:
    """Whoever reads the line has not got all day."""
    assert len(only_problem(f"mode: {'x' * 5000}")) < 150


def test_entry_that_is_wrong_empties_no_list() -> None:
    """One line is told of it, not two."""
    text = "routes: [{name: a, match: {methods: [get]}}]"
    assert "methods[0]: 'get' must be a method in capitals" in only_problem(text)
