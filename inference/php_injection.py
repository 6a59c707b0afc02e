"""Rules for PHP that an application includes or evaluates, part of the command-injection detector.

CRS 933100-933220; CWE-94, CWE-95, CWE-98. People post PHP to forums and assistants: decisive is a
value that is PHP and nothing else, and short.
"""

from inference.checks import is_short
from inference.detector import Rule, confirmed_by
from inference.fields import Field
from kysira.types import Place

# What code from outside calls first; names that spreadsheets, SQL or prose share are left out.
_FUNCTION = (
    r"(?:base64_(?:de|en)code|bzdecompress|call_user_func(?:_array)?|gz(?:decode|inflate|uncompress|"
    r"open|file|read)|p?fsockopen|posix_\w{3,16}|eval|system|passthru|shell_exec|popen|proc_\w{3,16}"
    r"|pcntl_\w{3,16}|assert(?:_options)?|create_function|preg_\w{3,24}|include(?:_once)?|require_once"
    r"|phpinfo|phpversion|file(?:_(?:get|put)_contents)?|f(?:open"
    r"|gets|read|write|puts|passthru|putcsv|scanf|truncate)|readfile|move_uploaded_file|unlink"
    r"|highlight_(?:file|string)|show_source|php_strip_whitespace|chr|str_rot13|strrev|hex2bin"
    r"|(?:un)?serialize|var_(?:dump|export)|print_r|getenv|putenv|ini_(?:set|get(?:_all)?|alter"
    r"|restore)|symlink|readlink|link|touch|mkdir|rmdir|rename|chgrp|chmod|chown|glob|scandir"
    r"|opendir|readdir|dl|error_(?:log|reporting)|setcookie|header_register_callback|array_(?:map"
    r"|filter|walk|reduce|diff|intersect|udiff|pop|shift)|u[ak]?sort|ob_start"
    r"|register_(?:shutdown|tick)_function|spl_autoload_\w{3,12}|is_callable|func_get_args?|extract"
    r"|parse_str|curl_(?:exec|init|multi_exec)|mb_\w{3,24}|stream_\w{3,32}|session_\w{3,24}"
    r"|set_(?:error|exception)_handler|get_(?:defined|class|object|cfg|current|include)_\w{3,24}"
    r"|method_exists|function_exists|class_exists|iterator_apply|forward_static_call|escapeshell\w+"
    r"|parse_ini_(?:file|string)|sys_getloadavg|php_uname|zend_version|get(?:my|last)\w{3,8}"
    r"|tmpfile|tempnam|mysqli?_\w{3,24}|sqlite_\w{3,24}|pg_\w{3,24}|odbc_\w{3,24}|simplexml_\w{3,24}"
    r"|exif_\w{3,16}|file_exists|image\w{3,24}|xml_\w{3,24}|openssl_\w{3,24}|checkdate|crypt|exec|range|pi)"
)
_NAMED = rf"\[[\s\x0b]*['\"]?{_FUNCTION}['\"]?[\s\x0b]*\]"
_BETWEEN = r"(?:[\s\x0b]|/\*[^*]*\*/|(?://|#)[^\n\r]*[\n\r])*"
_SUPER = (
    r"\$(?:_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES|ENV|SESSION)|GLOBALS|HTTP_\w+_VARS)\s*[\[{(]"
    r"|[=.(,;&|{\[]\s*\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES|ENV|SESSION)\b"
)


def _is_name(field: Field, text: bytes) -> bool:
    """Return True for the name of a field, which is a field of its own."""
    return field.name.encode("utf-8", "replace") == field.value


def _is_no_method(field: Field, text: bytes) -> bool:
    """Return True for a short value without ``$this->$name()``, which classes have in them."""
    return b"$this" not in text and is_short(10, lines=4)(field, text)


def _is_unpaired(field: Field, text: bytes) -> bool:
    """Return True for a short value that is no ``[php]...[/php]``."""
    lowered = text.lower()
    is_paired = b"[php]" in lowered and b"[/php]" in lowered
    return not is_paired and is_short(16, lines=2)(field, text)


