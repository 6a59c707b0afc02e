"""XPath injection: a value leaves its literal and goes on as XPath.

CWE-643; CRS 941/942 see a part of it; W3C XPath 1.0 §3-4, XPath 3.1. An expression that is whole
is what scrapers and test tools send, and only a weak sign.
"""

from inference.detector import Detector, Rule, confirmed_by

_FUNCTION = (
    r"(?:name|local-name|namespace-uri|count|position|last|string-length|substring(?:-after|-before)?"
    r"|contains|starts-with|ends-with|text|node|comment|true|false|not|translate|string|number|sum"
    r"|normalize-space|concat|doc|doc-available|document|unparsed-text|boolean|lower-case"
    r"|upper-case|matches|exists|empty|current|id|codepoints-to-string|string-to-codepoints"
    r"|system-property|processing-instruction|environment-variable)\s*\("
)
_AXIS = (
    r"(?:ancestor|ancestor-or-self|child|descendant|descendant-or-self|following|following-sibling"
    r"|preceding|preceding-sibling|parent|self|attribute|namespace)::(?:\*|[a-z])"
)
_PATH = rf"(?://?(?:[\w*@]|\.\.|{_AXIS})|\.\./|{_AXIS})"
_LITERAL = r"(?:\d{1,9}|'[^']{0,32}'?|\"[^\"]{0,32}\"?)"
# The first quote of a value ends the literal that the value is pasted into.
_FIRST_QUOTE = r"^[^'\"]{0,256}['\"]"
_NUMBER_FIRST = r"^(?:[^\s'\"]*[/=&?])?[\w.@*-]{0,32}[\s)\]+]+"
# Signs that several rules share.
_QUOTE_SIGN = (
    r"['\"][\s)\]]*(?:or|and|div|mod|[=+|*]|!=)[\s(!-]*(?:[a-z-]+(?:::|\s*\()|/|\.[.\s=]|@\w)"
)
_PREDICATE = r"\][\s)\]]*(?:[|/\x00]|or\b|and\b|\(:)"
_JOINED_FUNCTION = (
    r"\b(?:or|and)\s+(?:not\s*\(\s*)?"
    r"(?:string|starts|local|normalize|codepoints|doc|unparsed|count|name|substring|contains"
    r"|position|last|concat|text|node)[\w-]*\s*\("
)
# Of two strings of which one is a path, no SQL is made.
_ONLY_XPATH = (
    r"(?:string-length|local-name|namespace-uri|starts-with|substring-(?:after|before)"
    r"|normalize-space|codepoints-to-string|string-to-codepoints|doc-available|unparsed-text)\s*\("
)

