"""SQL injection: a value ends its literal and goes on as SQL, or is SQL that serves no other end.

CWE-89; CRS 942100-942560. A plain statement is a weak sign: people post SQL to forums and trackers.
"""

import re2

from inference import sql_breakouts, sql_probes
from inference.detector import DECISIVE, Check, Detector, Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options
from inference.sql_gate import may_be_sql, signs_of_sql
from inference.sql_grammar import expand, sign_of


def _rule(technique: str, pattern: str, score: float = 0.97, *, sign: str = "") -> Rule:
    """Return a rule for a pattern; ``sign``, if any, matches wherever the pattern does."""
    expanded = expand(pattern)
    cheap = expand(sign) or sign_of(expanded)
    check = None if cheap == expanded else confirmed_by(expanded)
    return Rule(technique, cheap, score, check=check)


def _closing(technique: str, tail: str, score: float = DECISIVE, *, sign: str = "") -> Rule:
    """Return a rule for what follows the end of a literal."""
    pattern = expand(rf"['\"`]{{close}}{tail}")
    cheap = expand(sign) or sign_of(pattern)
    return Rule(technique, cheap, score, check=_closes_literal(pattern))


def _closes_literal(pattern: str) -> Check:
    """Return a check that the quote a match begins with ends a literal begun outside the value.

    A value is pasted into a literal, so that its first quote ends it and its second begins another:
    ``status = "a" and x = "b"`` is a search, ``a" and x = "b`` is not. What follows the first quote
    must be SQL too, which the apostrophes of prose rule out.
    """
    compiled = re2.compile(pattern.encode(), options=re2_options())

    def check(field: Field, text: bytes) -> bool:
        seen = {quote: 0 for quote, goes_on in _GOES_ON.items() if goes_on.search(text)}
        position = 0
        for match in compiled.finditer(text) if seen else ():
            start = match.start()
            for quote in seen:
                seen[quote] += text.count(quote, position, start)
            position = start
            if seen.get(text[start : start + 1], 1) % 2 == 0:
                return True
        return False

    return check


_GOES_ON = {
    quote.encode(): re2.compile(
        expand(
            rf"^[^{quote}\\]*(?:(?:{quote}{quote}|\\.)[^{quote}\\]*)*{quote}{{close}}"
            r"(?:[-+*/%^&|<>=!,;#~'\"`\x00]|$|(?:x?or|and|union|order|group|having|where|limit"
            r"|offset|procedure|into|r?like|not|sounds|regexp|in|between|is|as|div|mod|collate|for"
            r"|declare|exec|execute|begin|waitfor|select|case|from)\b)"
        ).encode(),
        options=re2_options(),
    )
    for quote in "'\"`"
}

