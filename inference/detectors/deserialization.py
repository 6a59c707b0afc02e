"""Serialised objects of languages whose readers run code: Java, .NET, PHP, Python, Ruby, Node.

CWE-502; CRS 933170, 934100, 944200-944210; Java Object Serialization §6.4 (magic), MS-NRBF §2.6.1,
CPython's pickletools, Ruby's doc/marshal.rdoc. Data formats with a type name pass unless the type
is one that gadget chains use: JSON-LD's ``@type`` and discriminators are ordinary.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from inference.checks import is_short
from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from kysira.types import Place

_TOKEN = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_PHP_CLASS = re.compile(rb"[OC]:\+?[0-9]{1,5}:\\?[\"']([\\\w]{1,256})", re.IGNORECASE)
_PHP_DATA = frozenset({b"stdclass", b"arrayobject", b"datetime", b"datetimeimmutable"})

_PICKLE_CALLS = (
    b"posix", b"nt\n", b"nt\x94", b"os\n", b"os\x94", b"subprocess", b"builtin", b"commands",
    b"system", b"popen", b"eval", b"exec", b"importlib", b"runpy", b"pty", b"socket", b"shutil",
    b"webbrowser", b"ctypes", b"getattr", b"pickle", b"timeit", b"code\n", b"marshal",
)  # fmt: skip
_RUBY_GADGETS = (
    b"Gem::", b"ERB", b"ActiveSupport::Deprecation", b"Net::", b"Rack::", b"ActionView", b"Kernel",
    b"Process::", b"ActiveModel", b"DelegateClass", b"Sprockets", b"URI::HTTP", b"Oj::", b"Psych",
)  # fmt: skip
_JAVA_GADGETS = (
    b"org.apache.", b"org.codehaus.groovy", b"org.springframework", b"org.hibernate", b"com.sun.",
    b"sun.reflect", b"javax.management", b"java.net.URL", b"java.rmi", b"com.mchange", b"bsh.",
    b"clojure.", b"org.python", b"org.mozilla", b"net.sf.json", b"org.jboss", b"java.lang.Runtime",
)  # fmt: skip

# Classes that no data of an application is made of; only gadget chains name them.
_GADGET = (
    r"(?:com\.sun\.(?:rowset|org\.apache\.(?:xalan|bcel|xpath|xml)|jndi|syndication"
    r"|corba"
    r"|xml\.internal)\.[\w.$]+"
    r"|org\.apache\.(?:commons\.(?:collections4?|beanutils|configuration2?|dbcp2?"
    r"|jelly|proxy)"
    r"|xalan|xbean|shiro|ibatis\.data|tomcat\.(?:dbcp|jdbc)|openjpa|aries"
    r"|hadoop\.shaded|cocoon"
    r"|log4j\.receivers|myfaces\.(?:context|view)|axis2?\.transport"
    r"|drill\.exec)\.[\w.$]+"
    r"|org\.springframework\.(?:context\.support\.\w+ApplicationContext"
    r"|beans\.factory\.config\.\w+"
    r"|aop\.[\w.$]+|transaction\.jta\.[\w.$]+|jndi\.[\w.$]+"
    r"|core\.SerializableTypeWrapper[\w.$]*)"
    r"|(?:com\.mchange\.v2\.c3p0|ch\.qos\.logback\.core\.(?:db|util)"
    r"|org\.hibernate\.(?:jmx|tuple)"
    r"|org\.codehaus\.groovy\.runtime|org\.mozilla\.javascript|org\.python\.core"
    r"|org\.jboss\.(?:util\.propertyeditor|interceptor|weld)|sun\.(?:rmi|reflect|print)"
    r"|jdk\.(?:nashorn|internal)|bsh|clojure\.(?:core|lang|inspector)"
    r"|br\.com\.anteros\.dbcp"
    r"|oracle\.(?:jdbc\.(?:rowset|connector|pool)|jms|toplink)|com\.p6spy"
    r"|com\.newrelic\.agent\.deps"
    r"|com\.(?:caucho|zaxxer\.hikari|ibatis\.sqlmap|alibaba\.druid\.pool"
    r"|pastdev\.httpcomponents"
    r"|nqadmin\.rowset)|net\.sf\.ehcache\.(?:transaction|hibernate)|org\.jsecurity"
    r"|org\.arrah"
    r"|org\.(?:docx4j\.org\.apache\.xalan|aoju\.bus\.proxy))\.[\w.$]+"
    r"|ysoserial\.[\w.$]+)"
)
# Classes of Java itself are gadgets where a reader takes the type from the data.
_JAVA_TYPE = (
    rf"(?:{_GADGET}|javax\.(?:script|naming|management|swing|imageio"
    r"|sql\.rowset)\.[\w.$]+"
    r"|java\.lang\.(?:ProcessBuilder|Runtime|AutoCloseable|Class|ClassLoader|Thread"
    r"|Exception)"
    r"|java\.net\.(?:URLClassLoader|URL|InetAddress|Inet[46]Address|InetSocketAddress)"
    r"|java\.util\.(?:ServiceLoader|PriorityQueue\$|logging\.FileHandler)[\w.$]*"
    r"|java\.(?:rmi|beans|lang\.reflect|security)\.[\w.$]+)"
)
_NET_TYPE = (
    r"(?:System\.(?:Windows\.(?:Data\.ObjectDataProvider|Markup\.XamlReader"
    r"|ResourceDictionary)"
    r"|Diagnostics\.Process\b|Configuration\.(?:Install\.AssemblyInstaller"
    r"|SettingsPropertyValue)"
    r"|Management\.Automation\.PSObject|Security\.(?:Principal\.WindowsIdentity"
    r"|Claims\.Claims)"
    r"|IdentityModel\.Tokens\.SessionSecurityToken|Activities\.Presentation"
    r"|Workflow\.ComponentModel"
    r"|Data\.Services\.Internal\.ExpandedWrapper|Runtime\.Remoting\.ObjRef"
    r"|Web\.Security\.RolePrincipal"
    r"|Web\.UI\.(?:LosFormatter|ObjectStateFormatter)|IO\.FileInfo"
    r"|CodeDom\.Compiler\.TempFileCollection"
    r"|Resources\.ResXFileRef|Drawing\.Design\.ToolboxItemContainer)"
    r"|Microsoft\.(?:VisualStudio\.Text\.Formatting\.TextFormattingRunProperties"
    r"|Exchange\.|IdentityModel\.Claims))"
)

# Signs of the names above, which are too many for the common automaton.
_JAVA_SIGN = r"(?:(?:com|org|net|br|sun|jdk|bsh|clojure|oracle|javax?|ysoserial)\.)"
_NET_SIGN = (
    r"(?:System\.(?:Windows|Diag|Conf|Manag|Secu|Identity|Activ|Workflow|Data|Runtime|Web|IO|CodeDom"
    r"|Resou|Drawing)|Microsoft\.(?:Visual|Exchange|Identity))"
)


def _decoded(text: bytes) -> Iterator[bytes]:
    """Yield what the first base64 tokens stand for; at most four, each cut at 8 KiB."""
    for number, match in enumerate(_TOKEN.finditer(text)):
        if number == 4:
            return
        token = match[0][:8192].replace(b"-", b"+").replace(b"_", b"/")
        try:
            yield base64.b64decode(token[: len(token) // 4 * 4])
        except (binascii.Error, ValueError):
            continue


def _holds_any(words: tuple[bytes, ...]) -> Callable[[Field, bytes], bool]:
    def check(field: Field, text: bytes) -> bool:
        return any(word in data for data in (text, *_decoded(text)) for word in words)

    return check


def _has_php_class(field: Field, text: bytes) -> bool:
    """Return True when an object is of a class that is more than data."""
    for data in (text, *_decoded(text)):
        if any(match[1].lower() not in _PHP_DATA for match in _PHP_CLASS.finditer(data)):
            return True
    return False


def _is_no_view_state(field: Field, text: bytes) -> bool:
    """Return False for a JSF page's own state, which old applications leave unencrypted."""
    return "viewstate" not in field.name.lower()


