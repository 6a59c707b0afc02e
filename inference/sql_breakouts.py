r"""Rules for values that end a literal and go on with operators which a name alone completes.

CRS 942120-942540; SQLite "Operators, and Parse-Affecting Attributes", PostgreSQL §9.7. Part of the
sqli detector. ``x' and email ilike email--`` compares no numbers or texts, so that rules which look
for one see nothing; what says that it is SQL are the quote in the first word and how it ends.
"""

import re2

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options
from inference.sql_grammar import expand
from kysira.types import Place

_SENT = frozenset({Place.QUERY, Place.FORM, Place.COOKIE, Place.HEADER, Place.PATH, Place.BODY})
_OPERATOR = (
    r"(?:[<>=!~^|&*/%]|(?:x?or|and|is|i?like|glob|not|mod|div|in|between|regexp|rlike|collate"
    r"|similar|match|isnull|notnull|sounds|escape)(?:[\s(!~?+]|\b['\"`\[]))"
)
_TAUTOLOGY = re2.compile(
    rb"^['\"]\w{1,32}['\"]\s*(?:,|\bx?or\b|\band\b)\s*['\"](\w{1,16})['\"]\s*(?:=|\blike\b)\s*['\"](\w{1,16})\b['\"]?\s*$",
    options=re2_options(),
)
_LOG_IN_FIELDS = frozenset(
    ("account", "e-mail", "email", "login", "mail", "name", "uid", "uname")
) | {"user", "user_id", "user_name", "userid", "username"}
_NUMBER_FIELD = re2.compile(
    r"(?i:(?:^|[_.\[-])(?:id|page|limit|offset|sort|order(?:_?by)?|per_page|count|qty|num)\]?$)|[a-z]I[Dd]$"
)
"""What holds a number, or the name of a column."""
_SLEEP = r"sleep\s*\(\s*\d+(?:\.\d+)?\s*\)[^\w]*\z"
_KEYWORD = (
    r"(?:select|insert|update|delete|drop|alter|create|truncate|union|exec(?:ute)?|declare|replace)"
)
_SCHEMA = (
    r"(?:information_schema|performance_schema|pg_catalog|sqlite_(?:temp_)?master|mysql\.user)"
)


def _is_tautology(field: Field, text: bytes) -> bool:
    """Return True for a short list that ends as ``'a', '1'='1'``: a literal equals itself."""
    found = _TAUTOLOGY.search(text)
    return found is not None and found[1] == found[2] and is_short(8, lines=2)(field, text)


def _is_log_in_field(field: Field, text: bytes) -> bool:
    """Return True where a form asks who one is: nobody pastes code there."""
    return field.name.lower() in _LOG_IN_FIELDS


def _is_number_field(field: Field, text: bytes) -> bool:
    """Return True for a field that nobody types words into."""
    return _NUMBER_FIELD.search(field.name) is not None


def _is_disguised(field: Field, text: bytes) -> bool:
    """Return True for a word in neither small letters nor capitals, as filters are fooled with."""
    word = text.partition(b"(")[0].strip(b" \t\r\n;'\"`")
    return word not in (word.lower(), word.upper(), word.capitalize())


