"""JavaScript that only a test for scripting is made of."""

import pytest

from inference.xss_probes import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("probe", "alert(document.domain)"),
        ("probe", "setTimeout('x')"),
        ("probe", "new Function('x')()"),
        ("probe", "top['al'+'ert'](1)"),
        ("probe", "[1].map(alert)"),
        ("cookie_theft", "x=document.cookie"),
        ("jsfuck", "[][(![]+[])[+[]]]"),
        ("utf_7", "+ADw-script+AD4-"),
        ("angular", "{{constructor.constructor('x')()}}"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "an alert (red)",
        "setTimeout(f, 5)",
        "function (noun)",
        "top [of the list]",
        "the document's cookie",
        "[x] [ ]",
        "+1 and +2",
        "{{ user }}",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize("unit", ["alert(", "top[", "[](", "+ADw", "constructor."], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