DETECTOR = Detector(
    slug="xpath-injection",
    rules=(
        Rule(
            "quote_function",
            _QUOTE_SIGN,
            check=confirmed_by(
                _FIRST_QUOTE
                + rf"[\s)\]]*(?:or|and)\b[\s(!-]*(?:not\s*\(\s*)?(?:{_FUNCTION}|{_PATH}|@\w|\.\s*=)"
            ),
        ),
        Rule(
            "quote_function",
            _QUOTE_SIGN,
            check=confirmed_by(
                _FIRST_QUOTE + rf"[\s)\]]*(?:[=+|*]|!=|div|mod)[\s(]*(?:{_ONLY_XPATH}|{_PATH})"
            ),
        ),
        Rule(
            "quote_tautology",
            r"[\'\"][\s)\]]*or[\s(]*[\d\'\"]",
            0.95,
            check=confirmed_by(
                _FIRST_QUOTE + rf"[\s)\]]*or[\s(]*{_LITERAL}[\s)]*=[\s(]*{_LITERAL}"
            ),
        ),
        Rule(
            "predicate_break",
            _PREDICATE,
            check=confirmed_by(_FIRST_QUOTE + r"[\s)]*\][\s)]*(?:\||/|or\b|and\b|\x00|\(:)"),
        ),
        Rule(
            "predicate_break",
            _PREDICATE,
            check=confirmed_by(r"^[^\[\]'\"]{0,128}\][\s)\]]*\|\s*(?://?[\w*@]|\.\.)"),
        ),
        Rule(
            "predicate_break",
            _PREDICATE,
            0.96,
            check=confirmed_by(
                r"^[^\[\]'\"]{0,64}\][\s)]*/(?:\*|\.\.|//|node\(|text\(|@|parent::|child::)"
            ),
        ),
        Rule(
            "path_union",
            r"\|\s*//",
            0.7,
            check=confirmed_by(
                r"(?:^[\w'\".*-]{0,24}\s*\|\s*|[\])'\"]\s*\|\s*)//(?:\*|@|node\(|[a-z]\w{0,32}(?:/|\[|$))"
            ),
        ),
        Rule(
            "path_union",
            r"\|\s*//",
            0.97,
            check=confirmed_by(r"^[\w'\".*-]{0,24}\s*\|\s*//(?:\*|@\*|node\(\))"),
        ),
        # -- the same where a number or a name is expected
        Rule(
            "number_function",
            _JOINED_FUNCTION,
            check=confirmed_by(_NUMBER_FIRST + rf"(?:or|and)\s+(?:not\s*\(\s*)?{_ONLY_XPATH}"),
        ),
        Rule(
            "number_function",
            _JOINED_FUNCTION,
            0.97,
            check=confirmed_by(
                _NUMBER_FIRST + r"(?:or|and)\s+(?:not\s*\(\s*)?"
                r"(?:count|name|string|substring|contains|position|last|concat|text|node)"
                rf"\s*\(\s*(?:\)\s*[=<>]|{_PATH}|/|name\(|\*|\.\s*[,)])"
            ),
        ),
        Rule(
            "number_function",
            _JOINED_FUNCTION,
            0.97,
            check=confirmed_by(r"^(?:or|and)\s+(?:not\s*\(\s*)?" + _ONLY_XPATH),
        ),
        Rule(
            "boolean_function",
            r"\bor\s+(?:true|position|last)\s*\(\s*\)(?:\s+or\b|\s*=\s*\d|\s*$|\])",
            0.9,
        ),
        # -- blind reading of a document that one does not know
        Rule(
            "blind_reading",
            r"\b(?:string-length|substring|count|contains|starts-with|string-to-codepoints)\s*\(\s*(?:(?:local-)?name\s*\(|string\s*\(|/|[a-z-]+::)",
            0.96,
            check=confirmed_by(
                rf"\b(?:string-length|substring|count|contains|starts-with|string-to-codepoints)\s*\(\s*"
                rf"(?:name\s*\(|local-name\s*\(|string\s*\(|/\*|//\*|/child::|//\w+\[|{_AXIS}[^,)]{{0,24}}[,)])[^=<>]{{0,64}}[=<>]"
            ),
        ),
        Rule(
            "blind_reading",
            r"\bcount\s*\(\s*/",
            0.96,
            check=confirmed_by(
                r"\bcount\s*\(\s*(?:/(?:\*|@\*|child::node\(\)|comment\(\))|//\*|//@\*)"
            ),
        ),
        Rule("blind_reading", r"\b(?:local-)?name\s*\(\s*(?:/\*|//\*|parent::|child::|\.\./)", 0.9),
        Rule(
            "document_fetch",
            r"\b(?:doc|doc-available|document|unparsed-text|collection)\s*\(\s*(?:concat\s*\(\s*)?['\"]"
            r"(?:https?:|ftp:|file:|//[\w.]+/)",
            0.96,
        ),
        Rule(
            "document_fetch",
            r"\b(?:environment-variable|available-environment-variables)\s*\(",
            0.96,
        ),
        # GeoTools hands names of properties to JXPath, CVE-2024-36401.
        Rule(
            "java_call",
            r"\bexec\s*\(\s*java\.lang\.|\bjava\.lang\.\w+\.\w+\s*\(\s*\)\s*,\s*['\"]",
            0.97,
        ),
        Rule(
            "whole_expression",
            r"/\w+\[[^\]]+\]/",
            0.3,
            check=confirmed_by(r"(?:^|[\s('\"])//?\w+\[[^\]]{1,64}\]/"),
        ),
        Rule(
            "whole_expression",
            r"/[a-z-]+::|\btext\s*\(\s*\)\s*=",
            0.3,
            check=confirmed_by(rf"/{_AXIS}|\btext\s*\(\s*\)\s*="),
        ),
    ),
)
