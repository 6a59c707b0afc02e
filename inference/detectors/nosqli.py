"""NoSQL injection: a query operator where a value belongs, or code that leaves its string.

CWE-943; CRS 942290; OWASP WSTG-INPV-05.6. MongoDB's operators are found by name in parameter names
(``user[$ne]=``), in JSON keys and in JSON that travels as text; its server-side JavaScript, Cypher,
and the wire formats of Redis and memcached by what ends the surrounding literal.
"""

import re

from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from kysira.types import Place

# Not $set, $type, $size, $ref, $date and the like: analytics, Json.NET, JSON Schema and BSON dumps
# send them as data.
_COMPARISON = r"(?:ne|eq|gte?|lte?|n?in|exists|not|all|mod|elemMatch|or|and|nor)"
_CODE = r"(?:where|regex|function|accumulator|expr|jsonSchema|text|lookup|unionWith|graphLookup)"
_OPERATOR = rf"\$(?:{_COMPARISON}|{_CODE})"
_FIRST_QUOTE = r"^[^'\"]{0,256}['\"]"
_JSON_OPERATOR = rf"['\"]?{_OPERATOR}['\"]?\s*:"
# Signs that several rules share.
_OPERATOR_SIGN = rf"{_OPERATOR}\b"
_JOINED = r"(?:\|\||&&)[\s(!]*(?:this\.|obj\.|sleep|function|\d|true|['\"])"
_NEW_DATE = r"(?:new\s+Date|Date\.now)\b"
_FILTER_NAME = re.compile(r"(?:^|[.\[])(?:filters?|where|selector)(?:[.\[\]]|$)", re.IGNORECASE)
_CODE_NAME = re.compile(rb"\$(?:where|function|accumulator|expr)\b", re.IGNORECASE)


def _is_no_filter(field: Field, text: bytes) -> bool:
    """Return False for comparisons in a filter that the API offers as such.

    Strapi (``filters[name][$eq]``), Parse (``where=``), Pinecone (``filter``) and CouchDB
    (``selector``) are queried with MongoDB's operators on purpose; with code they are not.
    """
    return not _FILTER_NAME.search(field.name) or bool(_CODE_NAME.search(text))


