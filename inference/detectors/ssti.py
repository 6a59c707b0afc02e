r"""Template and expression-language injection: code between a template engine's own delimiters.

CRS 934180, 932130, 944100-944150; CWE-1336, CWE-917, CWE-97. A bare placeholder such as
``{{ user.name }}`` or ``${HOME}`` is what templates are made of and passes; an attack has to reach
for an object that leads out of the template, or to test whether it is evaluated at all.
"""

from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from kysira.types import Place

# Opening delimiters: Jinja2, Twig, Nunjucks, Handlebars {{ {%; Freemarker, Mako, EL, SpEL ${ *{ #{;
# ERB, EJS, JSP <%; Razor @( @{; Thymeleaf [[ [(; Freemarker <# [#; OGNL %{; Ruby #{.
_OPEN = r"(?:\{\{|\{%|[$#*@%~]\{|<%|@\(|\[\[|\[\()"
# A sign that many rules share; "#set" and "#(" are Velocity's.
_OPEN_SIGN = r"\{[{%@]|[$#*@%~]\{|<[%#]|@\(|\[[\[(#]|#set|#\("
_INSIDE = r"(?:[^{}\n]|\{[^{}\n]*\})*"
_NUMBER = r"[\"']?\d+[\"']?"
_HEAD_PLACES = frozenset({Place.QUERY, Place.PATH, Place.HEADER, Place.COOKIE})
_SHORT = 256

_DUNDERS = (
    r"__(?:class|mro|base|bases|subclasses|globals|builtins|import|init|getattribute|getitem|dict"
    r"|code|closure|reduce|self|loader|spec)__"
)
_SHELL = (
    r"(?:\bos\s*\.\s*(?:popen|system|environ|exec\w*)|\bpopen\s*[(3-4]|\bsubprocess\b|"
    r"\bsystem\s*\(|\bexec\s*\("
    r"|\bpassthru\b|\bshell_exec\b|\bproc_open\b|child_process|\bexecSync\b|\bspawnSync"
    r"\b|\bgetRuntime\b"
    r"|\bProcessBuilder\b|\bphpinfo\s*\(|\bfile_get_contents\b|\b(?:open|File\.(?:open"
    r"|read)|Dir\.\w+|IO\.\w+)\s*\("
    r"|\beval\s*\(|\b__import__\b|\brequire\s*\(|System\.Diagnostics|Process\.Start"
    r"|System\.shell\b)"
)
_JAVA_TYPE = (
    r"(?:java\.(?:lang|io|net|util|nio)\.|javax\.script|org\.(?:apache"
    r"|springframework)\.|freemarker\.|groovy\.|com\.sun\.)"
)


def _is_probe(field: Field, text: bytes) -> bool:
    """Let arithmetic pass in long texts: there it is an example, in a name it is a question."""
    return field.place in _HEAD_PLACES or len(text) <= _SHORT


def _is_short(field: Field, text: bytes) -> bool:
    return len(text) <= _SHORT


