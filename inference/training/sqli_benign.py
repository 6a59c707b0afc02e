"""Near misses made from a grammar: what people type that shares its signs and words with SQL."""

import random
from collections.abc import Sequence

from inference.training.sqli_attacks import HOLE

_SEARCHES = (
    '{n}" {w} {w}', '{d}.{d}" {w}', "{d}/{d}\" {w}", '{d} {d}/{d}" {w}', '{n}"x{n}" {w}',
    '{n}" x {n}" {w} {w}', "{n}' {w}", "{d}' {n}\" {w}", "{d}'{d}\" tall {w}", "{n} x {n} {w}",
    "{n}-{n}-{n} {W}", "{d} & {d}/{d} {W}", '"{w} {w}" {w}', "'{w} {w}'", '{w} "{w}"',
    '"{W}" "{W}"', '"{w}" {w} "{w}"', '"{w}', "{w}'", '{w} {w}"', '"{W} OR {W}"', '"{w}" or "{w}"',
    '"{w}" and "{w}"', '"{w}" -{w}', "{w} -{w} +{w}", "+{w} +{w} -({w} {w})",
    '({w} or {w}) and {w}', '{w} AND "{w} {w}"', "{W} OR {W} {W}", '{w}:"{w} {w}" AND {w}:{n}',
    "{w} NOT {w}", "{W} {W} #{d}", "#{d} {w} {w}", "{w}#{n}", "{w} (#{n})", "{w}, {w} & {w}",
    "{w} w/ {w}", "({n}) {w}", "{d}-{d}/{d} {W} {W}", "{W}, {W}, {W})", "{w} ({w}", "{w}() {w}",
    "{w}=={w}", "{w}={d}={d}", "{w};{w} {w}", "{n}+{w}+{w}", "50% {w}", "{d} and {d}/{d} {w}",
    "{d} and a half {w}", "{d} or {d} {w}", "{n} or more {w}", "{d} and under", "{n} and {w}",
    "{w} and {n}", "{n} AND {W}", "1 and only {w}", "{d} in {w}", "{d} like {w}",
    "{n} and over {w}", "{w} '{n} {w}", "'{n} {w} {w}", "{n}'s {w}", "{w} 'n' {w}", "{w} n' {w}",
    "{w}'n'{w}", "&quot;{w}&quot; {w}", "{w}-{n}--{w}", "{w}--{n}", "{w} -- {w}", "{w} - {w} --",
    "--{w}", "--{w}={w} --{w}", "-{d}", "-{d} {w}", "{W}-{n}/{W}-{n}-{W}", "{n}/{W}-{W}",
    "{d}:{n}:{d}-{h}", "{n}&{W}={d}-{d}-{W}", "{d}/{d}/{d}", "{n}+{n}", "{w}@{w}.com",
    "{w}+{w}@{w}.org", "$'{n}", "${n}.{n}", "<{w}>", "{w} > {w} > {w}", "{w}|{w}", "{w}||{w}",
)  # fmt: skip
_PROSE = (
    "{O} {w}", "{W} {O}", "{O}, {W}", "{O} & Sons ({n})", "{w}'s {w} and {w}'s {w}",
    "I'm {w}, you're {w}", "it's {w} or {w}, isn't it?", "don't {w} the {w}; it's {w}",
    "'{w}' or '{w}'?", '"{w}," she said, "{w} or {w}"', "she said '{w} and {w}', then '{w}'",
    "{w}, \"and {w}\" {w}", "the {w}'", "can't {w}; won't {w}", "{O} 1=1 joke",
    "'tis {w} and 'twas {w}", "{w} ('{w}') and {w} (\"{w}\")", "y'all {w}",
    "select a {w} from the {w}", "select {w} from {w} or {w}",
    "Please select your {w} from the {w} below.", "select all that apply: {w}, {w}",
    "select one: {w} or {w}", "Where is the {w} from?", "from {w} where {w} is",
    "order by {w} {d}", "order by {d} pm and {w}", "we order by {w}, not by {w}",
    "ORDER BY PHONE {n}", "group by {w}", "union of {w} and {w}",
    "European Union select committee", "union all {w} workers", "the union selected {w}",
    "western union select {w}", "credit union all {w}", "drop table tennis {w}",
    "drop the table off at {w}", "drop {w} table from {w}", "delete from my {w}",
    "please delete {w} from {w} where {w}", "update {w} set {w} to {w}",
    "update your {w} and set the {w}", "insert {w} into {w}",
    "insert coin into {w} slot (values: {d})", "INSERT into {w}", "create a table of {w} by {w}",
    "create table for {d}", "alter {w} or {w}", "table for {d} at {d}; thanks",
    "having {w} and {w}", "having {d} or more {w}", "like {w} or like {w}",
    "would like '{w}' and '{w}'", "looks like '{w}'", "{w} not in {w} (see {n})",
    "{w} between {d} and {d}", "between '{w}' and '{w}'", "is null and void", "null or {w}",
    "it is not null", "{w} is null", "exec {w} {w}", "execute ({w}) first; then {w}",
    "wait for {w}, delay {d} min", "waitfor it... delay", "sleep({d} hours)",
    "sleep ({d}h) or {w}", "count({w}) = {d}", "shutdown; restart {w}",
    "declare {w}; begin {w}; end", "if ({w}) then {w} else {w}", "case {d} when {w} then {w}",
    "limit {d} per {w}, offset by {w}", "max({w}, {w}) and min({w})", "database() of {w}",
    "version {d}.{d}; user {w}", "true or false: {w} = {w}", "1=1 is always true",
    "is 1 = 1 or 2?", "either or 1 and {w}", "x = {d} or x = -{d}", "{d} = {d}, {d} + {d} = {n}",
    "{w} = {d} and {w} = {d}", "{w} > {d} or {w} < {d}; {w} <> {w}", "a or b and not c",
    "how do I write a where clause with and/or?", "What does SELECT * FROM {w} do?",
    "the 'or' in \"{w} or {w}\"", "My query 'SELECT {w}' fails, what's {w}?",
    "Use 'SELECT ''{w}'' AS {w};' when {w}", "return {w} where {w} = '{w}'",
    "find {w} whose {w} is '{w}' and sort by {w} desc",
    "use ILIKE '%{w}%' for {w} and exact match for '{w}'",
    "{w} = sum of {w} / count of {w}; {w} = avg({w})",
    "List the {w} where {w} is 'A' or 'B' order by {w}", "-- \n{W} {W}\n{w} team",
    "---\n{w}: {w}\n---", "{w} {w}\n-- {w}", "/* {w} */", "{w} /* {w} {w} */ {w}", "{w} # {w}",
    "## {w}\n\n* {w}\n* '{w}'", "> {w} 'or' {w}\n\n{w}", "- [ ] {w} ({w})",
    "| {w} | {w} |\n|---|---|", ":-) or ;-)", "{w} ;)", "{w} :('", "{w}... '{w}' -- {w}",
    "{w} -- or {w} -- {w}", "{w} --> {w}", "a&b || c", "{w}, {w} (b. {n}) -- \"{w}\" and '{w}'",
    "l'{w} d'{w}", "qu'est-ce que {w}; c'est l'{w}", "dell'{w} o dell'{w}",
)  # fmt: skip
_LANGUAGES = (
    "{w} = {w} AND {w} != {n} ORDER BY {w} DESC",
    'project = "{W}" AND status in ("{w}", "{w}") ORDER BY created',
    'assignee = currentUser() AND text ~ "{w}"', "{w} eq '{w}' and {w} gt {n}",
    "contains({w},'{w}') or {w} eq null", "startswith({w},'{w}') and {w} lt {d}", "({w} eq '{O}')",
    "{w}='{w}'", '{w}="{w}"', "{w}!='{w}' and {w}>={d}", "{w}>={d} and {w}<{n}",
    "{w} in ('{w}','{w}')", "{w}:[{d} TO {n}] AND NOT {w}:{w}", 'name contains "{w}"',
    "'{w}' in parents and trashed = false", "mimeType = '{w}/{w}' or name = '{w}'",
    "is:open is:issue label:\"{w} {w}\"", "(&({w}={w})(|({w}={d})({w}={d})))", "-{w},{w}",
    "{w} desc, {w} asc", "{w}[gte]={d}", "{w}.{w}({w}={w})", "in.({d},{d},{d})", "eq.{w}",
    "or=({w}.eq.{d},{w}.is.null)", "filter[{w}][$in][]={d}", "rate({w}{{w}=\"{w}\"}[5m]) > {d}",
    "sum by ({w}) ({w}{{w}=~\"{w}|{w}\"})", "{ {w}({w}: \"{w}\") { {w} } }",
    "query($id: ID!) { {w}(id: $id) { id } }",
    "if ({w} == '{w}' || {w} != \"{w}\") { return {w}({d}); }",
    "for (int i = 0; i < {d}; i++) { {w}[i] = '{w}'; }", "print('{w}', {w}, sep='')",
    "{w} = {w}.get('{w}', '') or '{w}'", "x = [i for i in range({d}) if i % 2 == 0]",
    "const {w} = \"{w}\" + '{w}';", "document.{w}('{w}').{w} = \"{w}\"",
    "assert {w}({d}) == {d} and {w} is not None", "echo \"{w}\" | grep '{w}' > {w}.txt # {w}",
    "git commit -m '{w}: {w}' --{w}", "tar -xzf {w}.tar.gz; cd {w}",
    ".{w} { {w}: {d}px; {w}: '{w}' }", "<a href=\"/{w}?{w}={d}\" title='{w}'>{w}</a>",
    "<p class=\"{w}\">{w} &amp; {w}</p>", "<!-- {w} -->", "<{w} {w}=\"{w}\"/>",
    "{\"{w}\": \"{w}\", \"{w}\": [{d}, {d}], \"{w}\": null}", "['{w}', '{w}']",
    "{'{w}': '{w}', '{w}': {d}}", "{w}: '{w}'\n{w}: \"{w}\"", "[{w}]\n{w} = '{w}' ; {w}",
    "({w},\"{w}\",{d})", "'{w}','{w}',{d}", "\"{w}\",\"{w} {w}\",{n}", "{n},\"{O}\",'{w}'",
    "^[a-z']+({w}|{w})$", "s/'{w}'/\"{w}\"/g", "f(x) = {d}x + {d}; x >= {d}",
    "\\frac{{w}}{{w}} = '{w}'", "/{w}/{w}?{w}={w}&{w}={d}",
    "https://{w}.com/{w}?q={w}%27s&{w}={d}#{w}", "//{w}/{w}/*", "{w}={w}&{w}={O}&{w}={d}",
    "{w}={w};{w}={d}; {w}=\"{w}\"", "W/\"{h}\"", "\"{h}\"", "{w};q=0.{d}, */*;q=0.{d}",
    "form-data; name=\"{w}\"; filename=\"{w}.pdf\"",
    "Mozilla/5.0 ({W}; {W} {d}_{d}) {W}/{n}.{d} (KHTML, like {W}) {W}/{d}", "Basic {h}==",
    "{h}={h}--{h}", "GS1.1.{n}.{d}.1.{n}.{d}.0.0; _ga={n}", "%7B%22{w}%22%3A{d}%7D",
    "a:2:{s:{d}:\"{w}\";i:{d};}",
    "2024-{d}-{d}T10:{d}:{d}Z ERROR [{w}] {w}: '{w}' failed (code={d})",
    "{w}.{w}.{w}Exception: {w} '{w}' at line {d}", "Traceback: KeyError: '{w}'",
    "WHERE {w}? 'FROM' or \"TO\"", "=SUM({W}{d}:{W}{d})", "=IF({W}{d}=\"{w}\",{d},\"\")",
    "{w}!{w}$'{w}", "{w}'{d}\"{w}#{n}", "P@ss'{w}\"{d}--", "{h}'{h}", "{w}=/{w}\";{w}('{w}",
    "{d}\u2032 {d}\u2033", "{n}\u201d {w}",
    "^(?:{w}|{w})\\s+'[^']+'$", "^/({w}|{w})/\\d+'?$", "[@{w}='(.*)']",
    "jdbc:{w}://{w}:{n}/{w};{W}=-{d}",
    "Server={w};Database={w};User Id={w};Password='{w}';", "{w}/**/*.{w}", "**/{w}/*.{w} {w}/**",
    "!{w}/**/{w}.*", "{d}*{d}={n}, ({d}+{d})={n}", "{d},({d}),{d}", "({d},{d}),({d},{d})",
    "'{w}@{w}.com';", "<{w}@{w}.com>, '{w} {w}' <{w}@{w}.org>", "{w} and {w}(s)",
    "{w}({w}) or {w}()",
    "`{w}` int NOT NULL, `{w}` text", "`{w}`: `{w}` and `{w}`", "{w} || '{w}'; {w} && '{w}';",
    "let {w} = {w} && \"{w}\" || '';", "${w} = ${w} ? \" {W} ${w}\" : '';", "echo '{w}'; // {w}",
    "{w}['{w}'] or {w}['{w}']", "{w}[\"{w}\"] and not {w}[{d}]", "'{w}' if {w} else '{w}'",
    "(defun {w} ({w}) (* {w} {d}))", "(let (({w} {d}) ({w} '{w})) (list {w} {w}))",
    "GET /{w}.html HTTP/1.1\r\nHost: {w}.com", "Set-Cookie: {w}={h}; Path=/; {W}",
    "setTimeout(() => { {w}({d}); }, {n});", "{w}.map({w} => '{w}' + {w}).join(', ');",
    "$('{w}').{w}('{w}', {d});", "printf('{w} %d\\n', {d}); return {d};",
    "{w}: {{ {w} | default('{w}') }}",
    "<?php echo ${w}['{w}']; ?>", "${w} = file('{w}.txt');", "::{w} { content: '{w} '; } /* {w} */",
    "@media ({w}: {n}px) { #{w} { {w}: '{w}' } }", "awk '{print ${d}}' {w} | sort -k{d}",
    "sed -e 's/{w}/{w}/' {w} # '{w}'", "#define {W}(x) ((x) * {d}) /* {w} */",
    "case '{w}': {w}++; break;",
)  # fmt: skip
_SYMBOLS = (
    "{p}", "{p}{p}", "{p}{p}{p}", "{p} {p}", "{d}{p}", "{p}{d}", "{w}{p}", "{p}{w}", "{p}{w}{p}",
    "{n}{p}{n}", "({n})", "({n}-{W})", "{n}-{W}),", "({d})-{w}", "#{n}", "#{h}", "--{n}",
    "-{d}#{W}", "{d}#{W}", "{d}-{d}-{d}", "+{d} ({n}) {n}-{n}", "({n}) {n}-{n}",
    "{n}-{n} ext. {d}", "{d}'{n}.{d}", "{d}'{n}'{n},{d}", "{d},{n},{n}.{d}", "{d};{d};{d};{d}",
    "({d} {d}) ({d} {d})", "{d}:{d}:{d}", "{d}--{d}", "{d}''", "({w})", "[{w}]", "({w}", "{w})",
    "[](){p}", "*({w})*", "**({w}**)", "{W}\n***\n{w}", "{W}\n---", "{W}\n=====\n{w}",
    "- {w}\n---", "---", "--", "-----\n{w}", "___", "== {w} ==", "\'\'\'{w}\'\'\'", "''{w}''",
    '"{w}".', "'{w}'", '"{p}"', "'{p}'", '{w}"', "({e} {e})", "({e}{p}{e})", "{e}{p}({e} {e})",
    "{e}{e}{p}{e}", "{p}({e}{e}{e}){p}*:", "`{w}`", "``{w}``;", "{w}();", "{W}#{d} '{n}", "{n}'s",
    "-'{w}'-", "-->", "{w}=[]'", "{d}=[]", "qwerty'{p}", "{p}{p}{p}{p}{p}",
)  # fmt: skip
_MARKS = "'\"`()[]{}<>;:,.!?@#$%^&*-_=+|\\/~"
_FACES = "ωಠ益ツ◕‿∀ノ°͜ʖﾉ┻━┬゜☻≧▽≦œ∑ø†¥¨π“‘«æ…ΩЖяж漢字かな한글éüñß€£•→✓❤"
_SQL = (
    "SELECT {w}, {w} FROM {w}", "SELECT * FROM {w} WHERE {w} = '{w}'",
    "SELECT {w}.{w} FROM {w} JOIN {w} ON {w}.id = {w}.id",
    "SELECT count(*) FROM {w} WHERE {w} > {d} GROUP BY {w} ORDER BY {w} DESC LIMIT {d};",
    "UPDATE {w} SET {w} = {d} WHERE id = {n}", "INSERT INTO {w} ({w}, {w}) VALUES ('{w}', {d});",
    "CREATE TABLE {w} (id INT PRIMARY KEY, {w} VARCHAR({n}) NOT NULL);",
    "WITH {w} AS (SELECT {w}, AVG({w}) AS {w} FROM {w} GROUP BY {w}) SELECT {w} FROM {w};",
    "DELETE FROM {w} WHERE {w} < {d};",
    "SELECT {w} FROM {w} WHERE {w} LIKE '%{w}%' AND {w} IS NOT NULL",
    "SELECT DISTINCT {w} FROM {w} WHERE {w} IN ({d}, {d})",
    "SELECT CASE WHEN {w} > {d} THEN '{w}' ELSE '{w}' END FROM {w}",
    "ALTER TABLE {w} ADD COLUMN {w} TEXT",
    "SELECT {w} FROM {w} WHERE {w} BETWEEN '{d}' AND '{d}' UNION SELECT {w} FROM {w}",
    "EXPLAIN SELECT {w} FROM {w} -- {w}",
)  # fmt: skip


