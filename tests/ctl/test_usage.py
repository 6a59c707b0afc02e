"""What a wrong value is told."""

import pytest
import typer

from ctl.usage import reword
from tests.ctl.command import run


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Value error, 'on' is not one of 'shadow', 'active'.", "'on' is not shadow or active"),
        ("'on' is not one of 'shadow', 'active'.", "'on' is not shadow or active"),
        ("'x' is not one of 'a', 'b', 'c'.", "'x' is not a, b or c"),
        ("'x' is not one of 'a'.", "'x' is not a"),
        ("\"a' is not one of b\" is not one of 'c'.", '"a\' is not one of b" is not c'),
        ("Value error, no", "no"),
        ("Input should be a valid integer, unable to parse x", "must be a whole number"),
        ("Input should be less than or equal to 65535", "must be at most 65535"),
        ("Input should be greater than or equal to 0", "must be at least 0"),
        ("the host is not one of ours", "the host is not one of ours"),
        ("is --admin-port too", "is --admin-port too"),
    ],
)
def test_reword_leaves_no_word_of_a_library(theirs: str, ours: str) -> None:
    """Newer typers' and older ones'; what we said ourselves stays."""
    error = typer.BadParameter(theirs)
    reword(error)
    assert error.message == ours


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("mode on", "'on' is not shadow or active"),
        ("up --mode on", "'on' is not shadow or active"),
        ("up --port x", "'--port': must be a whole number"),
        ("up --port 70000", "'--port': must be at most 65535"),
        ("score a --threshold -1", "'--threshold': must be at least 0"),
        ("score a --threshold x", "'--threshold': must be a number"),
        ("render contour --via x", "'--via': 'x' is not global or http-proxy"),
        ("render envoy --set on_failure=on", "'on' is not open or closed"),
        ("render istio --context x", "is not sidecar_inbound, sidecar_outbound or gateway"),
    ],
)
def test_wrong_value_is_told_plainly(arguments: str, words: str) -> None:
    """Whatever the command: the option, the value and what it takes."""
    outcome = run(*arguments.split())
    text = " ".join(outcome.err.replace("│", " ").split())
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{words} ╰" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("events export --output x.csv", "redirect with -o csv > x.csv"),
        ("events search -o out/x.log", "redirect with > out/x.log"),
        ("render envoy -o envoy.yaml", "--output envoy.yaml the file"),
    ],
)
def test_file_given_as_format_is_told_its_place(arguments: str, words: str) -> None:
    """-o is the format everywhere; where the file goes is said."""
    text = " ".join(run(*arguments.split()).err.replace("│", " ").split())
    assert f"-o is the format, {words} ╰" in text


@pytest.mark.parametrize(
    "arguments", ["events export -o excel", "render compose --output-dir x -o a.yaml"]
)
def test_no_file_is_no_hint(arguments: str) -> None:
    """A plain word is no file, and a command without one has nowhere to put it."""
    assert "-o is the format" not in run(*arguments.split()).err
