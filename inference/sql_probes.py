"""Rules for short values that are a fragment of SQL and nothing else, part of the sqli detector.

CRS 942120-942560. Where a number or an expression is pasted into a query, a lone function call or
comparison is evaluated: testers ask so whether it is. In longer values the same is prose or code.
"""

import re2

from inference.checks import is_short
from inference.detector import Check, Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options
from inference.sql_grammar import expand
from kysira.types import Place

_SENT = frozenset({Place.QUERY, Place.FORM, Place.COOKIE, Place.HEADER, Place.PATH, Place.BODY})
# Names that only databases have; spreadsheets, shells and programming languages share the others.
_FUNCTION = (
    r"(?:aes_(?:de|en)crypt|analyse|ascii_?str|benchmark|bit_(?:and|count|length|or|xor)|cdbl"
    r"|char(?:acter)?_length|coalesce|coercibility|collation|concat_ws|connection_id|convert_tz"
    r"|current_(?:database|schema|setting|user)|cur(?:date|time)|database(?:_to_xml)?|date_?(?:add"
    r"|diff|part|sub|trunc|format)|day(?:name|ofmonth|ofweek|ofyear)|dbms_\w+\.\w+"
    r"|des_(?:de|en)crypt|elt|export_set|extractvalue|find_in_set|format_bytes"
    r"|found_rows|from_(?:base64|days|unixtime)|generate_series|get_(?:format|lock)|greatest"
    r"|group_concat|gtid_sub(?:set|tract)|has_\w+_privilege|iif|ifnull|inet6?_(?:aton|ntoa)|instr"
    r"|is_(?:free|used)_lock|json_(?:array|build|contains|depth|each|extract|group|keys"
    r"|length|merge|object|pretty|quote|search|serialize|set|table|type|unquote|valid|value)\w*"
    r"|jsonb_\w+|last_(?:day|insert_id|insert_rowid)|lcase|likelihood|likely|unlikely"
    r"|lo_(?:export|get|import)|load_(?:extension|file)|lower_inf|lpad|rpad|[lr]trim|make_set"
    r"|makedate|maketime|master_pos_wait|microsecond|name_const|nullif|nvl2?|octet_length"
    r"|old_password|openrowset|openquery|overlay|period_(?:add|diff)|pg_\w+|posstring"
    r"|quarter|query_to_xml|randomblob|regexp_(?:instr|like|matches|replace|split\w*|substr\w*)"
    r"|release_(?:all_)?locks?|row_?(?:count|number|to_json)|schema_name|sec_to_time|session_user"
    r"|sp_\w+|soundex|sql_variant\w*|sqlite_\w+|starts_with|std(?:dev)?(?:_pop|_samp)?"
    r"|str(?:_to_date|pos)|sub(?:date|string_index|time)|suser_s?name|sysdate"
    r"|system_user|table_to_xml|time(?:_format|_to_sec|stampadd|stampdiff)|to_(?:ascii"
    r"|base64|char|date|days|hex|number|seconds|timestamp)|to[_n]?char|ucase"
    r"|uncompress(?:ed_length)?|unhex|unistr|unix_timestamp|updatexml|user_?(?:id|name)"
    r"|utc_\w+|utl_\w+\.\w+|uuid_short|validate_password_strength|var(?:iance|_pop|_samp)"
    r"|wait_for_executed_gtid_set|weekofyear|xmltype|xp_\w+|year(?:week)|zeroblob)"
)
_TAUTOLOGY = re2.compile(
    rb"^[^\w]{0,8}(\w{1,16})['\"`\s)]*(?:={1,3}|<=>|\blike\b|\bglob\b|\bregexp\b|\brlike\b)"
    rb"['\"`\s(]*(\w{1,16})[^\w]{0,8}$",
    options=re2_options(),
)
_ATTRIBUTE = re2.compile(
    rb"^\W{0,4}\w+\s?=\s?(?:\"\w*\"|'\w*'|\xe2\x80.\w*\xe2\x80.)\W{0,4}$", options=re2_options()
)
_FORMULA = re2.compile(rb"^\s*=\s?[a-z][a-z0-9.]*\([^'`]*\)\s*$", options=re2_options())
_PAIR = re2.compile(
    rb"^\s*(?:'[a-z]\w{2,}'\s*(?:=+|like)\s*'\w+'|\"[a-z]\w{2,}\"\s*(?:=+|like)\s*\"\w+\")[\s;,]*$",
    options=re2_options(),
)
_CAST = (
    r"(?:text|int(?:eger|[248])?|bigint|smallint|bool(?:ean)?|jsonb?|double|real|float\d?|numeric"
    r"|varchar|char|bpchar|bytea|date|time(?:stamp)?|reg\w+|name|oid|xml|uuid|inet)"
)