def near_miss(rng: random.Random, words: Sequence[str]) -> str:
    """Return one ordinary value with quotes, operators, comments or words of SQL in it."""
    family = rng.choices((_SEARCHES, _PROSE, _LANGUAGES, _SYMBOLS), weights=(4, 4, 5, 3))[0]
    text = filled(rng, rng.choice(family), words)
    if rng.random() < 0.25:
        text = f"{text} {filled(rng, rng.choice((*_SEARCHES, *_PROSE)), words)}"
    return _typed(rng, text)


def statement(rng: random.Random, words: Sequence[str]) -> str:
    """Return a whole SQL statement, as people post it: nothing is broken out of."""
    return filled(rng, rng.choice(_SQL), words)


def filled(rng: random.Random, template: str, words: Sequence[str]) -> str:
    """Return the template with its parts in braces filled in."""
    return HOLE.sub(lambda hole: _part(rng, hole[1], words), template)


def _part(rng: random.Random, name: str, words: Sequence[str]) -> str:
    word = rng.choice(words)
    if name == "w":
        return word
    if name == "W":
        return rng.choice((word.upper(), word.capitalize()))
    if name == "O":  # O'Brien, D'Angelo, L'Oréal
        return rng.choice(("O'", "D'", "L'", "Mc'", "o'", "Ma'")) + word.capitalize()
    if name == "d":
        return str(rng.randint(0, 24))
    if name == "p":
        return rng.choice(_MARKS) * rng.choice((1, 1, 1, 2, 3))
    if name == "e":
        return rng.choice(_FACES)
    if name == "h":
        return rng.randbytes(rng.randint(3, 12)).hex()
    return str(rng.randrange(10, 10 ** rng.randint(2, 6)))


def _typed(rng: random.Random, text: str) -> str:
    """Return the text as it might be typed: capitals, typographic quotes, plus signs as blanks."""
    chance = rng.random()
    if chance < 0.15:
        return text.upper()
    if chance < 0.2:
        return text.replace("'", "’")
    if chance < 0.26:
        return text.replace(" ", "+")
    return text
