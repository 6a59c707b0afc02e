"""The words and shapes of SQL that the sqli detector's patterns are made of."""

import re

# Patterns are written with \h for a blank and {name} for the parts below, each made of those above.
# "+" is a blank of a query string that was encoded twice; 0xA0 is one to MySQL.
_BLANK = r"[\s+\xa0]"
_PARTS = {
    "open": r"[\s+\xa0(!~@-]*",
    "close": r"[\s+\xa0)]*",
    "rest": r"[\s+)*/\d-]*",
    "or": r"(?:x?or\b|and\b|\|\||&&)",
    "end": r"(?:--|#|/\*|;?\x00)",
    "number": r"(?:0x[0-9a-f]{1,32}|\d{1,20}(?:\.\d{0,20})?)",
    "text": r"(?:'[^']{0,32}'?|\"[^\"]{0,32}\"?)",
    "literal": r"(?:{number}|{text}|null\b|true\b|false\b|pi\(\))",
    "operand": r"(?:{text}|[\w.$:#]{1,32}(?:\([^)]{0,48}\))?)",
    "name": r"(?:@@?\w{1,32}|(?:current|session|system)_(?:user|date)\b)",
    "like": r"(?:r?like|regexp|glob)\b",
    "when": r"case\h+when\b",
    "subquery": r"(?:any|all|some)?\h*\(+\h*select(?:\h|[('\"@*~-])",
    # The second class is for "user(s)" and "row(s)".
    "function": (
        r"(?:(?:i?if|ifnull|nullif|exists|ascii|ord|(?:un)?hex|mid|left|right|length|len|count|chr"
        r"|n?char|cast|convert|conv|exp|row|floor|rand|version|user|database|schema|upper|lower|bin"
        r"|isnull|concat|coalesce|current_user|session_user)\((?:[^s]|s[^)])"
        r"|(?:sleep|benchmark|pg_sleep|elt|make_set|substr|substring|char_length|[lr]pad|concat_ws"
        r"|group_concat|updatexml|extractvalue|load_file|json_\w{2,20}|gtid_subset|randomblob|md5"
        r"|sha1|xmltype|strcmp|bit_length|regexp_substring"
        r"|(?:dbms|utl|ctxsys|pg|xp|sp)_?\w{0,24}\.\w{1,32}(?:\.\w{1,24})?)\h*\()"
    ),
    "value": (r"(?:[\d'\"]|null\b|true\b|false\b|pi\(|{subquery}|{name}|\w{1,24}\(|user\b)"),
    "compare": (
        r"(?:[=<>]|!=|\b(?:not\h+)?(?:{like}|in\b|between\b){open}['\"`\d(]"
        r"|\bsounds\h+like\b|\bis\h+(?:not\h+)?(?:null|true|false)\b)"
    ),
    "compared": (
        r"(?:(?:[=<>]|!=)[=<>]{0,2}{open}(?:{value}|\w{1,32}$)"
        r"|\b(?:not\h+)?(?:{like}|in\b|between\b){open}['\"`\d(]"
        r"|\bis\h+(?:not\h+)?(?:null|true|false)\b)"
    ),
    "condition": r"{or}{open}(?:not\b{open})?",
    "kind": (
        r"(?:table|database|schema|user|login|view|index|function|proc(?:edure)?|trigger|role"
        r"|alias|extension|server|language|column|assembly|aggregate)\b"
    ),
    "test": r"i?if\h*\(*\h*(?:\d+\h*[=<>]|not\h*\(\h*\(|exists\h*\(|select\b|substr|ascii|len\()",
    "statement": (
        r"(?:select(?:\h*[('\"@*\d]|\h+(?:(?:distinct|null|top|case)\b|\w+\h*\("
        r"|[\w.]+(?:\h*,|\h+from\b)))"
        r"|insert\h+(?:ignore\h+)?into\b|replace\h+into\b|update\h+\S{1,64}\h+set\b"
        r"|delete\h+(?:(?:low_priority|quick|ignore)\h+)*from\b|(?:truncate|rename)\h+table\b"
        r"|(?:drop|alter|create)(?:\h+or\h+replace)?(?:\h+(?:temporary|global))?\h+{kind}"
        r"|exec(?:ute)?\h*(?:\(|@|'|immediate\b|master\b|[xs]p_)|declare\h+@?\w+\h+\w"
        r"|waitfor\h+(?:delay|time)\b|shutdown\b|grant\h+\w+\h+(?:on|to)\b|set\h+@\w+\h*="
        r"|begin\h+(?:declare|\w+\.\w|execute|select|if|shutdown|try)\b|{test}|while\h+\d|goto\h+\w"
        r"|copy\h+(?:\S+|\([^)]{0,64}\))\h+(?:from|to)\b|call\h+\w+\(|do\h+(?:\$|\w+\()"
        r"|(?:attach|backup)\h+database\b|load\h+(?:data|xml)\b|handler\h+\w+\h+open\b"
        r"|prepare\h+\w+\h+from\b|use\h+(?:master|msdb)\b)"
    ),
    "union": r"(?:\b|\d|\.|_)union",
    "all": r"(?:\h|\(|(?:--|#)[^\n]{0,32}\n)+(?:(?:all|distinct(?:row)?)\b\h*\(*\h*)?",
    # Where a number is pasted into SQL, the value begins with it; in a path, a segment does.
    "start": r"^(?:[^\s'\"]*[/=&?])?",
    "first": r"{start}[\s+(-]*[\w.%$@`][\w.%$@`()*+:-]{0,31}{close}",
    "first_or": r"{first}(?:(?:\h|\)){or}|\|\||&&){open}(?:not\b{open})?",
    # Signs: less exact than what they stand for, and smaller.
    "any_or": r"(?:(?:^|[/=&?\s+\xa0)])(?:x?or\b|and\b)|\|\||&&){open}(?:not\b{open})?",
    "any_literal": r"(?:[\w.@]+(?:\(\))?|'[^']*'?|\"[^\"]*\"?)",
    "any_call": r"(?:\(*\h*select|[\w.]+\h*\(|{when}|\(\d+,\d)",
    "any_compare": (
        r"{any_or}{any_literal}{rest}(?:[=<>!]|\b(?:not|r?like|regexp|glob|in|between|is)\b)"
    ),
    "any_statement": (
        r"(?:select|insert|replace|update|delete|truncate|rename|drop|alter|create|exec(?:ute)?"
        r"|declare|waitfor|shutdown|grant|set|begin|i?if|while|goto|copy|call|do|attach|backup"
        r"|load|handler|prepare|use)"
    ),
    "any_union": r"union(?:\h|\(|(?:--|#)[^\n]*\n)+(?:[ad][a-z]+\b\h*\(*\h*)?",
    "xp": r"xp_(?:cmdshell|dirtree|regread|fileexist|subdirs)",
}


_BOUNDS = re.compile(r"\{(\d+),\d*\}")


def expand(pattern: str) -> str:
    r"""Return the pattern with its ``{name}`` parts and ``\h`` written out."""
    return re.sub(r"\{([a-z_]+)\}", lambda part: _PARTS[part[1]], pattern).replace(r"\h", _BLANK)


for _name, _part in _PARTS.items():
    _PARTS[_name] = expand(_part)


def sign_of(pattern: str) -> str:
    """Return the pattern with its counted repeats unbounded, which makes it many times smaller."""
    return _BOUNDS.sub(lambda part: "*" if part[1] == "0" else "+", pattern)