def _is_no_gemspec(field: Field, text: bytes) -> bool:
    return not text.startswith(b"--- !ruby/object:Gem::Specification")


def _is_type_name(field: Field, text: bytes) -> bool:
    """Return True when the field names a type for a JSON reader."""
    return field.name.rpartition(".")[2].lower() in ("@type", "@class", "$type", "class", "type")


_START = r"(?:^|[^A-Za-z0-9+/_-])"
_BODIES = frozenset({Place.JSON, Place.XML})
_NAMES = frozenset({Place.JSON})

DETECTOR = Detector(
    slug="deserialization",
    rules=(
        # "\u00ac\u00ed" in JSON becomes UTF-8, and the core drops NULs when it decodes.
        Rule("java_stream", r"(?:\xac\xed|\xc2\xac\xc3\xad)\x00?\x05[p-~]", is_case_sensitive=True),
        Rule("java_stream", r"(?:^|[^0-9a-f])aced00057[0-9a-e][0-9a-f]{4}"),
        Rule(
            "java_base64",
            _START + r"rO0ABX[A-Za-z0-9+/_-]{2}",
            check=_is_no_view_state,
            is_case_sensitive=True,
        ),
        # The magic by itself, and where it does not begin at a boundary of three bytes.
        Rule(
            "java_base64",
            r"(?:^|[^A-Za-z0-9+/_-])rO0ABQ(?:=|[^A-Za-z0-9+/_-]|\z)|KztAAU|Cs7QAF",
            0.97,
            is_case_sensitive=True,
        ),
        Rule(
            "java_base64",
            _START + r"rO0ABX[A-Za-z0-9+/_-]{2}",
            0.98,
            check=_holds_any(_JAVA_GADGETS),
            is_case_sensitive=True,
        ),
        Rule(
            # A class name that is a whole quoted value, as stack traces and imports never have it.
            "java_gadget",
            rf"(?:[\"'>]|&quot;)[x\[L]?{_JAVA_SIGN}",
            0.98,
            check=confirmed_by(rf"(?:[\"'>]|&quot;)[x\[L]?{_GADGET};?x?(?:\\?[\"'<]|&quot;)"),
        ),
        Rule(
            "java_gadget",
            rf"^[\[L]?{_JAVA_SIGN}",
            0.97,
            places=_BODIES,
            check=confirmed_by(rf"^[\[L]?{_GADGET};?\z"),
        ),
        Rule(
            "java_gadget",
            rf"\[\s*[\"']{_JAVA_SIGN}",
            0.97,
            check=confirmed_by(rf"\[\s*[\"']{_JAVA_TYPE}[\"']\s*,\s*[\[{{\"]"),
        ),
        Rule("java_gadget", r"\$\$BCEL\$\$", 0.98),
        Rule(
            "java_gadget",
            r"(?:InvokerTransformer|ConstantTransformer|ChainedTransformer"
            r"|InstantiateTransformer|TemplatesImpl"
            r"|BadAttributeValueExpException|AnnotationInvocationHandler|JdbcRowSetImpl"
            r"|ysoserial)",
            0.5,
        ),
        Rule(
            "json_type",
            rf"(?:type|class)\\?[\"']\s*:\s*\\?[\"'][\[L]?{_JAVA_SIGN}",
            check=confirmed_by(
                r"[\"'](?:@type|@class|class|\\u0040type|@\\x74ype)\\?[\"']\s*:\s*\\?[\"'][\[L]?"
                rf"{_JAVA_TYPE}"
            ),
        ),
        Rule(
            "json_type",
            rf"^[\[L]?{_JAVA_SIGN}",
            check=confirmed_by(rf"^[\[L]?{_JAVA_TYPE};?\z", after=_is_type_name),
        ),
        Rule(
            "snakeyaml",
            rf"!!{_JAVA_SIGN}",
            check=confirmed_by(rf"!!{_JAVA_TYPE}\s*[\[{{(\"']"),
        ),
        Rule(
            "xml_decoder",
            r"<java\b[^>]*\bclass\s*=\s*[\"']java\.beans\.XMLDecoder|<(?:object"
            r"|void)\b[^>]*\bclass\s*=\s*[\"']java\.(?:lang\.(?:ProcessBuilder|Runtime)"
            r"|net\.URLClassLoader|io\.(?:PrintWriter|FileOutputStream))",
        ),
        Rule(
            "xstream",
            rf"<{_JAVA_SIGN}|<dynamic-proxy>|\bclass\s*=\s*[\"'](?:dynamic-proxy|{_JAVA_SIGN})",
            0.98,
            check=confirmed_by(
                rf"<{_JAVA_TYPE}(?:_-[\w$]+)?[\s>/]|<dynamic-proxy>"
                rf"|\bclass\s*=\s*[\"'](?:dynamic-proxy|{_JAVA_TYPE})[\"']"
            ),
        ),
        Rule(
            "jdbc_url",
            r"jdbc:(?:h2|mysql|postgresql|db2):",
            check=confirmed_by(
                r"jdbc:(?:h2:[^\s\"]*;[^\"]*\bINIT\s?=|mysql:[^\s\"]*(?:autoDeserialize"
                r"|queryInterceptors|statementInterceptors)\s?="
                r"|postgresql:[^\s\"]*socketFactory\s?="
                r"|db2:[^\s\"]*clientRerouteServerListJNDIName)"
            ),
        ),
        # MS-NRBF: a header record, root 1, version 1.0.
        Rule("net_binary", _START + r"AAEAAAD/////[A-Za-z0-9+/]{4}", is_case_sensitive=True),
        Rule(
            "net_binary",
            r"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00|\x01\xff{4}\x01\x0c\x02",
            is_case_sensitive=True,
        ),
        # The root of a page's own state is a pair (/wEP) or a triplet (/wEQ), never a raw object.
        Rule("net_viewstate", r"^/wEy[A-Za-z0-9+/]{16}", 0.98, is_case_sensitive=True),
        Rule(
            "net_type",
            _NET_SIGN,
            check=confirmed_by(rf"\$type\\?[\"']\s*:\s*\\?[\"']\s*{_NET_TYPE}"),
        ),
        Rule(
            "net_type",
            _NET_SIGN,
            0.98,
            check=confirmed_by(rf"^{_NET_TYPE}[\w.`\[\]]*(?:,|\z)"),
        ),
        Rule(
            "net_type",
            _NET_SIGN,
            0.97,
            check=confirmed_by(
                r"(?:\btype\s*=\s*[\"']|xsi:type\s*=\s*[\"'][\w:]*"
                rf"|clr-namespace:System\.Diagnostics).*{_NET_TYPE}"
            ),
        ),
        Rule(
            "net_xaml",
            "ObjectDataProvider",
            0.98,
            check=confirmed_by(
                r"<(?:\w+:)?ObjectDataProvider\b[^>]*MethodName\s*=\s*[\"'](?:Start|Parse"
                r"|Deserialize|Load)\b|ObjectDataProvider.{0,64}MethodName.{0,16}Start\b"
            ),
        ),
        Rule(
            "php_object",
            r"(?:^|[^\w])[OC]:\+?\d{1,5}:\\?[\"'][\w\\]+\\?[\"']:\+?\d{1,5}:\{",
            0.98,
            check=_has_php_class,
        ),
        Rule(
            "php_object", r"(?:^|[^\w])[OC]:\+?\d{1,5}:\\?[\"'][\w\\]+\\?[\"']:\+?\d{1,5}:\{", 0.5
        ),
        Rule(
            # O:8:"… and O:12:"… in base64: property names hold NULs, so the core leaves it alone.
            "php_object",
            _START + r"Tzo[w-z0-5](?:OiJ|[MNO][DTjz]oi)[A-Za-z0-9+/_-]{8}",
            0.98,
            check=_has_php_class,
            is_case_sensitive=True,
        ),
        Rule("phar", r"^\s*(?:[\w.]+://)?(?:phar:/{2}|phar:\\/\\/)", 0.98),
        Rule("phar", r"^.{0,16}<\?php.*__HALT_COMPILER\s*\(\s*\)\s*;\s*\?>", 0.98),
        Rule("phar", r"phar://", 0.5),
        Rule(
            "pickle",
            r"(?:^|[\s.(\x80-\x95])c(?:os|nt|posix)\n(?:system|popen|exec\w*|spawn\w*"
            r"|startfile)\n"
            r"|(?:^|[\s.(\x80-\x95])c(?:subprocess|__builtin__|builtins|commands|pty"
            r"|importlib|runpy|timeit|webbrowser|socket|sys|shutil|operator|platform|ctypes"
            r"|_?pickle)\n\w{2,32}\n",
        ),
        Rule(
            "pickle",
            r"\x80[\x02-\x05](?:\x95.{8}|c|\x8c|\()",
            0.98,
            check=_holds_any(_PICKLE_CALLS),
            is_case_sensitive=True,
        ),
        Rule(
            "pickle",
            _START + r"(?:gA[SW]V[A-Za-z0-9+/_-]{3}A{7}|gA[IJMN][jo][A-Za-z0-9+/_-]{8})",
            0.98,
            check=_holds_any(_PICKLE_CALLS),
            is_case_sensitive=True,
        ),
        Rule("pickle", _START + r"gA[SW]V[A-Za-z0-9+/_-]{3}A{7}", 0.8, is_case_sensitive=True),
        Rule(
            "python_yaml",
            r"python/(?:object/(?:apply|new)|name|module):",
            check=confirmed_by(
                r"(?:!!|tag:yaml\.org,2002:|%21%21)python/(?:object/(?:apply|new)|name"
                r"|module):\s?\w"
            ),
        ),
        Rule(
            "python_yaml",
            r"python/object:",
            0.8,
            check=confirmed_by(r"(?:!!|tag:yaml\.org,2002:)python/object:\s?\w"),
        ),
        Rule("jsonpickle", r"^py/(?:reduce|repr|function|newargs\w*)\z", 0.97, places=_NAMES),
        Rule("jsonpickle", r"[\"']py/(?:reduce|repr|function|type|newargs\w*)\\?[\"']\s*:", 0.97),
        Rule(
            "jsonpickle",
            r"[\"']py/object\\?[\"']\s*:\s*\\?[\"'](?:os|posix|nt|subprocess|builtins"
            r"|__builtin__|pty|commands|sys|importlib|shutil|__main__)\b",
            0.97,
        ),
        Rule(
            "ruby_marshal",
            r"\x04\x08[o\[{IcUue:]",
            0.97,
            check=_holds_any(_RUBY_GADGETS),
            is_case_sensitive=True,
        ),
        Rule(
            # Rails' own session cookies are marshalled hashes (BAh7), and hold none of these.
            "ruby_marshal",
            _START + r"BAh[1-9A-Za-z]",
            0.97,
            check=_holds_any(_RUBY_GADGETS),
            is_case_sensitive=True,
        ),
        Rule(
            "ruby_yaml",
            r"!ruby/(?:object|hash|struct|array|class|module|marshalable|exception"
            r"|hash-with-ivars):\s?[A-Z]",
            0.97,
            check=_is_no_gemspec,
        ),
        Rule(
            "ruby_oj",
            r"[\"']\^[om]\\?[\"']\s*:\s*\\?[\"'](?:Gem|ERB|Net|Kernel|Process|URI|File|IO)\b",
            0.97,
        ),
        Rule("node_function", r"_\$\$ND_FUNC\$\$_|[\"']__js_function\\?[\"']\s*:"),
        # CWE-1321: a reader that merges objects writes to the prototype of all of them.
        Rule(
            "prototype_pollution",
            r"__proto__[\"'\]]*[.\[:=]|[\[.][\"']?__proto__|constructor[\"'\]]*[.\[][\"']?prototype\b"
            r"|[\"']constructor[\"']\s*:\s*\{\s*[\"']prototype|^__proto__\z",
            0.97,
            check=is_short(6),
        ),
        Rule("prototype_pollution", r"__proto__", 0.5, check=is_short(12)),
        # React Server Components: a reference that walks into a prototype (CVE-2025-55182).
        Rule(
            "flight_reference", r"\$[0-9a-f]{1,4}:(?:[\w$]+:)*(?:__proto__|constructor|prototype)\b"
        ),
    ),
)
