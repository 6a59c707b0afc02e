r"""Rules for commands whose names are broken up, so that none is seen: ``pi$()ng``, ``w''get``.

CRS 932130, 932200, 932240, 932290; Bash manual §3.1.2 and §3.5. Part of the command-injection
detector. A shell drops quotes and expansions to nothing from a word; so do the checks here, and
look whether the word is the name of a command.
"""

import re
from itertools import islice

import re2

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options
from inference.shell_words import CLEAR, NAMES, RUN

_NOTHING, _VARIABLE, _QUOTE = b"\x00", b"\x01", b"\x02"
"""What stands for an expansion to nothing, for a variable that is probably unset, for a quote."""
# Not "$-", "$?" and the like before a blank: there they end a regular expression or a price.
_EMPTY = re.compile(rb"\$\(\)|``|[<>]\(\)|\$[@*?!_#-](?=[A-Za-z+])|\$\{[@*!\w]{0,16}\}")
_UNSET = re.compile(rb"\$[A-Za-z]\w{0,7}")
_QUOTES = re.compile(rb"[\"']")
_MARKS = b"\x00\x01\x02\\"
_COMMANDS = re.compile(rb"[;|&\r\n`]")
_MOST = 16
"""Commands of one value that are looked at."""

_NAMED = re2.compile(
    rf"(?:/?(?:\w+/)*bin/)?(?:{CLEAR}|{NAMES})(?:\.exe)?(?:[\s+,<>}}]|\z)".encode(),
    options=re2_options(),
)
_FIRST = re2.compile(
    rf"(?:{CLEAR}|wget|curl|cat|ls|nc|ncat|ping|(?:ba|z)?sh|id|python\d?|perl|php|sleep)[\s+]+\S".encode(),
    options=re2_options(),
)
"""What runs after a variable that is nothing: no words of prose or of Perl."""
_RUN = re2.compile(f"(?:{RUN})".replace(r"[\s+]+", r"[\s+,]+").encode(), options=re2_options())


def _marked(text: bytes) -> bytes:
    marked = _EMPTY.sub(_NOTHING, text)
    return _QUOTES.sub(_QUOTE, _UNSET.sub(_VARIABLE, marked))


def _is_hidden(command: bytes) -> bool:
    """Return True for a command, with its marks, whose name is there only without them."""
    command = command.lstrip(b" \t{(!+")
    words = re.split(rb"[\s+,]", command, maxsplit=1)
    word, plain = words[0], command.translate(None, _MARKS).lstrip()
    if word.startswith(_NOTHING):  # a literal of reStructuredText: ``ls``
        return False
    if _NOTHING in word:
        return bool(_NAMED.match(plain))
    if _VARIABLE in word:
        pattern = _RUN if word.strip(_MARKS) else _FIRST
        return bool(pattern.match(plain))
    inner = word.strip(_QUOTE)
    # "T"shirt, rock'n'roll: only what has arguments, or is no other word, is a command.
    return _QUOTE in inner and bool(_RUN.match(plain))


def _hides_command(field: Field, text: bytes) -> bool:
    """Return True when a command of the text is known only without quotes and empty expansions."""
    if not is_short(24)(field, text):
        return False
    commands = _COMMANDS.split(_marked(text), _MOST)
    return any(map(_is_hidden, islice(commands, _MOST)))


RULES = (
    Rule(
        "hidden_command",
        r"[a-z\d](?:\$(?:\(\)|[@*?!_#-][a-z+]|\{[@*!\w]*\})|[<>]\(\)|``)(?:[\s+]+[\w./~-]|[\\a-z\d;|&]|\z)",
        0.97,
        check=_hides_command,
    ),
    Rule(
        "hidden_command",
        r"(?:^|[\s;|&({/])[a-z.\d]+\$[a-z]\w*(?:\\[a-z]|[\s+]+[-/~.]|/)",
        0.97,
        check=_hides_command,
    ),
    # An unset variable before the name.
    Rule("hidden_command", r"[;|&]\s*\$[a-z]\w?[\s+]+[a-z]", 0.97, check=_hides_command),
    # 'wh'oami, w""get: prose and SQL have quotes in words too, but no commands there.
    Rule(
        "hidden_command",
        r"(?:^|[;|&(`{=])\s*[\"']{1,2}[a-z\d]+[\"']{1,2}[a-z\d./]|[a-z](?:''|\"\")[a-z]",
        0.97,
        check=_hides_command,
    ),
    # Quotes around the whole name.
    Rule(
        "quoted_command",
        r"(?:^|[;|&])\s*[\"'][a-z][\w.-]*[\"']\s+[-/][a-z-]",
        0.96,
        check=confirmed_by(
            rf"^(?:[\w.:/-]{{0,64}}[\"')\]]?\s?(?:;|\|\|?|&&?)\s*[\"'](?:{CLEAR}|{NAMES})[\"']\s+(?:-{{1,2}}[a-z]|/\w)"
            rf"|[\"'](?:{CLEAR}|{NAMES})[\"']\s+/\w)",
            after=is_short(10),
        ),
    ),
    Rule("split_word", r"(?:[a-z\d](?:''|\"\")){4}", 0.97, check=is_short(16)),
)
