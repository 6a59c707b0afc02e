"""Names of commands that are broken up, and words that only look so."""

import pytest

from inference.hidden_commands import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("hidden_command", "pi$()ng 203.0.113.9"),
        ("hidden_command", "x;pi``ng 203.0.113.9"),
        ("hidden_command", "who<()ami"),
        ("hidden_command", "a|c$@at+/etc/hosts"),
        ("hidden_command", "cat$z /etc/hosts"),
        ("hidden_command", "{n$u\\c$u,-e,sh}"),
        ("hidden_command", "1;$x curl 203.0.113.9"),
        ("hidden_command", "'i'd;'n'etstat -an"),
        ("hidden_command", "net''stat -an"),
        ("quoted_command", "a;'curl' -V"),
        ("quoted_command", "'ls' /var"),
        ("split_word", "a''b''c''d''"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "df$x <- 5",
        "sort$order",
        "mail$to at once",
        "the ``ls`` command",
        "``ls``",
        "it''s 'n'roll",
        "a 'b'c",
        "price$() is a signal",
        "; $x if $y",
        '"sort" -price',
        "'' or \"\"",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize("unit", ["a``b", "c$()d ", ";$a b", "'a'b;", "$x/", "''"], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
