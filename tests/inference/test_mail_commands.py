"""Commands to mail servers: a break, and a whole line of the protocol."""

import pytest

from inference.mail_commands import RULES
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("mail_command", "a@x.example\r\nRCPT TO:<b@x.example>"),
        ("mail_command", "a\r\nHELO x"),
        ("mail_command", "a\r\n.\r\nDATA\r\n"),
        ("imap_command", "a\r\nA01 LOGOUT"),
        ("imap_command", "a\nX77 uid fetch 1 all"),
        ("pop3_command", "1\r\nRETR 7"),
        ("pop3_command", "a\r\nUSER b\r\nPASS c"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text)


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nhelp me",
        "a\r\nquit now",
        "a\r\nlist of 3",
        "a\r\n77 people fetch water",
        "QUIT",
        "1 RETR 7",
        "a\r\ntop 10 songs",
        "a\r\nuser guide",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text)


@pytest.mark.parametrize("unit", ["\r\n", "\r\nA01 ", "\r\nlist 1 "], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode()), lambda n: repeated(unit.encode(), n // 10)
    )
