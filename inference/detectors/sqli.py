"""SQL injection: a value ends its literal and goes on as SQL, or is SQL that serves no other end.

CWE-89; CRS 942100-942560 cover the same techniques with other patterns. A plain statement is a weak
sign only, since people post SQL to forums and trackers.
"""

import re

import re2

from inference.detector import DECISIVE, Check, Detector, Rule
from inference.fields import Field
from inference.matcher import re2_options
from kysira.types import Place

# "+" is a blank of a query string that was encoded twice; 0xA0 is one to MySQL.
_W = r"[\s+\xa0]"
_OPEN = r"[\s+\xa0(!~@-]*"
_CLOSE = r"[\s+\xa0)]*"
_OR = r"(?:x?or\b|and\b|\|\||&&)"
_END = r"(?:--|#|/\*|;?\x00)"
_NUMBER = r"(?:0x[0-9a-f]{1,32}|\d{1,20}(?:\.\d{0,20})?)"
_TEXT = r"(?:'[^']{0,32}'?|\"[^\"]{0,32}\"?)"
_LITERAL = rf"(?:{_NUMBER}|{_TEXT}|null\b|true\b|false\b|pi\(\))"
_COMPARE = (
    rf"(?:[=<>]|!=|\b(?:not{_W}+)?(?:r?like|regexp|glob|in|between)\b{_OPEN}['\"`\d(]"
    rf"|\bsounds{_W}+like\b|\bis{_W}+(?:not{_W}+)?(?:null|true|false)\b)"
)
_FUNCTION = (
    r"(?:(?:i?if|ifnull|nullif|exists|ascii|ord|(?:un)?hex|mid|left|right|length|len|count|n?char|chr"
    r"|cast|convert|conv|exp|row|floor|rand|version|user|database|schema|upper|lower|bin|isnull"
    r"|concat|coalesce|current_user|session_user)\((?:[^s]|s[^)])"  # not "user(s)"
    r"|(?:sleep|benchmark|pg_sleep|elt|make_set|substr|substring|char_length|[lr]pad|concat_ws"
    r"|group_concat|updatexml|extractvalue|load_file|json_\w{2,20}|gtid_subset|randomblob|md5|sha1"
    r"|xmltype|strcmp|bit_length|regexp_substring"
    rf"|(?:dbms|utl|ctxsys|pg|xp|sp)_?\w{{0,24}}\.\w{{1,32}}(?:\.\w{{1,24}})?){_W}*\()"
)
_SELECT = rf"(?:any|all|some)?{_W}*\(+{_W}*select(?:{_W}|[('\"@*~-])"
_VALUE = rf"(?:[\d'\"]|null\b|true\b|false\b|pi\(|{_SELECT}|@@?\w|\w{{1,24}}\(|(?:system_|current_|session_)?user\b)"
_NAMED = r"(?:@@?\w{1,32}|(?:current|session|system)_(?:user|date)\b)"
_COMPARED = (
    rf"(?:(?:=|<|>|!=)[=<>]{{0,2}}{_OPEN}(?:{_VALUE}|\w{{1,32}}$)|\b(?:not{_W}+)?"
    rf"(?:r?like|regexp|glob|in|between)\b{_OPEN}['\"`\d(]|\bis{_W}+(?:not{_W}+)?(?:null|true|false)\b)"
)
_REST = r"[\s+)*/\d-]*"
_KIND = (
    r"(?:table|database|schema|user|login|view|index|function|proc(?:edure)?|trigger|role|alias"
    r"|extension|server|language|column|assembly|aggregate)\b"
)
_STATEMENT = (
    rf"(?:select{_W}*(?:[('\"@*\d]|(?:distinct|null|top|case)\b|\w+{_W}*\(|[\w.]+{_W}*,|[\w.]+{_W}+from\b)"
    rf"|insert{_W}+(?:ignore{_W}+)?into\b|replace{_W}+into\b"
    rf"|update{_W}+\S{{1,64}}{_W}+set\b|delete{_W}+(?:low_priority{_W}+)?from\b|truncate{_W}+table\b|rename{_W}+table\b"
    rf"|(?:drop|alter|create)(?:{_W}+or{_W}+replace)?(?:{_W}+(?:temporary|global))?{_W}+{_KIND}"
    rf"|exec(?:ute)?{_W}*(?:\(|@|'|immediate\b|master\b|[xs]p_)|declare{_W}+@?\w+{_W}+\w"
    rf"|waitfor{_W}+(?:delay|time)\b|shutdown\b|grant{_W}+\w+{_W}+(?:on|to)\b"
    rf"|begin{_W}+(?:declare|\w+\.\w|execute|select|if|shutdown|try)\b|i?if{_W}*\(*{_W}*(?:\d+{_W}*[=<>]|not{_W}*\({_W}*\(|exists{_W}*\(|select\b|substring|ascii|len\()"
    rf"|set{_W}+@\w+{_W}*=|copy{_W}+(?:\S+|\([^)]{{0,64}}\)){_W}+(?:from|to)\b|call{_W}+\w+\(|do{_W}+(?:\$|\w+\()"
    rf"|attach{_W}+database\b|load{_W}+(?:data|xml)\b|while{_W}+\d|goto{_W}+\w|handler{_W}+\w+{_W}+open\b"
    rf"|prepare{_W}+\w+{_W}+from\b|use{_W}+(?:master|msdb)\b|backup{_W}+database\b)"
)
# Where a number is pasted into a statement, the value begins with it; in a path, a segment does.
_NUMBER_FIRST = rf"^(?:[^\s'\"]*[/=&?])?[\s+(-]*[\w.%$@`][\w.%$@`()*+:-]{{0,31}}{_CLOSE}"
_NOTHING_FIRST = rf"^(?:[^\s'\"]*[/=&?])?{_CLOSE}"
_UNION = r"(?:\b|\d|\.|_)union"
_ALL = rf"(?:{_W}|\(|(?:--|#)[^\n]{{0,32}}\n)+(?:(?:all|distinct(?:row)?)\b{_W}*\(*{_W}*)?"