_QUOTE_OR = r"['\"`]{close}{or}"
_AFTER_A_LITERAL = (
    _closing("quote_boolean", r"{condition}{operand}{rest}{compare}", sign=_QUOTE_OR),
    _closing(
        "quote_boolean",
        r"{condition}{literal}{close}(?:{end}|(?:limit|group|order)\b)",
        sign=_QUOTE_OR,
    ),
    _closing(
        "quote_boolean", r"{condition}(?:[01]|true|false|null|{text}){close}{or}", sign=_QUOTE_OR
    ),
    _closing(
        "quote_boolean",
        r"{condition}(?:{subquery}|{function}|{when}|true\b|\(\d+,\d)",
        sign=_QUOTE_OR,
    ),
    _rule(
        "quote_compare",
        r"^[^'\"`\n]{0,64}['\"`]+{close}(?:(?:=|!=|<>|<=>?|>=){open}|(?:not|sounds)?\h+"
        r"(?:{like}|div\b|mod\b){open}|(?:r?like|regexp|div|mod|glob)\h+)"
        r"(?:{number}{close}(?:{end}|{or}|['\"]\w{0,8}$)|{text}|(?:null|true|false)\b|{subquery})",
        0.96,
        sign=r"['\"`]{close}(?:!?=|<>|<=|>=|(?:(?:not|sounds)\h+)?(?:r?like|regexp|div|mod|glob)\b)",
    ),
    _closing(
        "union_select",
        r"(?:union{all}(?:values|table)|(?:[^'\"]{0,48}\b)?union{all}select)\b",
        sign="{any_union}(?:select|values|table)",
    ),
    _closing(
        "quote_clause",
        r"(?:order|group)\h+by\h+[\w.,()]{1,40}\h*(?:{end}|[,;]|$|(?:de|a)sc\b|limit\b|having\b)",
    ),
    _closing(
        "quote_clause",
        r"(?:having|where){open}(?:{text}|[\w.]{1,32}){rest}{compare}",
        sign=r"['\"`]{close}(?:having|where)",
    ),
    _closing(
        "quote_clause", r"(?:limit|offset)\h+\d[\d,\s+]*(?:{end}|{union}|$|into\b|procedure\b)"
    ),
    _closing(
        "quote_clause",
        r"(?:procedure\h+analyse|into\h+(?:out|dump)file|r?like\h*(?:\(|sleep|if|case)"
        r"|in\h*\(\h*(?:{subquery}|\d|')|between\h+['\"\d]|in\h+boolean\h+mode"
        r"|as\h+\w+\h+where\b|collate\h+\w+\h*(?:{end}|$))",
    ),
    _closing(
        "quote_concat",
        r"(?:\|\||[-+*/%^&,<>]+){open}(?:{subquery}|{function}|{when})",
        sign=r"['\"`]{close}(?:\|\||[-+*/%^&,<>]+){open}{any_call}",
    ),
    _closing("quote_stacked", r";\h*{statement}", sign=r"['\"`]{close};\h*{any_statement}"),
    _closing(
        "quote_stacked",
        r"(?:declare\h+@|exec(?:ute)?\h+(?:master|[xs]p_)|begin\h+(?:try|declare|goto)\b|waitfor\b)",
    ),
    _rule(
        "quote_comment",
        r"^(?:[^'\"`]{0,64}'|[^'\"`\s]{0,32}['\"`]){close};?\h*"
        r"(?:--[\s+-]*\w{0,8}|/\*[^/]{0,16}|;\x00)$|^[^'\"`\s]{0,32}['\"`]{close};?\h*#$",
    ),
    # The operator joins the two halves of the literal that the value is pasted into.
    _rule(
        "quote_operator",
        r"^[^\s'\"]{0,16}(?:'\h?(?:[-+&^=%|/<>]|<>|!=|<<|>>|&&|\|\|)\h?[-+!~@]?'"
        r"|'\h*(?:x?or|and|div|mod|r?like)\h*[-+!~@]?'(?:'\h?[-&^*|+]?\h?')?"
        r"|\"\h*(?:\|\||x?or|and)\h*[-+!~@]?\"(?:\"\h?[-&^*|+]?\h?\")?)[\w.]{0,8}$",
        0.96,
        sign=r"^[^\s'\"]*['\"]\h*(?:[-+&^=%|/<>!]+|x?or|and|div|mod|r?like)\h*[-+!~@]?['\"]",
    ),
    _rule(
        "quote_operator",
        r"^\W{0,2}(?:\w{1,8}['\"]\h*[-+*/%^&|<>=!]{1,2}|['\"][-+*/%^&|<>=!]{1,2}[\d@(])"
        r"[^'\"<>]{0,40}(?:=|\b(?:or|and|xor|r?like|div|mod)\b|@|\w\()[^'\"<>]{0,40}"
        r"(?:['\"][\w)]{0,8}$|--|#)",
        0.96,
        sign=r"^\W*(?:\w+['\"]\h*[-+*/%^&|<>=!]|['\"][-+*/%^&|<>=!]+[\d@(])",
    ),
)