RULES = (
    Rule(
        "php_tag",
        r"^[^\w<]{0,8}<\?(?:php\s|=)[^?]*[^\s?]",
        0.97,
        check=is_short(48, lines=3),
    ),
    Rule("php_tag", r"<\?(?:php\b|=)", 0.6),
    # The short tag, and blanks that a lenient filter lets through: "<? php".
    Rule(
        "php_tag",
        r"<\?\s+(?:php\s|@?(?:echo|print|system|passthru|exec|shell_exec|eval|assert|phpinfo|include"
        r"|require|readfile)\b|\$\w+\s*=)",
        0.97,
        check=is_short(32, lines=4),
    ),
    Rule(
        "php_tag",
        r"[\[{]php[\]}]",
        0.97,
        check=confirmed_by(
            r"[\[{]php[\]}]\s*@?(?:system|passthru|exec|shell_exec|popen|eval|assert|phpinfo|include"
            r"|require|readfile|file_get_contents)\s*[(\s]",
            after=is_short(16, lines=2),
        ),
    ),
    # As markup of a board it comes in a form, or opened and closed.
    Rule(
        "php_tag",
        r"[\[{][/\\]?php[\]}]",
        0.96,
        places=frozenset({Place.QUERY, Place.COOKIE}),
        check=confirmed_by(
            r"[\[{]php[\]}](?:(?:echo|print)\b|\$|@|\w+\()|[;\"')]\s?[\[{][/\\]php[\]}]",
            after=_is_unpaired,
        ),
    ),
    # Variables of PHP that a client has no business to name (register_globals, extract).
    Rule(
        "php_superglobal",
        r"^\$?(?:GLOBALS|_(?:SERVER|SESSION|GET|POST|COOKIE|REQUEST|ENV|FILES))(?:\[|\z)",
        0.96,
        check=_is_name,
        is_case_sensitive=True,
    ),
    # PHP's "{${...}}" runs what is inside.
    Rule(
        "php_variable",
        r"\{\s*\$\{\s*@?(?:sleep|system|exec|passthru|shell_exec|phpinfo|eval|assert|print|md5"
        r"|readfile|file_get_contents|include|require)\s*\(",
        0.97,
        check=is_short(12),
    ),
    # Read as PHP and as XML, of which a short tag is enough.
    Rule("php_tag", r"<\?xml[\s\x0b]*(?:[:(;$]|\w+[\s\x0b]*\()", 0.97, check=is_short(32)),
    Rule("php_tag", r"<script[^>]+language\s*=\s*[\"']?php", 0.97),
    Rule("php_superglobal", _SUPER, 0.96, check=is_short(10), is_case_sensitive=True),
    Rule("php_superglobal", _SUPER, 0.5, is_case_sensitive=True),
    Rule(
        "php_variable",
        r"\$[\s\x0b]*\{[\s\x0b]*[@'\"$]",
        0.96,
        check=confirmed_by(r"^[^\w\s]{0,4}\$[\s\x0b]*\{", after=is_short(8)),
    ),
    Rule(
        "php_function",
        r"^[\s;\"'@&|({.!\\]*\w+" + _BETWEEN + r"\(",
        0.96,
        check=confirmed_by(
            rf"^[\s;\"'@&|({{.!\\]*{_FUNCTION}{_BETWEEN}\([^\n]*\)(?:\[\d\])*[\s;\"'}})/?>#.-]*\z",
            after=is_short(10),
        ),
    ),
    # Only to hide the call would one write a comment there.
    Rule(
        "php_function",
        r"\*/[\s\x0b]*\(",
        0.96,
        check=confirmed_by(
            rf"(?:^|[^\w.]){_FUNCTION}[\s\x0b]*/\*[^*]*\*/[\s\x0b]*\([^\n]*\)[\s;\"'}})]*\z",
            after=is_short(12),
        ),
    ),
    Rule(
        "php_variable_function",
        r"(?:->|::)\$\w+[\s\x0b]*\(|^[\s;\"'@]*\$+\w+[\s\x0b]*(?:\[|/\*)|=\s?@\$\w+\(",
        0.96,
        check=confirmed_by(
            rf"^[\s;\"'@]*(?:\$?[\w\\]+(?:->|::)\$\w+{_BETWEEN}|\$\w+\s?=\s?@\$\w+"
            rf"|@?\$+\w+(?:{_BETWEEN}\[[^\]\n]{{1,24}}\])+(?:/\*[^*]*\*/|\s*/\*[^*]*\*/\s*)?"
            r"|\$\w+\s?/\*[^*]*\*/\s?)\([^\n]*\)[\s;\"'})]*\z",
            after=_is_no_method,
        ),
    ),
    Rule(
        "php_variable_function",
        r"^[\s;\"'@]*\$+\w+[^\n(]*(?:/\*|//|#)",
        0.96,
        check=confirmed_by(
            rf"^[\s;\"'@]*\$+\w+(?:{_BETWEEN}\[[^\]\n]{{1,24}}\])*{_BETWEEN}\([^\n]*\)[\s;\"'}})]*\z",
            after=is_short(12, lines=5),
        ),
    ),
    Rule(
        "php_variable_function",
        r"\$[\w$\[\]'\"@{}]+[\s\x0b]*\(",
        0.96,
        check=confirmed_by(
            r"^[\s;\"'@]*\$+\{?[a-z_\x80-\xff]\w*\}?(?:[\s\x0b]*[\[{][\s\x0b]*@?[$'\"\w\[\]@]+[\s\x0b]*[\]}])*"
            r"(?:/\*[^*]*\*/)*\([^\n]*\)[\s;\"'})]*\z",
            after=is_short(10),
        ),
    ),
    # A name in parentheses or a joined string is called: filters look for the name alone.
    Rule(
        "php_callable",
        r"\)[\s\x0b;]*(?:/\*[^*]*\*/)?[\s\x0b]*\(|['\"][\s\x0b]*\.[\s\x0b]*['\"]|\(\s*string\s*\)",
        0.97,
        check=confirmed_by(
            rf"\([\s\x0b]*(?:{_FUNCTION})[\s\x0b]*\)[\s\x0b]*(?:/\*[^*]*\*/[\s\x0b]*)?\("
            r"|\w+\.\(\w+\)\.\w*[\s)]*\("
            r"|['\"][\s\x0b]*\.[\s\x0b]*['\"]\w*['\"][\s\x0b\])]*(?:/\*[^*]*\*/[\s\x0b]*)?\("
            r"|\(\s*string\s*\)\s*(?:['\"]|\{?\[)"
            r"|['\"]\s*\.\s*['\"]\w*['\"]\s*[\])]*\s*;.{0,64}\)\s*(?:\[\d\]|/\*[^*]*\*/)*\s*\("
            r"|^\W{0,4}\{?\[+\w+\]+(?:\[\d\])*\}?\s*\(\s*['\"\w]",
            after=is_short(24),
        ),
    ),
    Rule(
        "php_callable",
        r"(?:^|[;=,{|&@]|\breturn)\s*\(?\s*['\"]\s*\w+\s*['\"]\s*\)?\s*\("
        r"|^[\s(]*\[[\s'\"]*\w+[\s'\"]*\][\s)]*[\[{]",
        0.97,
        check=confirmed_by(
            rf"(?:^|[;=,{{|&@]|\breturn)\s*\(?\s*['\"]\s*{_FUNCTION}\s*['\"]\s*\)?\s*\(\s*['\"$\w)]"
            rf"|^[\s(]*{_NAMED}(?:[\s)]*[\[{{]\s*(?:/\*[^*]*\*/)?\s*\d\s*[\]}}])+[\s)]*\(",
            after=is_short(16, lines=2),
        ),
    ),
    Rule(
        "php_setting",
        r"\b(?:allow_url_(?:include|fopen)|auto_(?:ap|pre)pend_file|disable_(?:functions|classes)"
        r"|open_basedir|safe_mode(?:_\w+)?|enable_dl|extension_dir|user_ini\.filename|suhosin\.\w+"
        r"|mbstring\.regex_\w+|opcache\.\w+|unserialize_(?:max_depth|callback_func)|sendmail_path"
        r"|cgi\.force_redirect|cgi\.fix_pathinfo|session\.upload_progress\.\w+|zend\.\w+"
        r"|assert\.(?:callback|active|exception))\s*=",
        0.97,
        check=is_short(12),
    ),
)