def _closing(technique: str, tail: str, score: float = DECISIVE) -> Rule:
    """Return a rule for what follows the end of a literal."""
    pattern = rf"['\"`]{_CLOSE}{tail}"
    return Rule(technique, pattern, score, check=_closes_literal(pattern))


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
        (
            rf"^[^{quote}\\]*(?:(?:{quote}{quote}|\\.)[^{quote}\\]*)*{quote}{_CLOSE}"
            r"(?:[-+*/%^&|<>=!,;#~'\"`\x00]|$|(?:x?or|and|union|order|group|having|where|limit|offset|"
            r"procedure|into|r?like|not|sounds|regexp|in|between|is|as|div|mod|collate|for|declare|"
            r"exec|execute|begin|waitfor|select|case|from)\b)"
        ).encode(),
        options=re2_options(),
    )
    for quote in "'\"`"
}


def _after_number(technique: str, tail: str, score: float = DECISIVE) -> Rule:
    """Return a rule for what follows a number or name that the value begins with."""
    return Rule(technique, _NUMBER_FIRST + tail, score)


_CLOSED_LITERAL = (
    _closing(
        "quote_boolean",
        rf"{_OR}{_OPEN}(?:not\b{_OPEN})?(?:{_TEXT}|[\w.$:#]{{1,32}}(?:\([^)]{{0,48}}\))?)"
        rf"{_REST}{_COMPARE}",
    ),
    _closing(
        "quote_boolean",
        rf"{_OR}{_OPEN}(?:not\b{_OPEN})?{_LITERAL}{_CLOSE}"
        rf"(?:{_END}|(?:limit|group|order)\b)",
    ),
    _closing(
        "quote_boolean",
        rf"{_OR}{_OPEN}(?:not\b{_OPEN})?(?:[01]|true|false|null|{_TEXT}){_CLOSE}{_OR}",
    ),
    _closing(
        "quote_boolean",
        rf"{_OR}{_OPEN}(?:not\b{_OPEN})?(?:{_SELECT}|{_FUNCTION}|case{_W}+when\b|true\b|\(\d+,\d|\d,\d\))",
    ),
    Rule(
        "quote_compare",
        rf"^[^'\"`\n]{{0,64}}['\"`]+{_CLOSE}(?:(?:=|!=|<>|<=>?|>=){_OPEN}|(?:not|sounds)?{_W}+"
        rf"(?:r?like|regexp|div|mod|glob)\b{_OPEN}|(?:r?like|regexp|div|mod|glob){_W}+)"
        rf"(?:{_LITERAL}|{_SELECT})",
        0.96,
    ),
    _closing("quote_union", rf"union{_ALL}(?:select|values|table)\b"),
    _closing("quote_union", rf"[^'\"]{{0,48}}\bunion{_ALL}select\b"),
    _closing(
        "quote_clause",
        rf"(?:order|group){_W}+by{_W}+[\w.,()]{{1,40}}{_W}*"
        rf"(?:{_END}|[,;]|$|(?:de|a)sc\b|limit\b|having\b)",
    ),
    _closing("quote_clause", rf"(?:having|where){_OPEN}(?:{_TEXT}|[\w.]{{1,32}}){_REST}{_COMPARE}"),
    _closing(
        "quote_clause",
        rf"(?:limit|offset){_W}+\d[\d,\s+]*(?:{_END}|{_UNION}|$|into\b|procedure\b)",
    ),
    _closing(
        "quote_clause",
        rf"(?:procedure{_W}+analyse|into{_W}+(?:out|dump)file|r?like{_W}*(?:\(|sleep|if|case)"
        rf"|in{_W}*\({_W}*(?:{_SELECT}|\d|')|between{_W}+['\"\d]|in{_W}+boolean{_W}+mode"
        rf"|as{_W}+\w+{_W}+where\b|collate{_W}+\w+{_W}*(?:{_END}|$))",
    ),
    _closing(
        "quote_concat",
        rf"(?:\|\||[-+*/%^&,<>]+){_OPEN}(?:{_SELECT}|{_FUNCTION}|case{_W}+when\b)",
    ),
    _closing("quote_stacked", rf";{_W}*{_STATEMENT}"),
    _closing(
        "quote_stacked",
        rf"(?:declare{_W}+@|exec(?:ute)?{_W}+(?:master|[xs]p_)|begin{_W}+(?:try|declare|goto)\b|waitfor\b)",
    ),
    Rule(
        "quote_comment",
        rf"^[^'\"`]{{0,64}}'{_CLOSE};?{_W}*(?:--[\s+-]*\w{{0,8}}|/\*[^/]{{0,16}}|;\x00)$",
        0.97,
    ),
    Rule(
        "quote_comment",
        rf"^[^'\"`\s]{{0,32}}['\"`]{_CLOSE};?{_W}*(?:--[\s+-]*\w{{0,8}}|#|/\*[^/]{{0,16}}|;)$",
        0.97,
    ),
    # The operator joins the two halves of the literal that the value is pasted into.
    Rule(
        "quote_operator",
        rf"^[^\s'\"]{{0,16}}(?:'{_W}?(?:[-+&^=%|/<>]|<>|!=|<<|>>|&&|\|\|){_W}?[-+!~@]?'"
        rf"|'{_W}*(?:x?or|and|div|mod|r?like){_W}*[-+!~@]?'(?:'{_W}?[-&^*|+]?{_W}?')?"
        rf"|\"{_W}*(?:\|\||x?or|and){_W}*[-+!~@]?\"(?:\"{_W}?[-&^*|+]?{_W}?\")?)[\w.]{{0,8}}$",
        0.96,
    ),
    Rule(
        "quote_operator",
        rf"^\W{{0,2}}\w{{0,8}}['\"]{_W}*[-+*/%^&|<>=!]{{1,2}}[^'\"<>]{{0,40}}"
        rf"(?:=|\b(?:or|and|xor|r?like|div|mod)\b|@|\w\()[^'\"<>]{{0,40}}(?:['\"][^'\"]{{0,8}}$|--|#)",
        0.96,
    ),
)

