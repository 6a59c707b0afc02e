r"""Template and expression-language injection: code between a template engine's own delimiters.

CRS 934180, 932130, 944100-944150; CWE-1336, CWE-917, CWE-97. A bare placeholder such as
``{{ user.name }}`` or ``${HOME}`` is what templates are made of and passes; an attack has to reach
for an object that leads out of the template, or to test whether it is evaluated at all.
"""

from inference.detector import Detector, Rule
from inference.fields import Field
from kysira.types import Place

# Opening delimiters: Jinja2, Twig, Nunjucks, Handlebars {{ {%; Freemarker, Mako, EL, SpEL ${ *{ #{;
# ERB, EJS, JSP <%; Razor @( @{; Thymeleaf [[ [(; Freemarker <# [#; OGNL %{; Ruby #{.
_OPEN = r"(?:\{\{|\{%|[$#*@%~]\{|<%|@\(|\[\[|\[\()"
_INSIDE = r"(?:[^{}\n]|\{[^{}\n]*\})*"
_NUMBER = r"[\"']?\d{1,8}[\"']?"
_HEAD_PLACES = frozenset({Place.QUERY, Place.PATH, Place.HEADER, Place.COOKIE})
_SHORT = 160

_DUNDERS = (
    r"__(?:class|mro|base|bases|subclasses|globals|builtins|import|init|getattribute|getitem|dict"
    r"|code|closure|reduce|self|loader|spec)__"
)
_SHELL = (
    r"(?:\bos\s*\.\s*(?:popen|system|environ|exec\w*)|\bpopen\s*[(3-4]|\bsubprocess\b|\bsystem\s*\(|\bexec\s*\("
    r"|\bpassthru\b|\bshell_exec\b|\bproc_open\b|child_process|\bexecSync\b|\bspawnSync\b|\bgetRuntime\b"
    r"|\bProcessBuilder\b|\bphpinfo\s*\(|\bfile_get_contents\b|\b(?:open|File\.(?:open|read)|Dir\.\w+|IO\.\w+)\s*\("
    r"|\beval\s*\(|\b__import__\b|\brequire\s*\(|System\.Diagnostics|Process\.Start|System\.shell\b)"
)
_JAVA_TYPE = r"(?:java\.(?:lang|io|net|util|nio)\.|javax\.script|org\.(?:apache|springframework)\.|freemarker\.|groovy\.|com\.sun\.)"


def _is_probe(field: Field, text: bytes) -> bool:
    """Let arithmetic pass in long texts: there it is an example, in a name it is a question."""
    return field.place in _HEAD_PLACES or len(text) <= _SHORT


def _is_short(field: Field, text: bytes) -> bool:
    return len(text) <= _SHORT


