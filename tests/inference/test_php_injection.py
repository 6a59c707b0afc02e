"""PHP that is a whole short value, and none that somebody writes about."""

import pytest

from inference.php_injection import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("php_tag", "<?php echo 1;"),
        ("php_tag", "x <?xml (); ?>"),
        ("php_superglobal", "$_GET['a']"),
        ("php_variable", "$ {'a'}"),
        ("php_function", "fopen('/x','r')"),
        ("php_function", "@unlink(1);"),
        ("php_variable_function", "$a('id')"),
        ("php_variable_function", "$$a[0](1);"),
        ("php_callable", "(exec)('id')"),
        ("php_callable", "('ex'.'ec')('id')"),
        ("php_callable", "(string)'exec'('id')"),
        ("php_setting", "x&allow_url_include=1"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "<?php",
        "what is <?php for",
        "$_GET",
        "${name}",
        "[php]$a = 1;[/php]",
        "the function fopen() opens a file and returns a handle to it",
        "$5 (a)",
        "$a (b)",
        "(a) (b)",
        "'a' . 'b'",
        "allow_url_include",
        "<?xml version='1.0'?>",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize("unit", ["<?php ", "$_GET[", "$a(", "('a'.'b')(", "fopen("], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
