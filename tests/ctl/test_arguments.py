"""Options that can't be used."""

import pytest
import typer

from ctl.arguments import parsed, parsed_each, parsed_if_given, usage_error


def test_value_is_returned() -> None:
    """What the reader makes of the text is the value."""
    assert parsed("--port", int, "7") == 7


def test_value_error_becomes_usage() -> None:
    """The reader's own words and the option's name reach the user."""
    with pytest.raises(typer.BadParameter, match="invalid literal") as caught:
        parsed("--port", int, "seven")
    assert caught.value.param_hint == "--port"


def test_usage_error_names_option() -> None:
    """An option that is wrong here is named."""
    assert usage_error("--in-place", "needs --into").param_hint == "--in-place"


def test_each_value_is_parsed_once() -> None:
    """In the order of their first mention; one that is wrong is the option's."""
    assert parsed_each("--x", int, ["2", "1", "02"]) == (2, 1)
    with pytest.raises(typer.BadParameter) as caught:
        parsed_each("--x", int, ["1", "a"])
    assert caught.value.param_hint == "--x"


def test_nothing_given_is_not_parsed() -> None:
    """An empty text is an option that was not given."""
    assert parsed_if_given("--x", _refuse, "") == ""
    with pytest.raises(typer.BadParameter):
        parsed_if_given("--x", _refuse, "a")


def _refuse(text: str) -> str:
    raise ValueError(text)