DETECTOR = Detector(
    slug="nosqli",
    rules=(
        # -- operators
        Rule(
            "operator_parameter",
            _OPERATOR_SIGN,
            check=confirmed_by(
                rf"^[^\s$]{{0,128}}\[['\"]?{_OPERATOR}['\"]?\]", after=_is_no_filter
            ),
        ),
        Rule(
            "operator_parameter",
            _OPERATOR_SIGN,
            check=confirmed_by(rf"^[\w.\[\]-]{{1,64}}\.{_OPERATOR}$", after=_is_no_filter),
        ),
        Rule(
            "operator_key",
            rf"^{_OPERATOR}$",
            places=frozenset({Place.JSON}),
            check=_is_no_filter,
        ),
        # The value is an object, a list, or goes on after the value it was pasted in for.
        Rule(
            "operator_json",
            _OPERATOR_SIGN,
            check=confirmed_by(
                rf"^[\s('\"\d,;]{{0,16}}[{{\[].{{0,200}}[{{,]\s*{_JSON_OPERATOR}",
                after=_is_no_filter,
            ),
        ),
        Rule(
            "operator_json",
            _OPERATOR_SIGN,
            check=confirmed_by(rf"^[\s('\"]{{0,8}}\{{\s*{_JSON_OPERATOR}", after=_is_no_filter),
        ),
        Rule(
            "operator_json", _OPERATOR_SIGN, 0.6, check=confirmed_by(rf"[{{,]\s*{_JSON_OPERATOR}")
        ),
        Rule(  # a GraphQL variable is followed by its type
            "operator_json",
            _OPERATOR_SIGN,
            0.97,
            check=confirmed_by(
                r"^[^{]{0,32},\s*['\"]?\$(?:where|n?or|and|ne|[gl]te?|nin|regex|expr)['\"]?\s*:\s*['\"\[{\d/]"
            ),
        ),
        Rule("operator_json", r"^\s*['\"]?\s*\}\s*,\s*\{\s*['\"]?\w+['\"]?\s*:", 0.96),
        Rule(
            "where_clause",
            _OPERATOR_SIGN,
            check=confirmed_by(
                r"(?:^|[{,'\"]\s*)['\"]?\$where['\"]?\s*:\s*(?:['\"]|function|this\.)"
            ),
        ),
        # -- JavaScript that MongoDB runs
        Rule(
            "javascript_boolean",
            _JOINED,
            check=confirmed_by(
                _FIRST_QUOTE
                + r"[\s)}\]]*(?:\|\||&&)[\s(!]*(?:this\.\w|obj\.\w|sleep\s*\(|function\s*\()"
            ),
        ),
        Rule(
            "javascript_boolean",
            _JOINED,
            0.97,
            check=confirmed_by(
                r"(?:^[^'\"]{0,64}['\"][\s)}]*|^[\w.-]{0,32}\s*)(?:\|\||&&)[\s(]*"
                r"(?:\d{1,8}|true|'[^']{0,16}'?|\"[^\"]{0,16}\"?)\s*={2,3}\s*(?:\d|true|'|\")"
            ),
        ),
        Rule(
            "javascript_boolean",
            _JOINED,
            0.96,
            check=confirmed_by(_FIRST_QUOTE + r"[\s)}]*(?:\|\||&&)\s*['\"](?://|\s*\+|\s*$)"),
        ),
        Rule(
            "javascript_boolean",
            _JOINED,
            0.97,
            check=confirmed_by(
                r"^[\w.-]{0,32}\s*(?:\|\||&&)[\s(!]*this\.\w{1,32}(?:\.\w+\(|\s*[!=]=|\[)"
            ),
        ),
        Rule(
            "javascript_boolean",
            r"\d(?:\|\||&&)this\.\w+(?:/|\z)",
            0.96,
            check=confirmed_by(r"^(?:/[^\s?]*/)?\d{1,12}(?:\|\||&&)this\.\w+(?:/|\z)"),
        ),
        Rule(
            "javascript_statement",
            r";\s*(?:return\b|sleep\s*\(|(?:var\s+)?\w+\s*=\s*new\s+Date|while\s*\(|do\s*\{|for\s*\(\s*;|db\.\w|throw\b)",
            check=confirmed_by(
                _FIRST_QUOTE
                + r"[\s)}\]]*;\s*(?:return\b[\s(]*(?:true|false|this|\d|'|\"|\{)|sleep\s*\("
                r"|(?:var\s+)?\w+\s*=\s*new\s+Date|while\s*\(|do\s*\{|for\s*\(\s*;|db\.\w|throw\b)"
            ),
        ),
        Rule(
            "javascript_delay",
            _NEW_DATE,
            0.97,
            check=confirmed_by(r"do\s*\{[^}]{0,48}new\s+Date\b[^}]{0,32}\}\s*while\s*\("),
        ),
        Rule(
            "javascript_delay",
            _NEW_DATE,
            0.9,
            check=confirmed_by(r"(?:^|[;'\"])\s*while\s*\(\s*(?:new\s+Date|Date\.now)\b[^)]{0,64}"),
        ),
        Rule(
            "javascript_probe",
            r"\bthis\.\w*(?:pass|pwd|user|login|email|token|secret|role)",
            0.5,
            check=confirmed_by(
                r"\bthis\.(?:\w{0,16}(?:pass|pwd|user|login|email|token|secret|role)\w{0,16})"
                r"(?:\.(?:match|charAt|startsWith|substr|substring|search|indexOf|length)\b|\[\d|\s*==)"
            ),
        ),
        Rule(
            "shell_command",
            r";\s*(?:return\b.*)?db\.\w",
            0.97,
            check=confirmed_by(
                r";\s*(?:return\b[^;]{0,32};\s*)?db\.(?:\w{1,48}\.)?"
                r"(?:insert|drop|remove|update|mapReduce|find|dropDatabase|getCollectionNames"
                r"|adminCommand|createUser)\w{0,8}\s*\([^;]{0,200}(?:;\s*return\b|emit\()"
            ),
        ),
        # -- other stores
        Rule(
            "cypher",
            r"[\'\"][\s)}\]]*(?:(?:or|and)\s|return\s|(?:optional\s+)?match\s*\(|detach\s|call\s+(?:db|dbms|apoc)\.|load\s+csv|union\s+match|with\s+\d|set\s+\w+\.)",
            0.97,
            check=confirmed_by(
                r"^[^'\"\n]{0,64}['\"][\s)}\]]*(?:(?:or|and)\s[^'\"]{1,32}\s)?"
                r"(?:return\s+[\w.*]+\s*(?://|;|$|limit\b|union\b)|(?:optional\s+)?match\s*\(|detach\s+delete|call\s+(?:db|dbms|apoc)\."
                r"|load\s+csv|union\s+match|with\s+\d|set\s+\w+\.\w+\s*=)"
            ),
        ),
        Rule(
            "cypher", r"\bload\s+csv\s+(?:with\s+headers\s+)?from\s+['\"](?:https?|ftp|file):", 0.96
        ),
        Rule(
            "cypher",
            r"\bcall\s+(?:db\.(?:labels|schema|propert)|dbms\.\w|apoc\.(?:load|cypher))",
            0.8,
        ),
        Rule("cypher", r"\bdetach\s+delete\b", 0.6),
        Rule(
            "cql",
            r"\ballow\s+filtering\b",
            0.97,
            check=confirmed_by(_FIRST_QUOTE + r"[^'\"]{0,64}\ballow\s+filtering\b"),
        ),
        Rule("redis_protocol", r"[\r\n]\*\d{1,3}\r?\n\$\d{1,4}\r?\n\w", 0.97),
        Rule(
            "redis_protocol",
            r"\r\n\s*(?:flushall|flushdb|slaveof\s+\S+\s+\d+|config\s+set\s+(?:dir|dbfilename)\s"
            r"|eval\s+['\"]|module\s+load\s)",
            0.97,
        ),
        Rule(
            "memcached_protocol",
            r"\r\n(?:set|add|replace)\s",
            0.97,
            check=confirmed_by(r"\r\n(?:set|add|replace)\s\S{1,64}\s\d+\s\d+\s\d+\r\n"),
        ),
    ),
)
