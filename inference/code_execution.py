"""Rules for strings that an application ends up running: Java, PHP, Python, Node, ImageMagick.

CRS 933, 944150; CWE-94, CVE-2021-44228 (Log4Shell). Part of the command-injection detector.
"""

import re

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field

_BRACE = re.compile(rb"\$\{|\}")
_JNDI = b"jndi:"
_KEPT = 64
"""Bytes of a resolved lookup that are read on: without a bound nesting would take square time."""
_CALL = (
    r"(?:system|passthru|shell_exec|eval|assert|exec|popen)\s*\("
    r"\s*(?:@?\$_(?:GET|POST|REQUEST|COOKIE|SERVER)|base64_decode"
    r"|getenv\([\"']HTTP|request\.getParameter|[\"'](?:id|whoami|cat|ls|uname|dir)\b)"
)


def _resolved(lookup: bytes) -> bytes:
    """Return what Log4j may put in place of a lookup: its default, or what follows the prefix."""
    _, mark, default = lookup.partition(b":-")
    value = default if mark else lookup.partition(b":")[2].strip(b"'")
    return value[:_KEPT]


def _is_jndi(parts: list[bytes]) -> bool:
    return b"".join(parts).replace(b"\xc4\xb1", b"i")[: len(_JNDI)].lower() == _JNDI


def _hides_jndi(field: Field, text: bytes) -> bool:
    """Return True when inner lookups such as ``${lower:j}`` resolve to ``jndi:``, however deep."""
    is_open: list[list[bytes]] = []
    position = 0
    for brace in _BRACE.finditer(text):
        if is_open:
            is_open[-1].append(text[position : brace.start()])
        position = brace.end()
        if brace[0] != b"}":
            is_open.append([])
        elif is_open:
            parts = is_open.pop()
            if _is_jndi(parts):
                return True
            if is_open:
                is_open[-1].append(_resolved(b"".join(parts)))
    if is_open:
        is_open[-1].append(text[position:])
    return any(map(_is_jndi, is_open))


RULES = (
    # What testers of Ruby and Python send to see the answer come late.
    Rule(
        "code_probe", r"\bsleep\s?\(\s?\d+\.to_i\s?\)|\beval\s*\(\s*compile\s*\(\s*\\?['\"]", 0.97
    ),
    Rule(
        "server_side_include",
        r"<!--\s*#\s*(?:exec\s|include\s+(?:virtual|file)\s*=\s*[\"']?(?:/etc|\.\."
        r"|[a-z]+://)|printenv|config\s+cmd)",
        0.98,
    ),
    Rule(
        "jndi_lookup",
        r"(?:\{|&l(?:brace|cub);?)jndi:[^}]*(?:ldaps?|rmi|dns|iiop|nis|nds|corba|https?)\s?:[/\w$]"
        r"|\$\{jndi:\$\{",
    ),
    Rule("jndi_lookup", r"\$\{[^}]*(?:\$\{|:-|\xc4\xb1)", check=_hides_jndi),
    Rule(
        "ognl",
        r"#_memberAccess|@java\.lang\.(?:Runtime|ProcessBuilder|System)@"
        r"|ognl\.OgnlContext|#context\[[\"']|#\w+=new\s+java\.lang\.ProcessBuilder"
        r"|\(new\s+java\.lang\.ProcessBuilder\s?\(",
    ),
    Rule(
        "code_execution",
        r"getRuntime\(\)\s*\.\s*exec\s*\(|__import__\(\s?[\"'](?:os|subprocess|commands"
        r"|pty)[\"']\s?\)\s*\.|require\(\s*[\"'](?:node:)?child_process[\"']\s*\)\s*\.\s*"
        r"(?:exec|spawn|fork)|process\.mainModule\.require|os\.system\(\s*[\"'](?:id"
        r"|whoami|curl|wget|ping|sleep|nc|cat|ls)\b",
        0.97,
        check=is_short(20, lines=3),
    ),
    Rule(
        "code_execution",
        r"getRuntime\(\)\s*\.\s*exec\s*\(|__import__\(\s?[\"'](?:os|subprocess)[\"']"
        r"|child_process[\"']\s*\)\s*\.\s*exec",
        0.6,
    ),
    Rule(
        "code_execution",
        r"^[\s;\"')&|{]*(?:\$\{?@?)?@?(?:system|passthru|shell_exec|exec|popen|proc_open"
        r"|pcntl_exec|assert|%x)\s*\(\s*[\"'][^\"']*[\"']\s*\)",
        0.97,
        check=is_short(12),
    ),
    Rule(
        "code_execution",
        r"^\W{0,4}<\?(?:php|=)?\s*@?(?:system|passthru|shell_exec|exec|popen|phpinfo"
        r"|eval|assert)\s*\(|eval\s*\(\s*\$_(?:GET|POST|REQUEST|COOKIE)",
        0.97,
        check=is_short(16),
    ),
    Rule(
        "code_probe",
        r"(?:print|printf|print_r|echo|die|var_dump|println)[\s(]+(?:md5\s?\([\"'\d]"
        r"|\d{3,}\s?[*+-]\s?\d{3,})|^\W*(?:expr|set\s/a)\s\d{3,}\s[*+-]\s\d{3,}",
        0.96,
        check=is_short(12),
    ),
    Rule(
        "image_script",
        r"push\s+graphic-context\s.*(?:url\(|image\s+over|label:@|msl:|ephemeral:)"
        r"|\(%pipe%|%pipe%[\w/]",
        0.97,
    ),
    Rule(
        "code_execution",
        _CALL,
        0.97,
        check=confirmed_by(rf"(?:<\?(?:php|=)?|<%).{{0,200}}?{_CALL}"),
    ),
)