def _short(words: int, pattern: str = "") -> Check:
    """Return a check for few words, which are no formula of a spreadsheet: ``=POWER(A1, 2)``."""
    is_brief = is_short(words, lines=4)

    def after(field: Field, text: bytes) -> bool:
        return is_brief(field, text) and not _FORMULA.search(text)

    return confirmed_by(expand(pattern), after=after) if pattern else after


def _unless_query(words: int, pattern: str) -> Check:
    """Return a check for values that are no whole query of their own."""
    matches = _short(words, pattern)

    def check(field: Field, text: bytes) -> bool:
        lead = text[:64].lstrip(b" \t\r\n(").lower()
        return not lead.startswith((b"select", b"with")) and matches(field, text)

    return check


def _is_tautology(field: Field, text: bytes) -> bool:
    """Return True for a comparison of a word with itself: ``7 like 7``, ``'a'='a``.

    Not for an attribute of markup or a setting, ``city="city"`` or ``'city' = 'city'``.
    """
    if _ATTRIBUTE.search(text) or _PAIR.search(text):
        return False
    match = _TAUTOLOGY.search(text)
    if match is None or match[1].lower() != match[2].lower() or len(text) >= 64:
        return False
    # "lang=lang" is a pair of a query.
    return match[1].isdigit() or b"'" in text or b'"' in text