DETECTOR = Detector(
    slug="ssti",
    rules=(
        # Is it evaluated?
        Rule("arithmetic", rf"(?:\{{\{{\{{?|\$\{{\{{?|#\{{|\*\{{|~\{{|@\{{|%\{{|<%=?|\{{@|@\(|\[\[\$?\{{?)\s*=?\s*{_NUMBER}\s*[*]\s*{_NUMBER}"
             r"\s*(?:\}|%>|\)|\])", check=_is_probe),
        Rule("arithmetic", rf"^\W{{0,4}}(?:\{{\{{=?|[$#*@~%]\{{\{{?|<%=|@\(|\{{=?)\s*{_NUMBER}\s*[*+/-]\s*{_NUMBER}\s*(?:\}}|%>|\))\W{{0,4}}\z"),
        Rule("arithmetic", r"(?:\{\{|[$#*]\{)\s*[\w.|\"'-]{1,16}\|\s*\d{1,8}\s*\*\s*\d{1,8}\s*\}"),
        Rule("arithmetic", r"^[^{}\n]{0,16}\{\{\s*\d{1,8}\s*\|\s*(?:add|times|plus|minus|multiply)\s*:?\s*\(?\d{1,8}\)?\s*\}\}"),
        Rule("arithmetic", r"#set\s*\(\s*\$\w{1,16}\s*=\s*\d{1,8}\s*[*+-]\s*\d{1,8}\s*\)", check=_is_probe),
        Rule("truth_test", r"(?:\{%|<%=?)\s*if\s+(?:true|1|not false|7\s*==\s*7)\s*(?:then\s*)?%[>}]|\{if\s+(?:1|true|phpinfo\(\)|system\(|exec\()"),
        Rule("string_method", r"\{\{\s*(?:\(?\s*[\"'][^\"'{}\n]{0,16}[\"']\s*\)?|\[\]|\(\)|\{\})\s*\.\s*(?:to\w+case|upper|lower|class|getclass|constructor|replace|join|length|concat)\b",
             check=_is_probe),
        Rule("polyglot", r"\$\{\{<%\[%|\{\{<%\[|<%\[%'\"\}\}|\$\{\{[^}\n]{0,8}<%|\{\{[^}\n]{0,8}\[\[[^}\n]{0,8}\$\{", check=_is_probe),
        # Python: from any object to the interpreter
        Rule("python_objects", rf"{_OPEN}{_INSIDE}{_DUNDERS}"),
        Rule("python_objects", r"__class__\s*(?:\.|\[\W{0,3})\s*__(?:mro|base|bases|init|subclasses)__|__(?:mro|base)__\W{1,8}\d*\W{0,4}__subclasses__"
             r"|__init__\s*\.\s*__globals__|__globals__\s*\[\W?__builtins__|__globals__\s*[.\[]\W{0,2}(?:os|sys)\b"
             r"|\(\)\s*\.\s*__class__\s*\.\s*__base|__subclasses__\(\)\s*\["),
        Rule("jinja_filter", r"\|\s*attr\s*\(\s*(?:[\"'\[]|request)|_charset\s*\|\s*first|\|\s*(?:map|filter|reduce|sort)\s*\(\s*[\"'](?:ini_set|system|exec|passthru|shell_exec|popen|call_user_func|assert|file_put_contents|phpinfo)"),
        Rule("jinja_globals", r"\{[{%][^}]{0,64}\b(?:lipsum|cycler|joiner|namespace|url_for|get_flashed_messages|self|range|dict)\s*(?:\(\s*\))?\s*(?:\.\s*_|\[\s*[\"'\\]|\|\s*attr|\.\s*constructor)"),
        Rule("jinja_globals", r"\{\{\s*(?:config(?:\.items\(\)|\.from_\w+\s*\(|\[\s*[\"']|\s*\}\}|\|)|settings\.secret\w*|self(?:\._\w+|\s*\}\})|request\s*(?:\}\}|\|\s*attr|\.(?:application|environ|__|args\.\w+\s*\|)))",
             check=_is_short),
        Rule("jinja_globals", r"\{\{\s*(?:config|request|settings|app)\s*[.\[|][^}]{0,80}(?:secret_?key|environ|\bos\b|_\w+__|from_object|from_pyfile|\.items\(|\.server\.|query\.filter|password)"),
        Rule("jinja_globals", r"\{%\s*(?:for\s+[\w, ]{1,32}\s+in\s+(?:config|self|\(\)|\[\]|request\.application)|import\s+(?:os|sys|subprocess)|debug\s*%|load\s+log|get_admin_log|include\s+[\"'/]{0,2}(?:/etc|\.\./|file:))"),
        Rule("shell_call", rf"(?:\{{\{{|\{{%|[$#*@%~]\{{|<%=?|@\(|<#|\[#){_INSIDE}{_SHELL}", check=_is_probe),
        Rule("shell_call", rf"(?:\{{\{{|\{{%){_INSIDE}(?:\bos\s*\.\s*(?:popen|system)\s*\(|\bgetRuntime\s*\(|\bpopen\s*\(|child_process)"),
        Rule("shell_call", rf"[$#*~]\{{{_INSIDE}(?:\bgetRuntime\s*\(|\bProcessBuilder\b|\bos\s*\.\s*(?:popen|system)\s*\()"),
        Rule("file_or_url", r"[$#*]\{[^}]*\bnew\s+(?:java\.\w+\.)?(?:File|URL|URI|Socket|Scanner|FileReader)\s*\(|[$#*]\{\s*[\"'][^\"']+[\"']\s*\.\s*(?:execute|toURL)\s*\("
             r"|\bfile_excerpt\s*\(|\{\{\s*(?:include|source|file_get_contents)\s*\(\s*[\"'](?:/|\.\./|[\w-]+\.php|file:)", check=_is_probe),
        Rule("erb_command", r"<%=?\s*(?:`[^`\n]{1,128}`|(?:system|exec|spawn|IO\.popen|%x|File\.(?:open|read)|Dir\.(?:entries|glob)|require\s|self\.(?:class|methods?|instance)|session\.class|Open3|Kernel)\b)|<%\s*import\s+\w"),
        Rule("erb_command", r"#\{\s*(?:`[^`\n]{1,64}`|%x[\[({]|(?:system|exec|IO\.popen|File\.(?:open|read)|Dir\.\w+|Kernel\.\w+)\s*\()", check=_is_probe),
        # Java: Freemarker, Velocity, SpEL, OGNL, EL, Groovy
        Rule("freemarker", r"freemarker\.template\.utility\.\w|\?new\s*\(\s*\)|\?api\.\w+|(?:<#|\[#)assign\s+\w{1,32}\s*=\s*[\"'][\w.]+[\"']\s*\?"),
        Rule("velocity", r"#set\s*\(\s*\$\w{1,32}\s*=\s*[^)\n]{0,80}(?:\.class\b|getclass|\.forname|\.inspect\(|getruntime|\.exec\(|\.newinstance|\.invoke\()|\$(?:class|\w{1,16}\.class)\.(?:inspect|forname|type)\b"
             r"|\$\{?[\w\"']{1,16}\.getclass\(\)\.forname"),
        Rule("java_reflection", rf"(?:{_OPEN}|#set|#\(|<#){_INSIDE}(?:getclass\s*\(\s*\)|\.class\.forname|class\.(?:forname|getresource|inspect|classloader)|\.getdeclared\w+\s*\(|\bnew\s+{_JAVA_TYPE}|scriptenginemanager|methodclosure|getenginebyname|classloader\b)"),
        Rule("spel_type", rf"\bT\s*\(\s*{_JAVA_TYPE}[\w.]{{1,64}}\s*\)|\bT\s*\(\s*(?:System|Runtime|Thread|Class|Character)\s*\)\s*\."),
        Rule("spel_type", r"__\$\{|\}__::|\$\{\s*(?:pageContext|applicationScope|sessionScope|facesContext)\b[^}]{0,80}(?:\(|class|servletContext)|\$\{[^}]{0,64}\.classloader"),
        Rule("ognl", r"[#@]_?memberaccess\b|xwork\.methodaccessor|denymethodexecution|allowstaticmethodaccess|@java\.(?:lang|util|io)\.\w+@|@ognl\.|#context\s*\[|ognl(?:context|util|\.OgnlContext)"
             r"|(?:%|\$)\{\s*\(?\s*#(?:_|dm\b|a\b|context|request|session|attr|application|parameters|cmd|container|rt\b)|#\w{1,16}\s*=\s*new\s+java\.|\[#this\.|struts2\.context"),
        Rule("groovy", r"[\"']\s*\.\s*execute\s*\(\s*\)\s*\.\s*(?:text|getText|waitFor)|@(?:groovy\.transform\.)?(?:ASTTest|Grab)\s*\(|groovy\.lang\.GroovyShell|\.execute\(\)\.text"),
        Rule("jndi_lookup", r"\$\{\s*jndi\s*:|\$\{[^}]{0,64}(?:j|\$\{[^}]{1,32}j\})[^}]{0,64}(?:n|\$\{[^}]{1,32}n\})[^}]{0,64}(?:d|\$\{[^}]{1,32}d\})[^}]{0,64}(?:i|\$\{[^}]{1,32}i\})[^}]{0,64}:[^}]{0,32}(?:ldap|rmi|dns|iiop)"
             r"|\$\{(?:\$\{[^}]{0,32}:[^}]{0,16}\}){2}|(?:\$\{(?:::-|lower:|upper:|env:\w{1,16}:-|sys:\w{1,16}:-)\w{1,4}\}\w{0,4}){2}"),
        Rule("jndi_lookup", r"\$\{(?:env|sys|java|ctx|bundle|main|docker|k8s|log4j|web):[\w.:-]{1,64}\}", 0.6, places=_HEAD_PLACES),
        # PHP: Twig, Smarty, Blade, Latte
        Rule("twig", r"\{\{\s*_self\s*\.|registerUndefinedFilterCallback|\.env\.(?:getFilter|setCache|enable\w+)\s*\(|\{\{\s*dump\s*\(\s*(?:app|_context)?\s*\)|_context\s*\|\s*(?:json_encode|join|keys)|\{\{\s*app\.request\."),
        Rule("smarty", r"\{\s*(?:php\}|\$smarty\.(?:version|template|server|const)|system\s*\(|passthru\s*\(|exec\s*\(|shell_exec\s*\(|phpinfo\s*\(|include_php|fetch\s+file|eval\s+var|self::getStreamVariable|Smarty_Internal\w+::)"
             r"|\{literal\}.{0,64}(?:system|phpinfo|php)"),
        # JavaScript: Handlebars, Pug, EJS, Nunjucks, Angular
        Rule("javascript_constructor", rf"{_OPEN}{_INSIDE}(?:constructor\s*(?:\.|\[|\()\s*[\"'\[(]?\s*(?:constructor|return|alert|[\"'])|\.constructor\s*\(|global\.process|process\.mainModule|process\.env|root\.process|process\.binding)", check=_is_probe),
        Rule("javascript_constructor", r"\{\{\s*#with\s+[\"'][^\"']{0,16}[\"']\s+as\s+\||string\.sub\s+[\"']constructor|lookup\s+string\.\w+\s+[\"']constructor|\bglobal\.process\.mainModule\.|process\.mainModule\.(?:require|constructor)"),
        Rule("razor", r"@\{?\s*\(?\s*(?:System\.(?:Diagnostics|IO|Reflection|Environment)|new\s+System\.|Process\.Start|typeof\s*\(|Assembly\.)"),
        Rule("go_template", r"\{\{\s*(?:html\s+\"ssti|\.System\s|\.Exec\s|\.\s*\}\}\{\{|define\s+\"T1\"|call\s+\.\w+|printf\s+\"%s\"\s+\"ssti)"),
        Rule("server_side_include", r"<!--#\s*(?:exec\s+(?:cmd|cgi)|include\s+(?:virtual|file)|echo\s+var|printenv|set\s+var|config\s+\w+|fsize|flastmod)\b|<esi:(?:include|inline|debug|vars)\b"),
    ),
)
