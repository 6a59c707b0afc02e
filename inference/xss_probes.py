"""Rules for JavaScript that only an attack is made of, part of the xss detector.

Testers call a dialog to see whether they run at all, or spell code so that no filter knows it.
"""

from inference.checks import is_short
from inference.detector import Rule, confirmed_by

_DIALOG_SIGN = r"\b(?:alert|confirm|prompt|eval)\b"
_LONE_CALL = (
    r"(?:(?:alert|confirm|prompt|eval|atob|btoa|new\s+function|execscript)\s*[(`]"
    r"|set(?:timeout|interval)\s*\(\s*[\"'`\\])"
)

RULES = (
    # Code that only an attack is made of
    Rule(
        "probe",
        _DIALOG_SIGN,
        check=confirmed_by(
            r"\b(?:alert|confirm|prompt)\)?\s*(?:\(|`)\s*(?:document\.|window\.|location\b"
            r"|origin\b|\d{1,6}\s*(?:\)|`)"
            r"|/xss|[\"'`/]\W{0,3}xss|string\.fromcharcode|this\b|self\b)"
        ),
    ),
    Rule(
        "probe",
        r"(?:document|window|self|top|this|globalthis|frames)\s*\[\s*(?:[\"\'`/\\]|atob|\d|string)",
        check=confirmed_by(
            r"(?:document|window|self|top|this|globalthis|frames)\s*\[\s*(?:[\"'`/\\]|atob|\d+"
            r"\s*\[|string)[^\]]+\]\s*(?:\(|`|\[|=[^=])"
        ),
    ),
    Rule(
        "probe",
        rf"^[\s;]*{_LONE_CALL}",
        check=confirmed_by(
            rf"^[\s;]*{_LONE_CALL}[^\n]*[^\s(`][)`](?:\(\))?\s*;?\s*(?://[^\n]*)?\z",
            after=is_short(8),
        ),
    ),
    Rule(
        "probe",
        _DIALOG_SIGN,
        check=confirmed_by(
            r"[;,=]\s*(?:alert|confirm|prompt)\s*[,;]\s*\w+\s*\(|<(?:alert|confirm|prompt)\s*\("
            r"|\.\s*(?:sort|map|find|foreach|filter|some|every|call|apply)"
            r"\s*(?:\.\s*call\s*)?[(`][\s${(]*(?:alert|confirm|prompt|eval)\b"
        ),
    ),
    Rule(
        "cookie_theft",
        r"document\s*\.\s*cookie",
        check=confirmed_by(
            r"(?:[?&=+]|\bsrc\b|\bhref\b|location|fetch\(|escape\(|encodeuricomponent\(|btoa\()"
            r"[^\n]*document\s*\.\s*cookie"
        ),
    ),
    Rule(
        "cookie_theft",
        r"^\W{0,16}document\s*[.\[]|(?:string\.fromcharcode|unescape|atob)\s*\(",
        check=confirmed_by(
            r"^\W{0,16}document\s*(?:\.|\[\W{0,2})\s*(?:cookie|domain|write|location)\b|"
            r"(?:string\.fromcharcode|unescape|atob)\s*\([^)]{4,}\)\s*\)"
        ),
    ),
    Rule(
        "jsfuck",
        r"[\[\]()!+{}]{3}\[|!\[\]|\(\+\[\]",
        check=confirmed_by(
            r"[\[\]()!+{}]{3,}(?:\[[\[\]()!+{}]{3,}){3,}|\[\]\[\(!\[\]\+\[\]\)|\(\+\[\]\)\["
            r"|!\[\]\+\[\]\)\["
        ),
    ),
    # The same where a "+" was read as a blank.
    Rule(
        "jsfuck",
        r"\(!?!\[\]\s\[\]\)\s?\[",
        check=confirmed_by(r"(?:\(!?!\[\]\s\[\]\)\s?\[[\s\[\]!+]*\].{0,4}){1}"),
    ),
    # Names of references that browsers and lenient filters drop.
    Rule(
        "split_name",
        r"[a-z]&(?:tab|newline);[a-z]",
        check=confirmed_by(
            r"\b(?:j|v)(?:[a-z]|&(?:tab|newline);){0,64}&(?:tab|newline);(?:[a-z]|&(?:tab|newline);){0,64}"
            r"t(?:&(?:tab|newline);){0,8}(?::|&colon;)"
        ),
    ),
    Rule(
        "probe",
        r"\(\s*(?:document|window|self|top|parent|frames|globalthis|location)\s*(?:/\*[^*]*\*/)?\s*\)\s*\[",
        check=confirmed_by(
            r"\(\s*\w+\s*(?:/\*[^*]*\*/)?\s*\)\s*\[\s*(?:[\"'`]\s*(?:\\|cookie|alert|eval|location|domain|doc|write|on)|/)"
        ),
    ),
    Rule(
        "probe",
        r"\b(?:document|window|self|top|parent|frames|globalthis)\s*\[\s*[\"'`](?:\\x[0-9a-f]{2}|\\u00[0-9a-f]{2})",
    ),
    Rule("probe", r"\.\s*(?:call|apply|bind)\s*`[^`]*\$\{"),
    Rule(
        "utf_7",
        r"\+ADw",
        check=confirmed_by(r"\+ADw-?[^\n]*(?:script|on\w+\+AD0|img|svg|\+AD4)"),
    ),
    Rule(
        "angular",
        r"constructor\s*[.\[(]|\$eval\s*\(|\$on\.constructor|\{\{[^}]*\balert\s*\(",
        check=confirmed_by(
            r"constructor\s*(?:\.|\[)\s*[\"'`]?constructor[\"'`]?\s*\]?\s*\(|\$eval\s*\("
            r"|\$on\.constructor"
            r"|\.constructor\(\s*[\"'`]\s*(?:alert|return|eval)|\{\{[^}]{0,80}\balert\s*\("
        ),
    ),
)
