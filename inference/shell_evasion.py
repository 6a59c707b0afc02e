r"""Rules for shell spellings that only hide a command or that only a shell reads.

CRS 932130, 932175, 932240-932290, 932330, 932390; Bash manual §3.5 (expansions). Part of the
command-injection detector.
"""

from collections.abc import Iterable

import re2

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options

_NAME = r"[\w.:-]{1,32}"
_ONE_OF = r"\[(?:[!^][a-z0-9-]{1,6}|[a-z0-9](?:-?[a-z0-9])?)\]"
"""One character for a shell: ``[s]``, ``[!q]``, ``[m-z]``."""


def _globbed(names: Iterable[str]) -> str:
    """Return a pattern for the names with any of their characters as a shell may match them."""
    return "|".join("".join(rf"(?:{char}|\?|{_ONE_OF})" for char in name) for name in names)


_FOLDERS = _globbed(("bin", "sbin", "etc", "usr", "dev", "tmp", "var", "proc", "root"))
_STARRED = r"(?:e\*|et\*|e\?\?|et\?|b\*|bi\*|us\*|u\*|pro\*|va\*|roo\*)"
_BRACKETED = re2.compile(rf"[a-z]{_ONE_OF}|{_ONE_OF}[a-z]".encode(), options=re2_options())


def _has_bracketed_letter(field: Field, text: bytes) -> bool:
    """Return False for ``/dev/tty[0-9]`` and ``/var/[app]/log``, which people write."""
    found = _BRACKETED.search(text)
    return (
        found is not None
        and b"[0" not in found[0]
        and b"[1" not in found[0]
        and is_short(4)(field, text)
    )


RULES = (
    Rule(
        "alias",
        r"\balias\s+(?:[-+]\w+[-+]?\s+)*[\w.\"'$!-]+=",
        0.96,
        check=confirmed_by(
            r"(?:^|[;&|\n`({])\s*(?:\\|['\"])?alias['\"]?\s+(?:[-+]\w+[-+]?\s+)*[\w.\"'$!-]+=[^\s]",
            after=is_short(16),
        ),
    ),
    # A function that calls itself and goes on in the background, under any name.
    Rule(
        "fork_bomb",
        rf"{_NAME}\s*\(\s*\)\s*\{{[^}}]*[|&][^}}]*\}}\s*;\s*{_NAME}",
        0.97,
        check=is_short(24),
    ),
    Rule("arithmetic", r"\$\(\([^)]*\)\)|\$\[[^\]]+\]", 0.9, check=is_short(12)),
    Rule(
        "glob_path",
        rf"/[\w?*/.]*{_ONE_OF}[\w?*/.]",
        0.96,
        check=confirmed_by(
            rf"(?:^|[\s;|&`(={{<>])/+(?:{_FOLDERS})/",
            after=_has_bracketed_letter,
        ),
    ),
    Rule(
        "glob_path",
        rf"/{_STARRED}/",
        0.96,
        check=confirmed_by(
            r"(?:^|[;|&`(]\s*)(?:cat|tac|head|tail|less|more|nl|od|xxd|base64|strings|sort|rev|cut|awk|grep"
            rf"|ls|/?\w*bin/[\w?*]+)[\s+]+(?:-\S+[\s+]+)*/{_STARRED}/",
            after=is_short(8),
        ),
    ),
    Rule(
        "bracket_path",
        r"/\w*\[\w?/+\w?\]|/\[\w/+\]\w|\[[\w/]+//\]\w",
        0.96,
        check=is_short(12),
    ),
    # Expansions to nothing inside a word: una$$me, cu$@rl, who$u""ami
    Rule(
        "empty_expansion",
        r"[a-z]\$(?:@|\*|\$|!|[a-z]\w{0,3}|\{\w{0,16}\})(?:\\|[\"']{2})?[a-z]",
        0.96,
        check=confirmed_by(
            r"(?:^|[\s;|&`(/={])(?:[a-z]{1,12}(?:\$[@*$!]|\$\{\w{0,16}\}|\\))+[a-z\\]{1,12}"
            r"(?:\s+[-/.~\w]|\s*\z|[;|&`)])",
            after=is_short(8),
        ),
    ),
    Rule(
        "tilde",
        r"~[+-]",
        0.96,
        check=confirmed_by(r"(?:^|[\s=:,;|&`(])~[+-](?:\d{0,3}/[\w.]|\s*\z)", after=is_short(4)),
    ),
    Rule(
        "brace_expansion",
        r"\{[^{}\s]*,[^{}\s]*\}",
        0.96,
        check=confirmed_by(
            r"^\W{0,3}(?:c\{a,\w*n?\}t|\{\w,-\w+\}\w|\{,?(?:ip|id|ls|w|ps|df|cat|whoami|uname),[\w-]*,?\}"
            r"|\{,?\$?['\"]\w+['\"],?\}|\{,?/[\w?*/]+,?\}|\{,?(?:/[\w*/]*\?[\w?*/]*,?){1,4}\})",
            after=is_short(4),
        ),
    ),
    Rule(
        "process_substitution",
        r"(?:^|[\s;|&])[<>]\(\s*\w+",
        0.96,
        check=confirmed_by(
            r"(?:^|[;|&]\s*|\b(?:cat|diff|bash|sh|source|tee|comm|paste|sort)\s+)[<>]\(\s*"
            r"(?:cat|ls|curl|wget|echo|id|whoami|bash|sh|uname|nc|cmd|tee|ping|sleep)(?:\s|\))",
            after=is_short(12),
        ),
    ),
    Rule(
        "here_string",
        r"<<<",
        0.96,
        check=confirmed_by(
            r"\b(?:ba|z|k|da)?sh(?:\s+-\w+)*\s*<<<|\b(?:base64|xxd|openssl|python\d?|perl|php|ruby|node|cat|tee|rev)"
            r"(?:\s+-{0,2}\w+)*\s*<<<",
            after=is_short(16),
        ),
    ),
    Rule("history", r"(?:^|[;|&`]\s*)!(?:!|-?\d{1,4})(?:\s*\z|:\w)", 0.9, check=is_short(3)),
    Rule(
        "shell_variable",
        r"(?:^|[;|&`\s=])\$\{?(?:SHELL|0|BASH|IFS|PATH|HOME|PWD|OLDPWD|HOSTNAME|USER)\b",
        0.96,
        check=confirmed_by(
            r"^\W{0,2}\$\{?(?:SHELL|BASH)\}?(?:\s|\z)|[;|&`]\s*\$\{?(?:SHELL|BASH|0)\}?(?:\s|\z)",
            after=is_short(6),
        ),
        is_case_sensitive=True,
    ),
    Rule(
        "uninitialized_variable",
        r"\$\w+/\$?\w|/\$\w+\w*/",
        0.96,
        check=confirmed_by(
            r"(?:^|[\s;|&`])(?:cat|ls|tac|head|tail|less|more|nl|od|/?(?:usr/)?bin/\w+)(?:\$\w+)?\s*"
            r"(?:\$\w+)?\s+[^\s]*/(?:\w*\$\w+)",
            after=is_short(8),
        ),
    ),
    Rule(
        "joined_variables",
        r"^(?:[;&|]\s*)?\w+=[^\s;&]+(?:[;&]|\s;)",
        0.96,
        check=confirmed_by(
            r"^(?:[;&|]\s*)?(?:\w{1,16}=(?:\\.|[^\s;&\\])+[;&]+\s*)+(?:\$\{?\w+\}?(?:\s|\$|/|\z)|[\w\\]*\$\w)",
            after=is_short(10),
        ),
    ),
)
