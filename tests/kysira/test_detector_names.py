"""Other names of detectors, and what is suggested for a name that is none."""

import pytest

from kysira.detector_names import ALIASES, suggestion
from kysira.types import DETECTORS


def test_aliases_mean_detectors_that_there_are() -> None:
    """Each, and no alias hides a slug."""
    assert set(ALIASES.values()) == set(DETECTORS)
    assert not set(ALIASES) & set(DETECTORS)


@pytest.mark.parametrize(
    ("word", "slug"),
    [
        ("sql-injection", "sqli"), ("SQL_Injection", "sqli"), ("sql injecton", "sqli"),
        ("xxs", "xss"), ("cross-site-scripting", "xss"), ("xss-injection", "xss"),
        ("rce", "command-injection"), ("os-command-injection", "command-injection"),
        ("lfi", "path-traversal"), ("directory-traversal", "path-traversal"),
        ("template-injection", "ssti"), ("pi", "prompt-injection"), ("ldap", "ldap-injection"),
        ("mongo", "nosqli"), ("redirect", "open-redirect"), ("response-splitting", "crlf"),
        ("sqlli", "sqli"), ("path_traversal", "path-traversal"), ("XSS", "xss"),
        ("deserialisation", "deserialization"),
    ],
)  # fmt: skip
def test_suggestion_is_what_is_meant(word: str, slug: str) -> None:
    """Other names, other spellings and small mistakes."""
    assert suggestion(word, DETECTORS) == f"is it {slug}?"


@pytest.mark.parametrize("word", ["waf", "injection", "zzz", "", "bot"])
def test_suggestion_without_a_guess_lists_all(word: str) -> None:
    """Rather than one that nobody meant; names of what is not known are none."""
    assert suggestion(word, DETECTORS) == f"there are {', '.join(DETECTORS)}"
    assert suggestion("ldap", ("sqli", "xss")) == "there are sqli, xss"