RULES = (
    Rule(
        "function_call",
        expand(rf"^[\s;'\"`(+,.!@=*/-]*\b{_FUNCTION}\("),
        0.95,
        places=_SENT,
        check=_short(
            6,
            r"\)[^\w]{0,8}$|\([^)]*$|\)\h*(?:[=<>!*/+|&%-]|x?or\b|and\b|(?:not\h+)?(?:like|in)\b)",
        ),
    ),
    Rule(
        "function_call",
        r"(?:connection_id|current_user|database|schema|user|version)\s*\(\s*\)",
        0.96,
        places=_SENT,
        check=_short(3, r"^[^\w]{0,8}\w+\h*\(\h*\)[^\w]{0,8}$"),
    ),
    Rule(
        "json_operator",
        r"['\"]?\s*::\s*jsonb?\b|[}\]]['\"]\s*(?:<@|@>|\?|->|#>|#-|@\?|[<>=!]|\|\|)",
        0.96,
        check=_short(
            24,
            r"[}\]]['\"]\h*(?:::\h*jsonb?)?\h*(?:<@|@>|\?[|&]?|->>?|#>>?|#-|@\?|@@|\|\||[<>!=]{1,2})"
            r"\h*(?:['\"\d]|array\b|\w+\()|\bjsonb?\h+'",
        ),
    ),
    Rule("cast", rf"['\")\d]\s*::\s*{_CAST}\b", 0.96, check=_short(6)),
    Rule(
        "schema_name",
        r"information_schema\.|master\.\.sys|pg_catalog\.|mysql\.(?:user|db)\b|sqlite_(?:temp_)?master"
        r"|msys(?:ac|obj|queries|rel)|sysobjects|syscolumns|all_tab_col|sys\.\w+_(?:name|tables)"
        r"|tempdb\.|northwind\.|performance_schema\.",
        0.95,
        places=_SENT,
        check=_short(3),
    ),
    Rule(
        "tautology",
        r"^\W*\w+['\"`\s)]*(?:=+|<=>|\b(?:glob|r?like|regexp)\b)['\"`\s(]*\w+\W*$",
        0.95,
        check=_is_tautology,
        places=_SENT,
    ),
    Rule(
        "operator",
        r"\bcollate\b|\bnotnull\b|\b(?:not\s+)?between\b|\bsounds\s+like\b|\b(?:rlike|regexp|glob)\b"
        r"|<=>|\bis\s+(?:not\s+)?(?:null|true|false)\b|\bxor\b",
        0.95,
        places=_SENT,
        check=_short(
            7,
            r"\bcollate\h*[`'\"]?(?:nocase|rtrim|binary|utf8\w*|latin1\w*|ascii\w*)|['\"`\d)]\h*notnull\b"
            r"|^[^\w\s]{0,4}(?:\d{1,16}|[\w.]{0,16}['\"`]+)\h*(?:not\h+)?between\h+['\"\d]+\h+and\h+['\"\d]"
            r"|['\"`\d)]\h*sounds\h+like\h|^[\w.'\"`)]{1,16}\h*(?:not\h+)?(?:rlike|regexp|glob)\h+['\"\d(]"
            r"|[\w'\"`)]\h*<=>\h*[\w'\"`(]|['\"`\d)]\h*is\h+(?:not\h+)?(?:null|true|false)\b"
            r"|^[^\w]{0,4}\w{0,16}[^\w]{0,3}\bxor\h+['\"\d(]",
        ),
    ),
    Rule(
        "quote_operator",
        r"^[^\s'\"`]*['\"`]+[\s+]*(?:is\b[\s?]|not[\s+]+(?:like|glob|r?like|regexp|in|between|match)\b"
        r"|sounds\s|notnull\b|isnull\b|(?:mod|div)[\s\d'(]|collate\b|(?:glob|match|r?like|regexp)[\s+]*['\"\d(])",
        0.95,
        places=_SENT,
        check=_short(
            6,
            r"^[^\s'\"`]{0,32}['\"`]+\h*(?:is\h*(?:not\h*)?(?:\?|null\b|\d|--)"
            r"|is\h+not\h+['\"]?\w+['\"]?\h*(?:{end}.*)?$|not\h*(?:like|glob|regexp|rlike|in"
            r"|between|match)\b|sounds\h+like\b|(?:not|is)null\b|(?:mod|div)\h*[\d'(]|collate\b"
            r"|(?:glob|match|rlike|regexp)\h*['\"\d(])",
        ),
    ),
    Rule(
        "chained",
        r"(?:\b(?:and|x?or|nand)\b|&&|\|\|)[\s(!~-]*[\w'\"`@]",
        0.95,
        places=_SENT,
        check=_short(
            6,
            r"^[^\w\s]{0,6}(?:[\w.]{0,24}['\"`)]+|\d+)\h*(?:and|x?or|nand|&&|\|\|)\h*[(!~+-]*\h*"
            r"[\w'\"`@.,]{1,32}{close}(?:[=!<>@*/%+-]+[\s\d]*['\"`)(=;-]|[!<>@]=?\h*[\w'\"]*\h*$|={end}|--|#)"
            r"|^[^\w\s]{0,6}x?or\b\h*['\"]?\w{1,16}['\"]?\h*[<>=!]{1,2}\h*[\w'\"]{0,16}\h*$"
            r"|^\d+\h*(?:and|x?or|div|like|between)\h*\d+\h*[+-][^\w]*$"
            r"|^[^\w\s]{0,4}(?:and|x?or|&&|\|\|)\h*[(!]*\h*[\w.]{1,32}{close}(?:=|!=|<>|<=|>=)\h*['\"`(@]",
        ),
    ),
    Rule("dangling", r"^[^\w]{0,4}\)\s+as\s+\w+\s+from\b", 0.95, check=_short(12)),
    Rule(
        "quote_operator",
        r"^[^\s'\"`]*['\"`]\s*(?:[&|^*/%+<>~-]{1,2})",
        0.95,
        places=_SENT,
        check=_short(
            6,
            r"^(?:[^\s'\"`]{0,31}[^\s'\"`\d])?['\"`]\h*(?:[&|^*/%+-]|<<|>>|\|\||&&|<>)\h*[-+~!@(]*"
            r"[\w.]{0,24}['\"`]?{close}(?:--|#|/\*|;\x00)",
        ),
    ),
    Rule("variable_query", r"@\w{1,32}\s*:?=\s*\(\s*select\b", 0.96, check=_short(40)),
    Rule("variable_query", r"(?:^|\W)set\s+@\w+\s*:?=", 0.95, check=_short(8)),
    Rule(
        "statement",
        r"[^\s][\s+]*\b(?:select|insert|update|delete|create|alter|load|rename|truncate|desc)[\s(+]+"
        r"(?:char|n?char|group_concat|load_file|if|sleep|benchmark|database|user|version)\b\s*\(",
        0.96,
        check=_short(32),
    ),
    Rule(
        "statement",
        r"[\s(,]load_file\s*\(\s*(?:0x|char|['\"/])|\binto\s+(?:dump|out)file\s*['\"(]",
        0.97,
    ),
    Rule(
        "statement",
        r"\b(?:except|intersect)\s+(?:all\s+)?(?:select|values)\b",
        0.95,
        check=_short(24),
    ),
    Rule("statement", r"\balter\s+\w+.*\bchar(?:acter)?\s+set\s+\w", 0.95, check=_short(10)),
    Rule("statement", r"\bexec(?:ute)?\s+immediate\s*['\"(]", 0.96, check=_short(12)),
    Rule(
        "statement",
        r"\bcreate\s+(?:or\s+replace\s+)?function\s.+\sreturns\b",
        0.95,
        check=_short(16),
    ),
    Rule("statement", r"\bmatch\s*\([\w\s,.]+\)\s*against\s*\(", 0.95, check=_short(10)),
    Rule("statement", r"\bmerge\b.*\busing\s*\(", 0.95, check=_short(12)),
    Rule(
        "statement",
        r"^[^\w\s]{0,4}['\"`][\s)]*;?\s*(?:having\s+\w|select[\s+]*[\w('\"@*]|union\s*(?:all|distinct|select|\())",
        0.95,
        check=_short(16),
    ),
    Rule(
        "case_when",
        r"\bcase\s+(?:when\b|\w+\s+when\b).*\bthen\b",
        0.8,  # a sentence may say so too
        places=_SENT,
        check=_short(12),
    ),
    Rule(
        "case_when",
        r"\bi?if\s*\(\s*[\w'\"]{1,16}\s*[=<>~!]",
        0.8,  # spreadsheets begin formulas with it
        places=_SENT,
        check=_short(4, r"^[^\w]{0,6}i?if\s*\(\s*[\w'\"]{1,16}\s*[=<>~!]{1,2}\s*[\w'\"]{1,16}\s*,"),
    ),
    Rule(
        "optimizer_hint",
        r"/\*\s?\+[^*]+\*/|/\*M?!(?:\d{5,6}|\s?(?:select|union|and|or|from|where|all|order|if|sleep)\b)",
        0.95,
        check=_short(24),
    ),
    # "1.e" is a number to MySQL, and what follows the start of the next word.
    Rule("scientific_notation", r"\b\d{1,3}\.e(?:\(|\.[a-z]\w|['\"`])", 0.96, check=_short(16)),
    Rule("overlay", r"\boverlay\(.*\bplacing\b", 0.96, check=_short(24)),
    Rule(
        "quote_clause",
        r"['\"`][\s)]*having\b",
        0.96,
        check=_short(8, r"['\"`]{close}having\h+(?:\w+\h*\([^)]*\)|[\w.'\"]+)\h*(?:[=<>!]|like\b)"),
    ),
    Rule(
        "escaped_quote",
        r"\\['\"`]+\s*(?:x?or|and|\|\||&&)\b",
        0.96,
        check=_short(
            8, r"^[^\s'\"`]{0,32}\\+['\"`]+\h*(?:x?or|and)\b\h*['\"\w(]|\\'+(?:x?or|and)'"
        ),
    ),
    # What ends in the middle is completed by the query that it is pasted into.
    Rule(
        "unfinished",
        r"\bselect\b[^;]*\bfrom\s+[^\s]+\s+where\W*$",
        0.95,
        check=_short(24, r"^\h*\(*select\b"),
    ),
    Rule(
        "unfinished",
        r"\bunion(?:[\s(]+(?:(?:all|distinct)\b[\s(]*)?(?:select\b.*\bfrom\b|\d)|\W*$)",
        0.95,
        check=_unless_query(
            24,
            r"[^\s]{open}union{all}select\b.*\bfrom\h+[\w.`\[]+\h*(?:{end}.*|;.*|where\b.*|limit\b.*)?$"
            r"|^\h*-\d{1,8}[^\w]{1,8}union\b[^\w]*$"
            r"|^[^\w]{0,4}\d{1,8}[^\w]{1,8}union\h+(?:all\h+)?\d+(?:,\d+)+",
        ),
    ),
    Rule("number_comment", r"^\s?-?\d{1,8}\s*(?:#|--|/\*).*\bunion\b", 0.96, check=_short(16)),
    Rule(
        "number_comment",
        r"^[\s(-]{0,2}(?:\d{1,8}|\d\s*[*+/-]\s*\d)[\s)]*(?:--|/\*)\s*$",
        0.95,
        places=_SENT,
    ),
    Rule("number_comment", r"--.{0,64}\bsp_password\b", 0.97),
    Rule("number_comment", r"^\s?@{1,2}\w+\s*(?:--|/\*)", 0.95, places=_SENT, check=_short(4)),
    Rule("statement", r"^[^\w]{0,4}exec(?:ute)?\s+(?:\w+\.){0,3}[sx]p_\w", 0.95, check=_short(12)),
    Rule(
        "parenthesis_comment",
        r"\)\s*--",
        0.95,
        check=_short(16, r"^\s*\(.*\)\s*--\s*$"),
    ),
    Rule(
        "number_clause",
        r"^[^\w]{0,4}(?:\d{1,8}[\s)]+)?(?:limit\s+\d|where\s+[\w.]+\s*=|from\s+\w+\s+where)",
        0.95,
        places=_SENT,
        check=_short(
            10,
            r"^[^\w]{0,4}(?:\d{1,8}{close})?limit\h+\d+(?:\h*,\h*\d+)?\h*{end}"
            r"|^[^\w]{0,4}\d{1,8}\h*\)?\h*(?:from\h+\w+\h+)?where\h+[\w.]+\h*=.*(?:{end}|'\)?)\h*$",
        ),
    ),
    # The halves of the literal around the value are the operands.
    Rule(
        "quote_operator",
        r"^[^'\"`]*'[\s+]*(?:[-+*/<>=^&|%]{1,2}|x?or|and|mod|div)[\s+]*'\s*\w*$",
        0.95,
        check=_short(
            5,
            r"^\w{1,2}\h+'\h*(?:[-+*/<>=^&|%!]{1,2}|x?or|and|mod|div)\h*'\h+\w{1,2}$"
            r"|^'\h*[-+*/<>=^&|%]{1,2}\h*'$",
        ),
    ),
    Rule(
        "quote_operator",
        r"^[^\s'\"`]*'[\s+]*(?:[*|&^%/<>=;-]|x?or\b|and\b)",
        0.95,
        check=_short(
            12,
            r"^[^\s'\"`]{0,16}'\h*(?:[*|&^%/<>=-]|&&|\|\|)\h*@{0,2}[a-z]\w{0,16}\h*[^\s'\"\w]{1,2}[^'\"]{0,40}'"
            r"\h?\w{0,2}$"
            r"|^[^\s'\"`]{0,32}'\h*(?:x?or|and)\b\h*@{0,2}[\w.]{1,32}\h*(?:r?like|=|regexp|is)\h*[\w@\\'(]"
            r".{0,40}(?:--|#|'\h?\w{0,2}$)"
            r"|^[^\s'\"`]{0,16}'\h*x?or\h+[a-z]\w{1,24}\h*[-+^*&|%]"
            r"|^[^\s'\"`]{0,32}';\h*(?:\w+:\h*goto\h|declare\h+@)",
        ),
    ),
    # A number ends where a word begins, without a blank.
    Rule(
        "number_clause",
        r"\d[a-z]{0,2}union\s+(?:all\s+)?select\b|\bselect\b.*\d(?:from|union|where)\b",
        0.96,
        check=_short(12),
    ),
    Rule(
        "chained",
        r"^[^\w]{0,4}(?:\d{1,8}[\s+)]*|\w+\([^\n]*\)\s*)?(?:\|\||&&|\b(?:or|and|xor)\b)",
        0.95,
        places=_SENT,
        check=_short(
            8,
            r"^[^\w]{0,4}\d{1,8}{close}(?:\|\||&&|x?or|and)\h+[\w.]+\h+is\h+(?:not\h+)?null\b"
            r"|^[^\w]{0,4}(?:and|x?or)\h+\w+\h*\([^)]{0,16}\)\h*[=<>]"
            r"|^[^\w]{0,4}[a-z]\w{1,16}\(\h*[^'\"{}a-z][^'\"{}]*\)\h*(?:x?or|and|\|\||&&)\h*(?:not\h*)?\w+\(",
        ),
    ),
    Rule("case_when", r"^[^\w]{0,4}case\b.*\bwhen\b.*\bthen\b.*\bend\W*$", 0.95, check=_short(14)),
    # A hash of a number: a scanner looks for it in the answer.
    Rule("probe_hash", r"\bselect[\s+(]+(?:md5|sha1|hashbytes)\s*\(\s*['\"]?\d{3,}", 0.96),
)