_AFTER_A_NUMBER = (
    _rule(
        "numeric_boolean",
        r"{first_or}(?:{literal}|@@\w{1,32}|current_\w{4}){rest}{compared}",
        sign="{any_compare}",
    ),
    _rule(
        "numeric_boolean",
        r"{first_or}(?:{subquery}|{function}|{when}|\(\d+,\d+\)=)",
        sign="{any_or}{any_call}",
    ),
    _rule(
        "numeric_boolean",
        r"{first_or}{literal}(?:{close}{or}{open}{literal})?{close}(?:--\h*|#|/\*)$",
        sign=r"{any_or}{any_literal}.*(?:--\h*|#|/\*)$",
    ),
    _rule(
        "numeric_boolean",
        r"{start}{close}{condition}{literal}{rest}{compared}",
        0.96,
        sign="{any_compare}",
    ),
    _rule(
        "numeric_boolean",
        r"{start}{close}(?:{or}|r?like\h){open}(?:not\b{open})?(?:{subquery}|{function})",
        0.96,
        sign=r"(?:{any_or}|(?:^|[/=&?\s+\xa0)])r?like\h{open}(?:not\b{open})?){any_call}",
    ),
    _rule(
        "numeric_stacked",
        r"(?:{first}|{start}{close});\h*{statement}",
        DECISIVE,
        sign=r";\h*{any_statement}",
    ),
    _rule(
        "numeric_clause",
        r"{first}(?:\h|\))(?:procedure\h+analyse\h*\(|into\h+(?:out|dump)file\b"
        r"|(?:r?like|in)\h*\(\h*select|r?like\h*sleep\h*\("
        r"|(?:order|group)\h+by\h+(?:\d+\h*(?:{end}|[,;)]|$|(?:de|a)sc\b)"
        r"|(?:if|ifnull|rand|field|elt|sleep)\h*\(|{when}|{subquery})"
        r"|having{open}(?:{number}|true|false|null|min\(|max\(|count\(){rest}(?:[=<>]|like\b|{or}|{end}))",
        sign=r"(?:\h|\))(?:procedure\h+analyse|into\h+(?:out|dump)file|(?:r?like|in)\h*\(\h*select"
        r"|r?like\h*sleep|(?:order|group)\h+by\h+(?:\d|if|rand|field|elt|sleep|case|any|all|some|\()"
        r"|having{open}(?:\d|true|false|null|min|max|count))",
    ),
    _rule(
        "numeric_clause",
        r"{start}{close}(?:order|group)\h+by\h+\d{1,5}\h*(?:{end}|,\h*(?:\d|sleep)|$)",
        0.96,
    ),
    _rule(
        "numeric_operator",
        r"{first}(?:[-+*%^|,<>&]|\d/){open}(?:{subquery}|{when}|{test}"
        r"|(?:sleep|benchmark|ascii|ord|elt|pg_sleep|substr(?:ing)?|extractvalue|updatexml)\h*\()",
        sign=r"[-+*%^|,<>&/]{open}(?:{subquery}|{when}|{test}"
        r"|(?:sleep|benchmark|ascii|ord|elt|pg_sleep|substr(?:ing)?|extractvalue|updatexml)\h*\()",
    ),
    # Only a machine compares numbers of several digits.
    _rule(
        "tautology",
        r"\b(?:or|and|where|when|having){open}\d{3,8}{close}(?:=|<|>|like){open}\d{3,8}\b",
    ),
    _rule(
        "tautology",
        r"(?:\bor|\band|\|\||&&|having){open}{literal}\h*(?:=|<|>|\blike\b)\h*{literal}{close}{end}"
        r"[^\n]{0,32}$",
        sign=r"(?:\bor|\band|\|\||&&|having){open}{any_literal}\h*(?:[=<>]|like\b)",
    ),
    _rule("tautology", r"\b(?:or|xor){open}(?:\d=\d|'\w{0,8}'='|\"\w{0,8}\"=\")", 0.7),
)

_QUERIES = (
    _rule(
        "union_select",
        r"{union}{all}select{open}"
        r"(?:{number}\h*(?:[,)]|{end}|$|from\b|as\b)|null\b|['\"@]|{function}|/\*)",
        DECISIVE,
        sign="{any_union}select",
    ),
    _rule(
        "union_select",
        r"(?:^[^a-z]{0,31}[\d'\")(]\W{0,8}|[=*&]\h*-?\d*{close}|[/?]-?\d+{close}){union}{all}select\b"
        r"|{start}[\s+(-]*[\w.@$`:]{0,32}(?:\h|\)|(?:--|#)[^\n]{0,32}\n)*union{all}select"
        r"(?:{open}[\w.`]{1,64}\h*(?:,|\h+from\b|{end})|\W*$)"
        r"|{union}(?:\h*(?:--|#)[^\n]{0,32}\n)+\h*(?:all\b)?\h*select\b",
        DECISIVE,
        sign="{any_union}select",
    ),
    _rule("union_select", r"{union}{all}select\b", 0.6, sign="{any_union}select"),
    _rule(
        "subquery",
        r"^\h*\({open}select\h.{1,64}\bfrom\h+[\w.$`]{2,48}\h*(?:(?:limit|where|as|group|for)\b|,|\)|$)",
    ),
    _rule(
        "subquery",
        r"^\h*\({open}select\h*(?:{name}|{function}|\d+[,)]|'|case\b)|(?:\(\h*(?:select|binary)"
        r"|@\w+\h+(?:or|in|like|\*)|'\h*or)\b\h*[('\"@\w][^;]{0,120}\)\h*--\h*$",
        sign=r"^\h*\({open}select|\)\h*--",
    ),
    _rule("statement", r"\bselect\b[^;]{1,64}\bfrom{open}[\w`\[(]", 0.5),
    _rule(
        "heavy_query",
        r"select\h+count\h*\(\h*\*\h*\)\h*from(?:\h+[\w.$:]{3,40}\h+(?:as\h+)?\w+,){2}",
    ),
)

