"""Rules for the names of uploaded files that a server runs or obeys.

CRS 932180, 933110-933220, 944140; CWE-434. Part of the command-injection detector: the file that is
left behind is the command.
"""

import re

from inference.detector import Rule
from inference.fields import Field
from kysira.types import Place

_NAME_HEADER = re.compile(r"x[-_.]file[-_.]?name$", re.IGNORECASE)
_PLACES = frozenset({Place.MULTIPART, Place.HEADER})
# Servers drop trailing dots, blanks and what follows ";" or "::", and read the last known ending.
_TAIL = r"(?:[\s.]*|[;:/\\%\x00][^\n]{0,32})\s*\z"
_SCRIPT = (
    r"\s*\.\s*(?:ph(?:p[2-8]?s?|t|tml|ar|pt|ps)|pht|inc|jspx?|jsw|jsv|jspf|jhtml|cfml?|cfc|as(?:px?|a|ax"
    r"|mx|hx|cx)|cshtml|vbhtml|cgi|shtml|stm)"
)


def _is_file_name(field: Field, text: bytes) -> bool:
    """Return True for the name of a file in a part's head, or in the headers that carry one."""
    if field.place is Place.HEADER:
        return bool(_NAME_HEADER.search(field.name))
    return field.name.endswith("[filename]")


RULES = (
    Rule("script_upload", rf"{_SCRIPT}{_TAIL}", 0.96, places=_PLACES, check=_is_file_name),
    # Apache runs "a.php.jpg" where a handler is set by AddHandler.
    Rule(
        "script_upload",
        r"\s*\.\s*ph(?:p[2-8]?|tml|ar)\s*\.\s*\w{1,5}\s*\z",
        0.96,
        places=_PLACES,
        check=_is_file_name,
    ),
    Rule(
        "session_upload",
        r"(?:^|[/\\])sess_[a-z0-9,-]{20,256}\s*\z",
        0.96,
        places=_PLACES,
        check=_is_file_name,
    ),
    Rule(
        "setting_upload",
        r"(?:^|[/\\])\s*(?:\.(?:ht(?:access|passwd|group|digest)|user\.ini|env(?:\.\w+)?|netrc|npmrc"
        r"|pypirc|pgpass|boto|bash_?\w+|zsh\w+|profile|ssh|gitconfig|git-credentials|vimrc)"
        r"|web\.config|php\.ini|(?:local_?)?settings(?:\.local)?\s*\.\s*(?:php|py)"
        r"|wp-config\s*\.\s*php|wp-config[.\w-]*\.(?:bak|old|orig|save|txt|swp)|config(?:uration)?\s*\.\s*(?:php|ya?ml|inc)|authorized_keys"
        r"|id_(?:rsa|dsa|ed25519)|database\.yml|mtrr|acpi|kcore|iomem|ioports)\s*\z",
        0.96,
        places=_PLACES,
        check=_is_file_name,
    ),
)
