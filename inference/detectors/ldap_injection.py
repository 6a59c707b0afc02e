"""LDAP injection: a value closes the filter it is pasted into and opens another.

CWE-90; CRS 921200; RFC 4515 (filters are ``(attribute=value)`` in prefix notation, and an unescaped
parenthesis is never part of a value). So a value whose *first* parenthesis closes one is the sign;
a filter that is whole is a setting or a question, and only a weak one.
"""

from inference.detector import DECISIVE, Detector, Rule, confirmed_by

_BALANCED_NOT = r"^[^()]*\)+"
_COMPARE = r"(?:[~<>]?=|:(?:dn:)?[\w.]{0,48}:?=)"
_ATTRIBUTE = r"[a-z][\w;.-]{0,48}"
_KNOWN = (
    r"(?:uid|cn|sn|ou|dc|dn|mail|givenname|displayname|objectclass|objectcategory|memberof|member"
    r"|samaccountname|userprincipalname|userpassword|unicodepwd|password|pwd|userid|username|user"
    r"|gidnumber|uidnumber|homedirectory|loginshell|description|telephonenumber|title|employeetype"
    r"|lockouttime|pwdlastset|admincount|shadowlastchange|department|role|group|name)"
)
# Signs that several rules share.
_FILTER_SIGN = r"\)\s*[&|!]?\s*\(\s*(?:[&|!]|[a-z][\w;.-]*\s*[~<>:=])"
_WILDCARD_SIGN = r"\*\)\)|\)(?:\x00|%00)|\*\(\s*[&|!]"
_OID_SIGN = r":\d[\d.]*:="

DETECTOR = Detector(
    slug="ldap-injection",
    rules=(
        # admin)(&(a=b, *)(|(a=b, x)!(a=b
        Rule(
            "filter_break",
            _FILTER_SIGN,
            check=confirmed_by(
                rf"{_BALANCED_NOT}\s*[&|!]?\s*\(\s*[&|!]\s*\(\s*(?:[&|!]\s*\(\s*)?{_ATTRIBUTE}\s*{_COMPARE}"
            ),
        ),
        Rule(
            "filter_break",
            _FILTER_SIGN,
            0.97,
            check=confirmed_by(rf"{_BALANCED_NOT}[&|!]?\({_ATTRIBUTE}{_COMPARE}"),
        ),
        Rule(
            "filter_break",
            _FILTER_SIGN,
            0.97,
            check=confirmed_by(rf"{_BALANCED_NOT}\s*[&|!]?\s*\(\s*{_KNOWN}\s*{_COMPARE}"),
        ),
        Rule(
            "filter_break",
            _FILTER_SIGN,
            check=confirmed_by(rf"{_BALANCED_NOT}\s*[&|!]\s*\(\s*{_ATTRIBUTE}\s*{_COMPARE}"),
        ),
        Rule(
            "filter_break",
            _FILTER_SIGN,
            check=confirmed_by(rf"{_BALANCED_NOT}\s*\(\s*!\s*\(\s*[&|]\s*\(\s*\w+\s*="),
        ),
        # The absolute true and false filters (RFC 4526), and a filter that the rest completes.
        Rule(
            "true_filter",
            _FILTER_SIGN,
            0.97,
            check=confirmed_by(rf"{_BALANCED_NOT}\s*\(\s*[&|]\s*\)"),
        ),
        Rule(
            "open_filter",
            _FILTER_SIGN,
            0.97,
            check=confirmed_by(rf"{_BALANCED_NOT}\s*\(\s*[&|!]\s*\(?\s*$"),
        ),
        Rule(
            "wildcard", _WILDCARD_SIGN, 0.96, check=confirmed_by(r"^[^()]{0,64}\*\)\)+[\s\x00]*$")
        ),
        Rule(
            "wildcard", _WILDCARD_SIGN, 0.97, check=confirmed_by(r"^[^()]{0,64}\*\)+(?:\x00|%00)")
        ),
        Rule(
            "wildcard", _WILDCARD_SIGN, 0.97, check=confirmed_by(r"^[^()]{0,32}\*\(\s*[&|!]\s*\(")
        ),
        Rule("wildcard", r"^\(\*\)\*\)$|^\*\)\*$", 0.96),
        Rule(
            "null_byte",
            _WILDCARD_SIGN,
            0.97,
            check=confirmed_by(r"^[ -'*-~]{0,64}\)+(?:\x00|%00)"),
        ),
        Rule(
            "wildcard_attribute",
            _FILTER_SIGN,
            0.5,
            check=confirmed_by(rf"\)\s*\(\s*{_KNOWN}\s*[~<>]?=\s*\*"),
        ),
        # -- filters that are whole: settings hold them, but not with a guessed password
        Rule(
            "whole_filter",
            r"\(\s*[&|]\s*\(",
            0.4,
            check=confirmed_by(rf"\(\s*[&|]\s*\(\s*!?\s*\(?\s*{_ATTRIBUTE}\s*{_COMPARE}"),
        ),
        Rule(
            "password_guess",
            r"\(\s*(?:user_?password|unicodepwd|password|passwd|pwd)\s*[~<>]?=\s*[^()]{0,32}\*",
            0.93,
        ),
        Rule(
            "password_guess",
            _OID_SIGN,
            DECISIVE,
            check=confirmed_by(
                r"\b(?:userpassword|unicodepwd):(?:dn:)?\d{1,9}(?:\.\d{1,9}){2,16}:="
            ),
        ),
        Rule(
            "matching_rule",
            _OID_SIGN,
            0.4,
            check=confirmed_by(r"\)\s*\(\s*[\w-]{1,48}:(?:dn:)?\d{1,9}(?:\.\d{1,9}){2,16}:="),
        ),
    ),
)
