"""Spellings that only a shell reads."""

import pytest

from inference.shell_evasion import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("alias", "alias a=id;a"),
        ("alias", "x;alias 'a'='id'"),
        ("fork_bomb", "a(){ a|a& };a"),
        ("fork_bomb", ":(){ :|:& };:"),
        ("bracket_path", "cat /etc/p[a//]sswd"),
        ("empty_expansion", "who$@ami"),
        ("empty_expansion", "who$$ami -a"),
        ("tilde", "~+/x"),
        ("brace_expansion", "{,id,}"),
        ("process_substitution", "cat <(id)"),
        ("here_string", "sh <<< id"),
        ("shell_variable", "$SHELL -c id"),
        ("uninitialized_variable", "cat /etc/$x/pa$y"),
        ("joined_variables", "a=i;b=d;$a$b"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "an alias = name",
        "f(){ return 1 }",
        "a[b/c]",
        "5$@home",
        "~-1",
        "~5",
        "{a,b}",
        "a < (b)",
        "<<<<<<<",
        "$HOME",
        "costs 5$ or 6$",
        "a=1;b=2",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize("unit", ["alias a=", "~+", "{,id,}", "$@a", "a=1;", "<<<"], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