_BLIND = (
    _rule(
        "time_delay",
        r"(?:select|case|then|else|\bwhen|\bif\h*\([^)]{0,64}[,)]?){open}(?:sleep|benchmark)\h*\("
        r"|['\"]\h*=\h*sleep\h*\("
        r"|(?:['\"`\d]{close}(?:{or}|[-+*/^,%])|^{open}(?:{or}|[/^,%])){open}sleep\h*\({open}(?:\d|__)"
        # With a blank behind it, the sign is that of an item in a list.
        r"|^{open}[-+*]+[(!~@]*sleep\h*\({open}(?:\d|__)",
    ),
    _rule(
        "time_delay",
        r"\bpg_sleep\h*\(|\bbenchmark\h*\(\h*\d{4,}\h*,|\brandomblob\h*\(\h*\d{6,}"
        r"|(?:dbms_lock|user_lock|dbms_session)\.sleep\h*\(|dbms_pipe\.receive_message\h*\("
        r"|\bgenerate_series\h*\(\h*1\h*,\h*\d{6,}|waitfor\h+(?:delay|time)\h*(?:['\"(@]|char\()",
    ),
    _rule(
        "error_leak",
        r"\b(?:extractvalue|updatexml)\h*\(\h*[\w'\"]{1,8}\h*,|\bexp\h*\(\h*~|\brand\(0\)[*|]"
        r"|\bfloor\h*\(\h*rand\h*\(\d|\b(?:make_set|elt)\h*\(\h*\(?-?\d+\h*=|\brow\(\d+,\d+\)[<>=]"
        r"|\bgtid_subset\(|\bname_const\h*\(|ctxsys\.drithsx|dbms_utility\.sqlid|httpuritype\h*\("
        r"|utl_(?:inaddr|http|smtp)\.|dbms_ldap\.init|dbms_xmlgen\.|procedure\h+analyse\h*\("
        r"|regexp_substring\h*\(\h*repeat|json_keys\h*\(\h*\(",
    ),
    _rule(
        "error_leak",
        r"\bconvert\h*\(\h*\w{3,9}\h*,{open}select\b"
        r"|\bcast\h*\({open}(?:char\(|chr\(|db_name|@@|(?:system_)?user\b)",
    ),
    _rule(
        "extraction",
        r"\b(?:ascii|ord|(?:un)?hex|bin|conv|length|char_length|len|substr|substring|mid|left|right"
        r"|lower|upper|unicode|compress)\h*\({open}(?:select\b|(?:substr|substring|mid|cast|concat"
        r"|compress|hex|ifnull|version|database|user|current_user|load_file)\h*\(|@@|current_user\b)",
        0.9,
    ),
    _rule(
        "substring_guess",
        r"\b(?:substr|substring|mid)\h*\(\h*\w{1,32}\h*,\h*\d+\h*,\h*1\h*\){close}(?:[=<>]|\*|-)",
        0.9,
    ),
    _rule(
        "char_building",
        r"\b(?:n?char|chr)\(\d{1,3}\)\h*(?:\+|\|\||,)\h*(?:n?char|chr)\(|\bchr\(\d{1,3}\)\h*&\h*chr\("
        r"|concat(?:_ws)?\h*\((?:[^)]{0,32}0x[0-9a-f]{2}|\h*(?:char|chr)\()"
        r"|cast\h*\(\h*0x[0-9a-f]{8,64}",
    ),
    _rule(
        "case_when",
        r"\bcase\h+(?:\d+\h+)?when{open}\d+{close}(?:=\(*\h*\d+{close})?then\b|\b{when}{subquery}"
        r"|\biif?\h*\({open}\d+\h*=\h*\d+\h*,[^)]{0,24}1/0",
        0.96,
    ),
    _rule("case_when", r"\biif?\h*\({open}(?:\d+\h*=|{subquery}|ascii|ord|substr|mid|length)", 0.9),
)

