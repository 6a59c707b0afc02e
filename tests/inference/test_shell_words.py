"""What shell commands look like: words alone are English, and no command is without its sign."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.detector import confirmed_by
from inference.fields import Field
from inference.matcher import Pattern, compile_matcher
from inference.shell_words import (
    AT_START,
    BARE,
    BIN,
    CLEAR,
    END,
    INSERTED,
    INSIDE,
    ON_LINE,
    RUN,
    SEPARATOR,
)
from kysira.types import Place

FIELD = Field(Place.QUERY, "q", b"")
is_run = confirmed_by(rf"^(?:{RUN})")
is_bare = confirmed_by(rf"^{BIN}(?:{BARE}|{CLEAR}){END}")
is_inside = confirmed_by(rf"^{INSIDE}")
SIGNS = compile_matcher((Pattern(INSERTED), Pattern(AT_START)))


@pytest.mark.parametrize(
    "text",
    [
        b"cat /etc/passwd", b"ls -la", b"ping -c 1 10.0.0.1", b"sleep 5", b"wget http://x.example",
        b"curl x.example", b"nc 10.0.0.1 4444", b"whoami ", b"whoami;", b"uname|", b"echo $PATH",
        b"rm *.log", b"python3 -c", b"/bin/sh -i", b"/usr/bin/id ", b"./bin/run ", b"id -u",
        b"type c:", b"cat</etc/passwd", b"cmd /c", b"cmd.exe /c", b"powershell -enc",
        b"net user", b"dir c:", b"cat+/etc/passwd", b"CAT /ETC/PASSWD", b"dmesg ", b"dmesg",
    ],
)  # fmt: skip
def test_run_is_a_command_with_arguments(text: bytes) -> None:
    """A word and what makes it more than a word."""
    assert is_run(FIELD, text)


@pytest.mark.parametrize(
    "text",
    [
        b"cat", b"cat food", b"more than that", b"sort of", b"find me a flat", b"who are you",
        b"sleep well", b"date night", b"kill the lights", b"host a party", b"head of sales",
        b"echoes of war", b"whoamis ", b"unamed ", b"catalogue /etc", b"dmesgs", b"", b"lsof2",
    ],
)  # fmt: skip
def test_run_is_no_english(text: bytes) -> None:
    """The same words in a sentence, and longer words, are none."""
    assert not is_run(FIELD, text)


@pytest.mark.parametrize(
    "text",
    [b"id", b"id;", b"whoami", b"/bin/id", b"ls ", b"pwd'", b"w)", b"ps`", b"id%0a", b"env$"],
)
def test_bare_is_a_command_alone(text: bytes) -> None:
    """Some commands say enough without arguments, where they end."""
    assert is_bare(FIELD, text)


@pytest.mark.parametrize("text", [b"idea", b"id card", b"lsx", b"/bin/", b"psalm", b"dates"])
def test_bare_ends(text: bytes) -> None:
    """Where the word goes on, or another follows, it is none."""
    assert not is_bare(FIELD, text)


@pytest.mark.parametrize(
    "text", [b"id)", b" whoami)", b"cat /etc/passwd)", b"whoami{,}", b"uname,x", b"hostnamectl\\"]
)
def test_inside_begins_a_substitution(text: bytes) -> None:
    """A clear name needs no end there."""
    assert is_inside(FIELD, text)


@pytest.mark.parametrize("between", [";", "|", "||", "&", "&&", "\n", "\r\n", "%0a", "%0D", "\\n"])
@pytest.mark.parametrize("padding", ["", " ", "\t", "{", "(", "!", '"', "+"])
def test_separators_and_padding_are_covered(between: str, padding: str) -> None:
    """Every way to end a command and begin another."""
    text = f"1{between}{padding}cat /etc/passwd".encode()
    assert confirmed_by(rf"^1{SEPARATOR}(?:{RUN})")(FIELD, text)
    assert confirmed_by(rf"^1{ON_LINE}(?:{RUN})")(FIELD, text) == (between[0] not in "\r\n")
    assert 0 in SIGNS.match(text)


@pytest.mark.parametrize(
    "text", [b"x$(whoami{,})", b"`id`", b"$(cat /etc/passwd)", b"a;uname,", b"a|dmesg\xf6"]
)
def test_substitution_has_the_sign(text: bytes) -> None:
    """What follows a clear name is not for the sign to ask."""
    assert 0 in SIGNS.match(text)


@pytest.mark.parametrize("text", [b"a; b", b"rock & roll", b"x || y", b"cat /etc/passwd"])
def test_sign_is_small(text: bytes) -> None:
    """Punctuation in prose and code has none."""
    assert 0 not in SIGNS.match(text)


GUARDED = {
    "separator": (rf"(?:{ON_LINE}|{SEPARATOR})(?:{RUN})", 0),
    "bare": (rf"(?:{ON_LINE}|{SEPARATOR}){BIN}{BARE}{END}", 0),
    "substitution": (rf"\$\({INSIDE}", 0),
    "backticks": (rf"`{INSIDE}", 0),
    "start": (rf"^\s*(?:{RUN}|{BARE}\s*\z)", 1),
}


@pytest.mark.parametrize("name", GUARDED)
def test_every_command_has_its_sign(name: str) -> None:
    """Whatever the large pattern matches, the small sign lets through."""
    pattern, sign = GUARDED[name]
    check = confirmed_by(pattern)
    as_python = re.compile(pattern.replace(r"\z", r"\Z").encode(), re.DOTALL)

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(st.from_regex(as_python))
    def holds(text: bytes) -> None:
        if check(FIELD, text):
            assert sign in SIGNS.match(text)

    holds()
