"""The rules alone are the column to beat."""

from inference.training.sqli_regex import Rules
from kysira.types import Request


def test_rules_decide_without_a_model() -> None:
    """An injection is flagged, an apostrophe is not."""
    rules = Rules()
    assert rules.decides(Request("GET", b"/?id=1%27%20union%20select%20null,null--"))
    assert not rules.decides(Request("GET", b"/?name=O%27Brien"))
    assert rules.is_sql("1' or '1'='1")
    assert not rules.is_sql("it's late")
    assert rules.flags("1' or '1'='1' union select null--")


def test_weak_sign_is_sql_and_flags_nothing() -> None:
    """A whole statement says that a text holds SQL, not that it is an attack."""
    rules = Rules()
    assert rules.is_sql("select name from users where id = 1")
    assert not rules.flags("select name from users where id = 1")