_SYSTEM = (
    _rule(
        "schema",
        r"\b(?:from|join|into){open}`?(?:information_schema|performance_schema\.|sysobjects"
        r"|syscolumns|sysusers|sysibm\.sys|syscat\.|sys\.(?:tables|objects|databases|columns|user)"
        r"|master\.\.sys|all_tab|user_tab|dba_(?:tab|users)|all_users\b|v\$(?:version|instance)"
        r"|pg_catalog\.|pg_(?:shadow|user|tables|class|database)|sqlite_(?:master|schema)"
        r"|mysql\.(?:user|db)|rdb\$|msysaccessobjects|sysmaster:|domain\.(?:tables|columns|domains))",
        0.8,
    ),
    _rule(
        "schema_function",
        r"@@(?:version|hostname|datadir|basedir|servername|tmpdir|innodb|language|secure_file"
        r"|global|identity)|\b(?:db_name|host_name|is_srvrolemember|serverproperty|suser_name"
        r"|current_database|current_setting)\h*\(",
        0.7,
    ),
    _rule(
        "schema_function",
        r"[,('\"]\h*(?:database|version|(?:system_|session_)?user)\h*\(\h*\)",
        0.6,
    ),
    _rule("schema_function", r"\bselect{open}@@", 0.96),
    _rule(
        "os_command",
        r"\bexec(?:ute)?\h*\(?\h*(?:master\.{1,2}(?:dbo\.)?)?(?:xp_|sp_oa)\w+"
        r"|\bmaster\.{1,2}(?:dbo\.)?xp_|\b{xp}\h*['\"(@]",
    ),
    _rule("os_command", r"\b(?:{xp}|sp_(?:oacreate|configure|makewebtask|addextendedproc))\b", 0.8),
    _rule("os_command", r"\bexec(?:ute)?\h+immediate\h*['\"(]", 0.9),
    _rule("hex_statement", r"\bdeclare\h+@\w{1,16}\h+n?(?:var)?char", 0.8),
    _rule(
        "hex_statement",
        r"@\w{1,16}\h*=\h*(?:cast\h*\(\h*)?0x[0-9a-f]{8}|0x[0-9a-f]{8,256}\h+exec\h*\(@",
    ),
    _rule(
        "file_access",
        r"\bload_file\h*\(\h*['\"\w]|\binto\h+(?:out|dump)file\h*(?:['\"(]|0x)"
        r"|\b(?:openrowset|opendatasource|pg_read_(?:binary_)?file|pg_ls_dir|lo_import|lo_export"
        r"|sys_eval|sys_exec|load_extension|dblink_connect|query_to_xml|database_to_xml)\h*\("
        r"|\bcopy\h+\S+\h+(?:from|to)\h+program\b|\bload\h+data\h+(?:local\h+)?infile\h*['\"]",
        0.96,
    ),
    _rule(
        "comment_blanks",
        r"/\*!(?:\d{5}|(?:union|select|and|or|from|where|all|order)\b)|(?:['\")\d]|^)/\*[^/]{0,16}"
        r"\*/(?:select|union|from|where|and|or|order|group|having|r?like)/\*",
    ),
    _rule(
        "comment_blanks",
        r"\b(?:select|union|from|where|and|or|all|order|by|having|insert|into|set|like)"
        r"/\*[^/]{0,16}\*/[(\w'\"*@-]",
        0.7,
    ),
)

DETECTOR = Detector(
    slug="sqli",
    rules=(
        *(_AFTER_A_LITERAL + _AFTER_A_NUMBER + _QUERIES + _BLIND + _SYSTEM),
        *sql_probes.RULES,
        *sql_breakouts.RULES,
    ),
    model_gate=may_be_sql,
    model_guess=signs_of_sql,
)
