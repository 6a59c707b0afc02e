"""Names of uploaded files that a server runs or obeys."""

import pytest

from inference.uploads import RULES
from kysira.types import Place
from tests.inference.linearity import assert_linear, repeated
from tests.inference.rules_alone import flags

HEAD = (Place.HEADER, "X-File-Name")


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("script_upload", "a.php"),
        ("script_upload", "a.PHTML "),
        ("script_upload", "a.php7..."),
        ("script_upload", "a.php%00.png"),
        ("script_upload", "a.asp;.jpg"),
        ("script_upload", "a.php5.gif"),
        ("script_upload", "a.jsp::$DATA"),
        ("session_upload", "sess_abcdefghij0123456789"),
        ("setting_upload", ".htaccess"),
        ("setting_upload", "x/web.config"),
        ("setting_upload", ".user.ini"),
    ],
)
def test_technique_is_found(technique: str, text: str) -> None:
    """One example of each, and of what the rule has to look twice at."""
    assert technique in flags(RULES, text, *HEAD)


@pytest.mark.parametrize(
    "text",
    [
        "a.png",
        "a.phpx.zip",
        "php.txt",
        "a.inc.zip",
        "session_1",
        "htaccess.txt",
        "config.json",
        "my settings.txt",
        "a.asp-notes.md",
    ],
)
def test_near_miss_passes(text: str) -> None:
    """What people write who mean no harm."""
    assert not flags(RULES, text, *HEAD)


@pytest.mark.parametrize("unit", ["a.php", "/", "sess_", ". "], ids=str)
def test_text_takes_linear_time(unit: str) -> None:
    """Checks too look at each byte a bounded number of times."""
    assert_linear(
        lambda text: flags(RULES, text.decode(), *HEAD), lambda n: repeated(unit.encode(), n // 10)
    )