RULES = (
    # The first word has the only quote, and what follows is commented out.
    Rule(
        "quote_comment",
        r"--[\s+-]*\z",
        0.96,
        check=confirmed_by(
            expand(rf"^[^\s'\"]{{0,64}}'{{close}}{_OPERATOR}[^'\"\n]{{0,120}}--[\s+-]*\z"),
            after=is_short(16, lines=2),
        ),
    ),
    Rule(
        "quote_comment",
        r"['\"`][\s+)]*(?:x?or|and)[\s+(]*--",
        0.96,
        check=is_short(6, lines=2),
    ),
    Rule(
        "quote_boolean",
        r"^[^\s'\"]*'[\s+)']*(?:x?or|and)[\s+(]+[\w!(]",
        0.96,
        places=_SENT | {Place.JSON},
        check=confirmed_by(
            expand(
                r"^[^\s'\"]{0,64}'{close}(?:x?or|and)\h+(?:not\h+)?[\w.]+\h+(?:not\h+)?i?like\h+\w+\h+escape\h+'"
                r"|^[^\s'\"]{0,64}'{close}(?:x?or|and)\h+(?:not\h+)?(?:false|true|null)\h*\)*;"
                r"|^[^\s'\"]{0,64}'{close}(?:x?or|and)\h+(?:not\h+)?\w+\h*\([^()'\"]{0,64}\)"
                r"\h*(?:{or}\h+'[^'\"]{0,16}|{end}.{0,16})\z"
                r"|^[^\s'\"]{0,64}'{close}(?:x?or|and)\h+[\w.]+\h+(?:glob|i?like|regexp|rlike)\h+[\w.]+\h*;\h*\z"
                r"|^'{2,4}{close}or\h+\d{1,4}\h*\z"
            ),
            after=is_short(14, lines=2),
        ),
    ),
    # An address or a number, a quote, and the end of the statement: so do lines of code end.
    Rule(
        "quote_end",
        r"^(?:[\w.+-]+@[\w-]+(?:\.[\w-]+)+['\"`][\s)]*(?:/\*[^*]*\*/\s*;\s*|;\s*--[^\n]*)"
        r"|\d+['`][\s)]*;\s*--.*)\z",
        0.96,
    ),
    Rule(
        "quote_end",
        r"^[\w.+-]+@[\w-]+(?:\.[\w-]+)+['\"`][\s)]*;\s*\z",
        0.96,
        check=_is_log_in_field,
    ),
    Rule("quote_end", r"^[\w.+-]+@[\w-]+(?:\.[\w-]+)+['\"`][\s)]*;\s*\z", 0.8),
    Rule("tautology", r"['\"]\w+['\"]\s*(?:=|like)\s*['\"]\w", 0.96, check=_is_tautology),
    Rule("tautology", r"^'\d\d+'\s*=\s*'\d+\s*\z", 0.96),
    Rule(
        "number_comment",
        r"^\s?x?or\s+\d+\s*(?:#|--)\s*\z|^\d+\s*=\s*'\w+'\s*(?:or|and)\b[^\w]*--",
        0.96,
    ),
    # Statements end in ";--" only where more would follow.
    Rule(
        "statement_comment",
        r";--[\s-]*\z",
        0.96,
        check=confirmed_by(
            expand(
                r"\b(?:insert\h+into\h|update\h+\S+\h+set\h|delete\h+from\h|(?:drop|alter|create|truncate)\h+{kind}"
                r"|exec(?:ute)?\h+(?:[xs]p_|master\b|immediate\b)|;\h*shutdown\b)[^;]*;--[\s-]*\z"
                r"|^\W{0,4}(?:(?:drop|truncate)\h+\w(?:\w{4,63})?|shutdown)\h*;--[\s-]*\z"
                r"|^[^\s'\"`]*(?:['\"`\d]{close}|\));\h*(?:insert|update|delete|drop|alter|create|truncate|exec(?:ute)?"
                r"|shutdown)\b[^;]*;--[\s-]*\z"
            ),
            after=is_short(12, lines=2),
        ),
    ),
    # Comments take the place of blanks, which a filter asks for.
    Rule(
        "comment_blanks",
        rf"(?:^|[^\w]){_KEYWORD}\s*/\*",
        0.96,
        check=confirmed_by(
            rf"^[^\w\s]{{0,4}}{_KEYWORD}/\*[^*]*\*/[('\"@*\w]|[\s;('\")]{_KEYWORD}/\*[^*]*\*/[('\"@*\w]"
            rf"|;\s*{_KEYWORD}\s*/\*[^*]*\*/",
            after=is_short(12, lines=2),
        ),
    ),
    Rule(
        "comment_blanks",
        r"\b(?:se?|sel|un?|uni|dr|dro|de?|del|ins|upd?)/\*",
        0.97,
        check=confirmed_by(
            r"\b(?:se?|sel|un?|uni|dr|dro|de?|del|ins|upd?)/\*[^*]*\*/(?:e?lect|i?on|op?|p|e?lete|ete|ert|ate)\b",
            after=is_short(16, lines=2),
        ),
    ),
    Rule("comment_blanks", r"\d\s*/\*[^*]*\*/\s*union\b", 0.96, check=is_short(6, lines=3)),
    # A number and what no number is followed by.
    Rule(
        "number_clause",
        r"\b(?:and|x?or)[\s+]+select[\s+]|\bgroup[\s+]+by[\s+]+\d|\b(?:div|mod|xor)[\s+]*\(+[\s+]*select\b",
        0.96,
        places=_SENT | {Place.JSON},
        check=confirmed_by(
            expand(
                r"^[^\w\s]{0,3}(?:\d{1,8}|true|false|null){close}(?:(?:and|x?or)\h+select\h(?:.*(?:--|/\*)"
                r"|(?:(?:top|distinct)\h)?\h*(?:[\d*'@]|[\w.]+(?:\(|\h*,)).*\bfrom\b"
                r"|[\w.]+\h+from\h+[\w.]+\h+where\b)"
                r"|group\h+by\h+\d+\h+having\h.*(?:[=<>]|\blike\b)|(?:div|mod|xor)\h*\(+\h*select\b)"
            ),
            after=is_short(16),
        ),
    ),
    Rule(
        "chained",
        r"^[^\w]{0,4}(?:pi|floor|ceil|cos|sin|tan|exp|sqrt|rand|abs)\([^'\"{}]*\)[\s+]*(?:and|x?or|&&|\|\|)[\s+]*\w+\([^'\"]*\)[\s+]*[=<>]",
        0.96,
        check=is_short(10),
    ),
    Rule("file_access", r"\bFileTo[CB]lob\s*\(|\blotofile\s*\(", 0.96),
    # ODBC's escapes: MySQL ignores the word after the brace.
    Rule(
        "odbc_escape",
        r"(?:\b(?:x?or|and)|\|\||&&)\s*\{\s*`?\w+`?[\s(]",
        0.96,
        check=confirmed_by(
            r"^[^\n]{0,64}(?:\b(?:x?or|and)|\|\||&&)\s*\{\s*`?[a-z]\w*`?[\s(]+(?:length|select|version|user"
            r"|database|substr\w*|ascii|ord|\d|@@|if|sleep|exists|`)",
            after=is_short(16),
        ),
    ),
    Rule(
        "schema",
        rf"^[^\w\s]{{0,4}}\s?from\s+[`\"\[(]?{_SCHEMA}[`\"\])]*\s*(?:\.|\bwhere\b|\blimit\b|\z)",
        0.96,
        check=is_short(12),
    ),
    # The rest of a query whose beginning was there before.
    Rule(
        "dangling",
        r"^[^\w\s]{0,4}[)`'\"]\s+as\s+[`'\"]\w+[`'\"]\s+from\b|^\s?\d+\s+as\s+[`'\"]\w+[`'\"]\s+from\s+\S+\s*\z",
        0.95,
        check=is_short(12),
    ),
    # A delay by itself: where a number or an expression is expected, it is evaluated. So do people
    # name functions; they don't in paths, behind a semicolon or in letters of both sizes.
    Rule(
        "time_delay",
        rf"^(?:/(?:[\w.-]+/)*)?[^\w\s/]{{0,4}}\s?{_SLEEP}",
        0.96,
        places=frozenset({Place.PATH, Place.HEADER, Place.COOKIE}),
    ),
    Rule("time_delay", rf"^[^\w\s/]{{0,3}}[;&|,)+=^%]\s?{_SLEEP}", 0.96, places=_SENT),
    Rule("time_delay", rf"^\s?{_SLEEP}", 0.96, places=_SENT, check=_is_disguised),
    Rule("time_delay", rf"^\s?{_SLEEP}", 0.96, places=_SENT, check=_is_number_field),
    Rule("time_delay", rf"^\s?{_SLEEP}", 0.8, places=_SENT),
    Rule(
        "cast",
        r"^(?:\d+[\s+*|-]+)?\(*(?:current_user|session_user|user|passw(?:or)?d|version\(\)"
        r"|current_database\(\)|current_schema)\)*::(?:int|numeric|bool|date|bigint|float)",
        0.96,
        places=_SENT,
        check=is_short(3),
    ),
)