_AND = rf"(?:(?:{_W}|\)){_OR}|\|\||&&){_OPEN}(?:not\b{_OPEN})?"
_NUMERIC = (
    _after_number("numeric_boolean", rf"{_AND}(?:{_LITERAL}|{_NAMED}){_REST}{_COMPARED}", 0.97),
    Rule(
        "numeric_boolean",
        rf"{_NOTHING_FIRST}{_OR}{_OPEN}(?:not\b{_OPEN})?{_LITERAL}{_REST}{_COMPARED}",
        0.96,
    ),
    Rule(
        "numeric_boolean",
        rf"{_NOTHING_FIRST}(?:{_OR}|r?like{_W}){_OPEN}(?:not\b{_OPEN})?(?:{_SELECT}|{_FUNCTION})",
        0.96,
    ),
    _after_number(
        "numeric_boolean", rf"{_AND}(?:{_SELECT}|{_FUNCTION}|case{_W}+when\b|\(\d+,\d+\)=)", 0.97
    ),
    _after_number(
        "numeric_boolean",
        rf"{_AND}{_LITERAL}(?:{_CLOSE}{_OR}{_OPEN}{_LITERAL})?{_CLOSE}(?:--{_W}*|#|/\*)$",
        0.97,
    ),
    _after_number("numeric_stacked", rf";{_W}*{_STATEMENT}"),
    Rule("numeric_stacked", rf"{_NOTHING_FIRST};{_W}*{_STATEMENT}"),
    _after_number(
        "numeric_clause",
        rf"(?:{_W}|\))(?:(?:order|group){_W}+by{_W}+\d+{_W}*(?:{_END}|[,;)]|$|(?:de|a)sc\b)"
        rf"|(?:procedure{_W}+analyse{_W}*\(|into{_W}+(?:out|dump)file\b|r?like{_W}*\({_W}*select"
        rf"|in{_W}*\({_W}*select|r?like{_W}*sleep{_W}*\("
        rf"|(?:order|group){_W}+by{_W}+(?:(?:if|ifnull|rand|field|elt|sleep){_W}*\(|case{_W}+when\b|{_SELECT})"
        rf"|having{_OPEN}(?:{_NUMBER}|true|false|null|min\(|max\(|count\(){_REST}(?:[=<>]|like\b|{_OR}|{_END})))",
        0.97,
    ),
    Rule(
        "numeric_clause",
        rf"{_NOTHING_FIRST}(?:order|group){_W}+by{_W}+\d{{1,5}}{_W}*(?:{_END}|,{_W}*(?:\d|sleep)|$)",
        0.96,
    ),
    _after_number(
        "numeric_operator",
        rf"[-+*/%^|,=<>&]{_OPEN}(?:{_SELECT}|case{_W}+when\b|(?:sleep|benchmark|ascii|ord|if|elt"
        rf"|pg_sleep|exp|substr(?:ing)?|extractvalue|updatexml){_W}*\()",
        0.97,
    ),
    # Only a machine compares numbers of several digits.
    Rule(
        "tautology",
        rf"\b(?:or|and|where|when|having){_OPEN}\d{{3,8}}{_CLOSE}(?:=|<|>|like){_OPEN}\d{{3,8}}\b",
        0.97,
    ),
    Rule(
        "tautology",
        rf"(?:\bor|\band|\|\||&&|having){_OPEN}{_LITERAL}{_W}*(?:=|<|>|\blike\b){_W}*{_LITERAL}{_CLOSE}{_END}[^\n]{{0,32}}$",
        0.97,
    ),
    Rule("tautology", rf"\b(?:or|xor){_OPEN}(?:\d=\d|'\w{{0,8}}'='|\"\w{{0,8}}\"=\")", 0.7),
)