DETECTOR = Detector(
    slug="ssti",
    rules=(
        # Is it evaluated?
        Rule(
            "arithmetic",
            _OPEN_SIGN,
            check=confirmed_by(
                rf"(?:\{{\{{\{{?|\$\{{\{{?|#\{{|\*\{{|~\{{|@\{{|%\{{|<%=?|\{{@|@\(|\[\[\$?\{{?)\s*=?"
                rf"\s*{_NUMBER}\s*[*]\s*{_NUMBER}"
                r"\s*(?:\}|%>|\)|\])",
                after=_is_probe,
            ),
        ),
        Rule(
            "arithmetic",
            rf"^\W{{0,4}}(?:\{{\{{=?|[$#*@~%]\{{\{{?|<%=|@\(|\{{=?)\s*{_NUMBER}\s*[*+/-]"
            rf"\s*{_NUMBER}\s*(?:\}}|%>|\))\W{{0,4}}\z",
        ),
        Rule(
            "arithmetic",
            _OPEN_SIGN,
            check=confirmed_by(r"(?:\{\{|[$#*]\{)\s*[\w.|\"'-]{1,16}\|\s*\d+\s*\*\s*\d+\s*\}"),
        ),
        Rule(
            "arithmetic",
            _OPEN_SIGN,
            check=confirmed_by(
                r"^[^{}\n]{0,16}\{\{\s*\d+\s*\|\s*(?:add|times|plus|minus|multiply)\s*:?"
                r"\s*\(?\d+\)?\s*\}\}"
            ),
        ),
        Rule(
            "arithmetic",
            _OPEN_SIGN,
            check=confirmed_by(r"#set\s*\(\s*\$\w+\s*=\s*\d+\s*[*+-]\s*\d+\s*\)", after=_is_probe),
        ),
        Rule(
            "truth_test",
            r"(?:\{%|<%=?)\s*if\s+(?:true|1|not false|7\s*==\s*7)\s*(?:then\s*)?%[>}]|\{if\s+"
            r"(?:1|true|phpinfo\(\)|system\(|exec\()",
        ),
        Rule(
            "string_method",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\{\{\s*(?:\(?\s*[\"'][^\"'{}\n]*[\"']\s*\)?|\[\]|\(\)|\{\})\s*\.\s*(?:to\w+case"
                r"|upper|lower|class|getclass|constructor|replace|join|length|concat)\b",
                after=_is_probe,
            ),
        ),
        Rule(
            "polyglot",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\$\{\{<%\[%|\{\{<%\[|<%\[%'\"\}\}|\$\{\{[^}\n]*<%|\{\{[^}\n]*\[\[[^}\n]*\$\{",
                after=_is_probe,
            ),
        ),
        # Python: from any object to the interpreter
        Rule("python_objects", _OPEN_SIGN, check=confirmed_by(rf"{_OPEN}{_INSIDE}{_DUNDERS}")),
        Rule(
            "python_objects",
            r"__(?:class|mro|base|init|globals|subclasses)__",
            check=confirmed_by(
                r"__class__\s*(?:\.|\[\W{0,3})\s*__(?:mro|base|bases|init|subclasses)__|__(?:mro"
                r"|base)__\W{1,8}\d*\W{0,4}__subclasses__"
                r"|__init__\s*\.\s*__globals__|__globals__\s*\[\W?__builtins__|__globals__\s*"
                r"[.\[]\W{0,2}(?:os|sys)\b"
                r"|\(\)\s*\.\s*__class__\s*\.\s*__base|__subclasses__\(\)\s*\["
            ),
        ),
        Rule(
            "jinja_filter",
            r"\|\s*attr\s*\(\s*(?:[\"'\[]|request)|_charset\s*\|\s*first|\|\s*(?:map|filter"
            r"|reduce|sort)\s*\(\s*[\"'](?:ini_set|system|exec|passthru|shell_exec|popen"
            r"|call_user_func|assert|file_put_contents|phpinfo)",
        ),
        Rule(
            "jinja_globals",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\{[{%][^}]*\b(?:lipsum|cycler|joiner|namespace|url_for|get_flashed_messages|self"
                r"|range|dict)\s*(?:\(\s*\))?\s*(?:\.\s*_|\[\s*[\"'\\]|\|\s*attr|\.\s*constructor)"
            ),
        ),
        Rule(
            "jinja_globals",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\{\{\s*(?:config(?:\.items\(\)|\.from_\w+\s*\(|\[\s*[\"']|\s*\}\}|\|)"
                r"|settings\.secret\w*|self(?:\._\w+|\s*\}\})|request\s*(?:\}\}|\|\s*attr|\."
                r"(?:application|environ|__|args\.\w+\s*\|)))",
                after=_is_short,
            ),
        ),
        Rule(
            "jinja_globals",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\{\{\s*(?:config|request|settings|app)\s*[.\[|][^}]*(?:secret_?key|environ|\bos\b"
                r"|_\w+__|from_object|from_pyfile|\.items\(|\.server\.|query\.filter|password)"
            ),
        ),
        Rule(
            "jinja_globals",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\{%\s*(?:for\s+[\w, ]{1,32}\s+in\s+(?:config|self|\(\)|\[\]|request\.application)"
                r"|import\s+(?:os|sys|subprocess)|debug\s*%|load\s+log|get_admin_log|include\s+"
                r"[\"'/]{0,2}(?:/etc|\.\./|file:))"
            ),
        ),
        Rule(
            "shell_call",
            _OPEN_SIGN,
            check=confirmed_by(
                rf"(?:\{{\{{|\{{%|[$#*@%~]\{{|<%=?|@\(|<#|\[#){_INSIDE}{_SHELL}", after=_is_probe
            ),
        ),
        Rule(
            "shell_call",
            _OPEN_SIGN,
            check=confirmed_by(
                rf"(?:\{{\{{|\{{%){_INSIDE}(?:\bos\s*\.\s*(?:popen|system)\s*\(|\bgetRuntime\s*\(|"
                r"\bpopen\s*\(|child_process)"
            ),
        ),
        Rule(
            "shell_call",
            _OPEN_SIGN,
            check=confirmed_by(
                rf"[$#*~]\{{{_INSIDE}(?:\bgetRuntime\s*\(|\bProcessBuilder\b|\bos\s*\.\s*(?:popen"
                r"|system)\s*\()"
            ),
        ),
        Rule(
            "file_or_url",
            rf"{_OPEN_SIGN}|\bfile_excerpt\s*\(",
            check=confirmed_by(
                r"[$#*]\{[^}]*\bnew\s+(?:java\.\w+\.)?(?:File|URL|URI|Socket|Scanner|FileReader)"
                r"\s*\(|[$#*]\{\s*[\"'][^\"']+[\"']\s*\.\s*(?:execute|toURL)\s*\("
                r"|\bfile_excerpt\s*\(|\{\{\s*(?:include|source|file_get_contents)\s*\(\s*[\"'](?:/"
                r"|\.\./|[\w-]+\.php|file:)",
                after=_is_probe,
            ),
        ),
        Rule(
            "erb_command",
            _OPEN_SIGN,
            check=confirmed_by(
                r"<%=?\s*(?:`[^`\n]+`|(?:system|exec|spawn|IO\.popen|%x|File\.(?:open|read)|Dir\."
                r"(?:entries|glob)|require\s|self\.(?:class|methods?|instance)|session\.class|Open3"
                r"|Kernel)\b)|<%\s*import\s+\w"
            ),
        ),
        Rule(
            "erb_command",
            _OPEN_SIGN,
            check=confirmed_by(
                r"#\{\s*(?:`[^`\n]+`|%x[\[({]|(?:system|exec|IO\.popen|File\.(?:open|read)|Dir\.\w+"
                r"|Kernel\.\w+)\s*\()",
                after=_is_probe,
            ),
        ),
        # Java: Freemarker, Velocity, SpEL, OGNL, EL, Groovy
        Rule(
            "freemarker",
            r"freemarker\.template|\?new\s*\(|\?api\.|[<\[]#assign\s",
            check=confirmed_by(
                r"freemarker\.template\.utility\.\w|\?new\s*\(\s*\)|\?api\.\w+|(?:<#|\[#)assign"
                r"\s+\w+\s*=\s*[\"'][\w.]+[\"']\s*\?"
            ),
        ),
        Rule(
            "velocity",
            r"#set\s*\(|class\.(?:inspect|forname|type)|\.getclass\(\)\.forname",
            check=confirmed_by(
                r"#set\s*\(\s*\$\w+\s*=\s*[^)\n]*(?:\.class\b|getclass|\.forname|\.inspect\("
                r"|getruntime|\.exec\(|\.newinstance|\.invoke\()|\$(?:class|\w+\.class)\.(?:inspect"
                r"|forname|type)\b"
                r"|\$\{?[\w\"']{1,16}\.getclass\(\)\.forname"
            ),
        ),
        Rule(
            "java_reflection",
            _OPEN_SIGN,
            check=confirmed_by(
                rf"(?:{_OPEN}|#set|#\(|<#){_INSIDE}(?:getclass\s*\(\s*\)|\.class\.forname|class\."
                r"(?:forname|getresource|inspect|classloader)|\.getdeclared\w+\s*\(|\bnew"
                rf"\s+{_JAVA_TYPE}|scriptenginemanager|methodclosure|getenginebyname|classloader\b)"
            ),
        ),
        Rule(
            "spel_type",
            r"\bT\s*\(\s*[a-z]+[\s.)]",
            check=confirmed_by(
                rf"\bT\s*\(\s*{_JAVA_TYPE}[\w.]+\s*\)|\bT\s*\(\s*(?:System|Runtime|Thread|Class"
                r"|Character)\s*\)\s*\."
            ),
        ),
        Rule(
            "spel_type",
            rf"{_OPEN_SIGN}|\}}__::",
            check=confirmed_by(
                r"__\$\{|\}__::|\$\{\s*(?:pageContext|applicationScope|sessionScope|facesContext)\b"
                r"[^}]*(?:\(|class|servletContext)|\$\{[^}]*\.classloader"
            ),
        ),
        Rule(
            "ognl",
            r"[#@]_?memberaccess\b|xwork\.methodaccessor|denymethodexecution"
            r"|allowstaticmethodaccess|@java\.(?:lang|util|io)\.\w+@|@ognl\.|#context\s*\[|ognl"
            r"(?:context|util|\.OgnlContext)"
            r"|(?:%|\$)\{\s*\(?\s*#(?:_|dm\b|a\b|context|request|session|attr|application"
            r"|parameters|cmd|container|rt\b)|#\w+\s*=\s*new\s+java\.|\[#this\.|struts2\.context",
        ),
        Rule(
            "groovy",
            r"[\"']\s*\.\s*execute\s*\(\s*\)\s*\.\s*(?:text|getText|waitFor)|@"
            r"(?:groovy\.transform\.)?(?:ASTTest|Grab)\s*\(|groovy\.lang\.GroovyShell"
            r"|\.execute\(\)\.text",
        ),
        Rule(
            "jndi_lookup",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\$\{\s*jndi\s*:|\$\{[^}]*(?:j|\$\{[^}]+j\})[^}]*(?:n|\$\{[^}]+n\})[^}]*(?:d|\$\{"
                r"[^}]+d\})[^}]*(?:i|\$\{[^}]+i\})[^}]*:[^}]*(?:ldap|rmi|dns|iiop)"
                r"|\$\{(?:\$\{[^}]*:[^}]{0,16}\}){2}|(?:\$\{(?:::-|lower:|upper:|env:\w+:-"
                r"|sys:\w+:-)\w{1,4}\}\w{0,4}){2}"
            ),
        ),
        Rule(
            "jndi_lookup",
            _OPEN_SIGN,
            0.6,
            places=_HEAD_PLACES,
            check=confirmed_by(
                r"\$\{(?:env|sys|java|ctx|bundle|main|docker|k8s|log4j|web):[\w.:-]+\}"
            ),
        ),
        # PHP: Twig, Smarty, Blade, Latte
        Rule(
            "twig",
            r"\{\{\s*_self\s*\.|registerUndefinedFilterCallback|\.env\.(?:getFilter|setCache"
            r"|enable\w+)\s*\(|\{\{\s*dump\s*\(\s*(?:app|_context)?\s*\)|_context\s*\|\s*"
            r"(?:json_encode|join|keys)|\{\{\s*app\.request\.",
        ),
        Rule(
            "smarty",
            r"\{\s*(?:php\}|\$smarty\.(?:version|template|server|const)|system\s*\(|passthru"
            r"\s*\(|exec\s*\(|shell_exec\s*\(|phpinfo\s*\(|include_php|fetch\s+file|eval\s+var"
            r"|self::getStreamVariable|Smarty_Internal\w+::)"
            r"|\{literal\}[^\n]*(?:system|phpinfo)",
        ),
        # JavaScript: Handlebars, Pug, EJS, Nunjucks, Angular
        Rule(
            "javascript_constructor",
            _OPEN_SIGN,
            check=confirmed_by(
                rf"{_OPEN}{_INSIDE}(?:constructor\s*(?:\.|\[|\()\s*[\"'\[(]?\s*(?:constructor|return"
                r"|alert|[\"'])|\.constructor\s*\(|global\.process|process\.mainModule|process\.env"
                r"|root\.process|process\.binding)",
                after=_is_probe,
            ),
        ),
        Rule(
            "javascript_constructor",
            r"\{\{\s*#with\s|constructor|process\.mainModule\.",
            check=confirmed_by(
                r"\{\{\s*#with\s+[\"'][^\"']{0,16}[\"']\s+as\s+\||string\.sub\s+[\"']constructor"
                r"|lookup\s+string\.\w+\s+[\"']constructor|\bglobal\.process\.mainModule\."
                r"|process\.mainModule\.(?:require|constructor)",
                after=_is_probe,
            ),
        ),
        Rule(
            "razor",
            r"@\{?\s*\(?\s*(?:System\.(?:Diagnostics|IO|Reflection|Environment)|new\s+System\."
            r"|Process\.Start|typeof\s*\(|Assembly\.)",
        ),
        Rule(
            "go_template",
            _OPEN_SIGN,
            check=confirmed_by(
                r"\{\{\s*(?:html\s+\"ssti|\.System\s|\.Exec\s|\.\s*\}\}\{\{|define\s+\"T1\"|call"
                r"\s+\.\w+|printf\s+\"%s\"\s+\"ssti)"
            ),
        ),
        Rule(
            "server_side_include",
            r"<!--#\s*(?:exec\s+(?:cmd|cgi)|include\s+(?:virtual|file)|echo\s+var|printenv|set"
            r"\s+var|config\s+\w+|fsize|flastmod)\b|<esi:(?:include|inline|debug|vars)\b",
        ),
    ),
)
