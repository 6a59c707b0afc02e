"""Options that can't be used."""

import pytest
import typer

from ctl.arguments import parsed, usage_error


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