_UNIONS = (
    Rule(
        "union_select",
        rf"{_UNION}{_ALL}select{_OPEN}"
        rf"(?:{_NUMBER}{_W}*(?:[,)]|{_END}|$|from\b|as\b)|null\b|['\"@]|{_FUNCTION}|/\*)",
    ),
    Rule("union_select", rf"{_UNION}{_ALL}select\b", 0.6),
    Rule("union_select", rf"(?:^[^a-z]{{0,32}}|[=*/&?]{_W}*-?\d*{_CLOSE}){_UNION}{_ALL}select\b"),
    Rule(
        "union_select",
        rf"^[\s+(-]*[\w.@$`:]{{1,32}}(?:{_W}|\)|(?:--|#)[^\n]{{0,32}}\n)*union{_ALL}select"
        rf"(?:{_OPEN}[\w.`]{{1,64}}{_W}*(?:,|{_W}from\b|{_END})|\W*$)",
    ),
    Rule("union_select", rf"{_UNION}(?:{_W}*(?:--|#)[^\n]{{0,32}}\n)+{_W}*(?:all\b)?{_W}*select\b"),
)

_BLIND = (
    Rule(
        "time_delay",
        rf"(?:select|case|then|else|\bwhen|\bif{_W}*\([^)]{{0,64}}[,)]?){_OPEN}(?:sleep|benchmark){_W}*\(",
        0.97,
    ),
    Rule(
        "time_delay",
        rf"['\"]{_W}*={_W}*sleep{_W}*\(|(?:['\"`\d]{_CLOSE}|^{_OPEN})(?:{_OR}|[-+*/^,;%]){_OPEN}sleep{_W}*\({_OPEN}(?:\d|__)",
        0.97,
    ),
    Rule(
        "time_delay",
        rf"\bpg_sleep{_W}*\(|\bbenchmark{_W}*\({_W}*\d{{4,}}{_W}*,|\brandomblob{_W}*\({_W}*\d{{6,}}"
        rf"|(?:dbms_lock|user_lock|dbms_session)\.sleep{_W}*\(|dbms_pipe\.receive_message{_W}*\("
        rf"|\bgenerate_series{_W}*\({_W}*1{_W}*,{_W}*\d{{6,}}"
        rf"|waitfor{_W}+(?:delay|time){_W}*(?:['\"(@]|char\()",
        0.97,
    ),
    Rule(
        "heavy_query",
        rf"select{_W}+count{_W}*\({_W}*\*{_W}*\){_W}*from{_W}+([\w.$:]{{3,40}}){_W}+(?:as{_W}+)?\w+,{_W}*[\w.$:]{{3,40}}{_W}+(?:as{_W}+)?\w+,{_W}*[\w.$:]{{3,40}}",
        0.97,
    ),
    Rule(
        "error_leak",
        rf"\b(?:extractvalue|updatexml){_W}*\({_W}*[\w'\"]{{1,8}}{_W}*,|\bexp{_W}*\({_W}*~|\bfloor{_W}*\({_W}*rand{_W}*\(|\brand\(0\)[*|]"
        rf"|\b(?:make_set|elt){_W}*\({_W}*\(?-?\d+{_W}*=|\brow\(\d+,\d+\)[<>=]|\bgtid_subset\(|\bname_const{_W}*\("
        rf"|ctxsys\.drithsx|dbms_utility\.sqlid|utl_(?:inaddr|http|smtp)\.|httpuritype{_W}*\(|dbms_ldap\.init|dbms_xmlgen\."
        rf"|procedure{_W}+analyse{_W}*\(|regexp_substring{_W}*\({_W}*repeat|json_keys{_W}*\({_W}*\(",
        0.97,
    ),
    Rule(
        "error_leak",
        rf"\b(?:convert{_W}*\({_W}*\w{{3,9}}{_W}*,){_OPEN}select\b|\bcast{_W}*\({_OPEN}(?:char\(|chr\(|db_name|@@|(?:system_)?user\b)",
        0.97,
    ),
    Rule(
        "extraction",
        rf"\b(?:ascii|ord|unhex|hex|bin|conv|length|char_length|len|substr|substring|mid|left|right|lower|upper|unicode|compress){_W}*\({_OPEN}"
        rf"(?:(?:select|{_SELECT})|(?:substr|substring|mid|cast|concat|compress|hex|ifnull|version|database|user|current_user|load_file){_W}*\(|@@|current_user\b)",
        0.9,
    ),
    Rule(
        "substring_guess",
        rf"\b(?:substr|substring|mid){_W}*\({_W}*\w{{1,32}}{_W}*,{_W}*\d+{_W}*,{_W}*1{_W}*\){_CLOSE}(?:[=<>]|\*|-)",
        0.9,
    ),
    Rule(
        "char_building",
        rf"\b(?:n?char|chr)\(\d{{1,3}}\){_W}*(?:\+|\|\||,|&){_W}*(?:n?char|chr)\(|concat(?:_ws)?{_W}*\([^)]{{0,32}}0x[0-9a-f]{{2}}"
        rf"|concat(?:_ws)?{_W}*\({_W}*(?:char|chr)\(|cast{_W}*\({_W}*0x[0-9a-f]{{8,64}}",
        0.97,
    ),
    Rule(
        "case_when",
        rf"\bcase{_W}+(?:\d+{_W}+)?when{_OPEN}\d+{_CLOSE}(?:=\(*{_W}*\d+{_CLOSE})?then\b|\bcase{_W}+when{_OPEN}{_SELECT}",
        0.96,
    ),
    Rule("case_when", rf"\biif?{_W}*\({_OPEN}\d+{_W}*={_W}*\d+{_W}*,[^)]{{0,24}}1/0", 0.97),
    Rule(
        "case_when",
        rf"\biif?{_W}*\({_OPEN}(?:\d+{_W}*=|{_SELECT}|ascii|ord|substr|mid|length)",
        0.9,
    ),
)
_PAREN = (
    Rule(
        "fragment",
        rf"^{_W}*\({_OPEN}select{_W}.{{1,64}}\bfrom{_W}+[\w.$`]{{2,48}}{_W}*(?:limit\b|where\b|as\b|group\b|for\b|,|\)|$)",
        0.97,
    ),
    Rule("fragment", rf"^{_W}*\({_OPEN}select{_W}*(?:@@?\w|{_FUNCTION}|\d+[,)]|'|case\b)", 0.97),
    Rule(
        "fragment",
        rf"(?:\({_W}*(?:select|binary)|@\w+{_W}+(?:or|in|like|\*)|'{_W}*or)\b{_W}*[('\"@\w][^;]{{0,120}}\){_W}*--{_W}*$",
        0.97,
    ),
)
_SYSTEM = (
    Rule(
        "schema",
        rf"\b(?:from|join|into){_OPEN}`?(?:information_schema|sysobjects|syscolumns|sysibm\.sys|syscat\.|sys\.(?:tables|objects|databases|columns|user)|all_tab|user_tab|dba_(?:tab|users)|all_users\b|pg_catalog\.|pg_(?:shadow|user|tables|class|database)|sqlite_(?:master|schema)|mysql\.(?:user|db)|rdb\$|msysaccessobjects|master\.\.sys|sysmaster:|sysusers|domain\.(?:tables|columns|domains)|v\$(?:version|instance)|performance_schema\.)",
        0.8,
    ),
    Rule(
        "schema_function",
        rf"@@(?:version|hostname|datadir|basedir|servername|tmpdir|innodb|language|secure_file|global|identity)|\b(?:db_name|host_name|is_srvrolemember|serverproperty|suser_name|current_database|current_setting){_W}*\(",
        0.7,
    ),
    Rule("schema_function", rf"\bselect{_OPEN}@@", 0.96),
    Rule(
        "schema_function",
        rf"[,('\"]{_W}*(?:database|version|user|system_user|session_user){_W}*\({_W}*\)",
        0.6,
    ),
    Rule("statement", rf"\bselect\b[^;]{{1,64}}\bfrom{_OPEN}[\w`\[(]", 0.5),
    Rule(
        "os_command",
        rf"\bexec(?:ute)?{_W}*\(?{_W}*(?:master\.{{1,2}}(?:dbo\.)?)?(?:xp_|sp_oa)\w+|\bmaster\.{{1,2}}(?:dbo\.)?xp_|\bxp_(?:cmdshell|dirtree|regread|fileexist|subdirs){_W}*(?:\(|'|\"|@)",
    ),
    Rule(
        "os_command",
        r"\b(?:xp_(?:cmdshell|dirtree|regread|fileexist|subdirs)|sp_oacreate|sp_configure|sp_makewebtask|sp_addextendedproc)\b",
        0.8,
    ),
    Rule("os_command", rf"\bexec(?:ute)?{_W}+immediate{_W}*['\"(]", 0.9),
    Rule("hex_statement", rf"\bdeclare{_W}+@\w{{1,16}}{_W}+n?(?:var)?char", 0.8),
    Rule(
        "hex_statement",
        rf"@\w{{1,16}}{_W}*={_W}*(?:cast{_W}*\({_W}*)?0x[0-9a-f]{{8}}|0x[0-9a-f]{{8,256}}{_W}+exec{_W}*\(@",
        0.97,
    ),
    Rule(
        "file_access",
        rf"\bload_file{_W}*\({_W}*(?:['\"\w]|0x)|\binto{_W}+(?:out|dump)file{_W}*(?:['\"(]|0x)|\bopenrowset{_W}*\(|\bopendatasource{_W}*\(|\bpg_read_(?:binary_)?file{_W}*\(|\bpg_ls_dir{_W}*\(|\blo_(?:import|export){_W}*\(|\bsys_(?:eval|exec){_W}*\(|\bload_extension{_W}*\(|\bdblink_connect{_W}*\(|\bcopy{_W}+\S+{_W}+(?:from|to){_W}+program\b|\b(?:query|database)_to_xml{_W}*\(|\bload{_W}+data{_W}+(?:local{_W}+)?infile{_W}*['\"]",
        0.96,
    ),
    Rule("version_comment", r"/\*!\d{5}|/\*!(?:union|select|and|or|from|where|all|order)\b", 0.97),
    Rule(
        "comment_blanks",
        r"\b(?:select|union|from|where|and|or|all|order|by|having|insert|into|set|like)/\*[^/]{0,16}\*/[(\w'\"*@-]",
        0.7,
    ),
    Rule(
        "comment_blanks",
        r"(?:['\")\d]|^)/\*[^/]{0,16}\*/(?:select|union|from|where|and|or|order|group|having|like|rlike)/\*",
        0.97,
    ),
)

_GATE = re.compile(rb"['\"`();]|--|/\*|\|\||&&|[<>=]|#|%2[0-9]|%u00|0x|@@", re.IGNORECASE)
_GATE_WORDS = re.compile(
    rb"(?:select|union|insert|update|delete|drop|alter|create|exec|declare|or|and|not|like|having|"
    rb"where|order|group|limit|sleep|waitfor|between|null|case|when|from|table)[\s+%(]",
    re.IGNORECASE,
)


def _may_be_sql(field: Field, text: bytes) -> bool:
    """Return True for a value with a quote, an operator or an SQL word before a blank.

    User agents and media types are full of those; of headers only quotes and words count.
    """
    if field.place is Place.HEADER:
        return b"'" in text or bool(
            re.search(rb"(?i)\b(?:select|union|sleep|waitfor)\b|--|\bor\b", text)
        )
    return bool(_GATE.search(text) or _GATE_WORDS.search(text))


DETECTOR = Detector(
    slug="sqli",
    rules=_CLOSED_LITERAL + _NUMERIC + _UNIONS + _BLIND + _PAREN + _SYSTEM,
    model_gate=_may_be_sql,
)
