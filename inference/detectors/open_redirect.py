r"""Open redirects: a return address that leads away from the site, or runs in the page.

CWE-601; WHATWG URL §4.4 (browsers read "\" as "/", skip tabs and line breaks, and take
``https:host`` for an absolute URL). The request's own host is not known here, so a plain absolute
URL is ordinary (OAuth, CDNs); what decides is writing that is only there to slip past a check.
"""

import re

import re2

from inference.detector import Detector, Rule
from inference.fields import Field
from inference.matcher import re2_options
from kysira.types import Place

# Substrings and whole names, lower case and without "_", "-" and brackets.
_REDIRECT_PARTS = (
    "afterlogin", "afterlogout", "backto", "backurl", "cancelurl", "checkouturl", "continueurl",
    "destination", "desturl", "errorurl", "exiturl", "failureurl", "followup", "forwardto",
    "forwardurl", "fromurl", "gotourl", "jumpto", "jumpurl", "landingurl", "loginurl",
    "logouturl", "nextpage", "nexturl", "originalurl", "postlogout", "redir", "relaystate",
    "returnpage", "returnpath", "returnto", "returnur", "rewriteurl", "successuri",
    "successurl", "targeturl",
)  # fmt: skip
_REDIRECT_NAMES = frozenset(
    {
        "away", "back", "burl", "callback", "cont", "continue", "dest", "exit", "forward",
        "furl", "fwd", "goto", "gourl", "jump", "location", "next", "nxt", "out", "referer",
        "referrer", "ret", "retour", "retturl", "returl", "return", "rurl", "service",
        "success", "surl", "tourl", "volver", "weiter", "wreply", "zurueck",
    }
)  # fmt: skip
_URL_NAMES = frozenset(
    {
        "data", "dir", "domain", "feed", "file", "from", "go", "host", "href", "html",
        "imageurl", "img", "link", "navigation", "open", "page", "path", "r", "ref",
        "reference", "show", "site", "target", "to", "u", "uri", "url", "val", "validate",
        "view", "window",
    }
)  # fmt: skip
_NOT_NAME = re.compile(r"[^a-z0-9.]")
_CLIENT = frozenset({Place.QUERY, Place.FORM, Place.COOKIE, Place.HEADER})
_ORDINARY_HEADERS = frozenset({"referer", "origin", "from"})

_HOST = r"[\w\x80-\xff\[](?:[\w\x80-\xff.:\[\]%-]*[\w\x80-\xff\]])?"
_DOMAIN = r"(?:[\w\x80-\xff-]{1,63}\.)+[a-z\x80-\xff][\w\x80-\xff-]{1,62}"
_END = r"\.?(?::\d{1,5})?(?:[/\\?#@]|\z)"
_BLANK = r"[\x00-\x20]"
_SCRIPT = (
    "(?:" + f"{_BLANK}*".join("javascript") + "|" + f"{_BLANK}*".join("vbscript") + rf"){_BLANK}*:"
)

# A path such as "//index.php" names a file, not a host.
_FILE = re2.compile(
    rb"^/+[^/?#@]*\.(?:php\d?|s?html?|aspx?|ashx|jspx?|js|mjs|css|map|json|xml|txt|ico"
    rb"|png|jpe?g|gif|svg|webp|woff2?"
    rb"|cgi|do|action|env|git|sql|zip|gz|bak|old|log|yml|yaml|ini|conf|pdf|rss|atom|php~"
    rb"|swf|wasm|mp[34]|py|sh)(?:[/?#]|\z)",
    options=re2_options(),
)


def _key(name: str) -> str:
    return _NOT_NAME.sub("", name.lower()).rpartition(".")[2]


def _is_redirect(field: Field, text: bytes) -> bool:
    """Return True for fields whose name says that the browser is sent there."""
    if field.place is Place.HEADER and field.name in _ORDINARY_HEADERS:
        return False
    key = _key(field.name)
    return key in _REDIRECT_NAMES or any(part in key for part in _REDIRECT_PARTS)


def _is_address(field: Field, text: bytes) -> bool:
    """Return True also for names of any address, where the place is one that browsers fill."""
    if _is_redirect(field, text):
        return True
    return field.place in _CLIENT and _key(field.name) in _URL_NAMES


def _is_odd_host(field: Field, text: bytes) -> bool:
    """Return True for an address with a scheme or slashes: a number alone is just a number."""
    return _is_address(field, text) and (b":" in text[:16] or text.lstrip()[:2] == b"//")


def _is_path(field: Field, text: bytes) -> bool:
    """Return True for a whole path that begins with a host."""
    return not field.name and not _FILE.search(text)


DETECTOR = Detector(
    slug="open-redirect",
    rules=(
        # Slashes that browsers read in their own way
        Rule(
            "protocol_relative",
            rf"^{_BLANK}*//+(?:{_DOMAIN}{_END}|\d{{1,3}}(?:\.\d{{1,3}}){{3}}{_END}|\[|0x"
            rf"|\d{{8,10}}{_END})",
            check=_is_address,
        ),
        Rule(
            "protocol_relative",
            rf"^[\x00-\x20<>]*//+{_HOST}(?:[/\\?#:@]|\z)",
            0.97,
            check=_is_redirect,
        ),
        Rule(
            "protocol_relative",
            rf"^//+{_DOMAIN}{_END}",
            places=frozenset({Place.PATH}),
            check=_is_path,
        ),
        Rule(
            "backslash",
            rf"^{_BLANK}*(?:https?:)?(?:/{_BLANK}*\\|\\{_BLANK}*/)[/\\\s]*[\w\[.@]",
            check=_is_address,
        ),
        Rule("backslash", rf"^{_BLANK}*(?:https?:)?\\\\[/\\]*[\w\[.@]", check=_is_redirect),
        Rule(
            "backslash",
            rf"^(?:/\\+|\\/|/+\\+/+|\\+/+\\*)[/\\]*{_DOMAIN}(?:[/:?#@]|\z)",
            places=_CLIENT | {Place.PATH},
        ),
        Rule(
            "missing_slashes",
            rf"^{_BLANK}*https?:/?(?:{_DOMAIN}{_END}|[\w:;.%~!$&'()*+,=-]*@{_HOST}|"
            rf"[0-9a-fx.]+{_END}|\[)",
            check=_is_address,
        ),
        Rule(
            "extra_slashes",
            rf"^{_BLANK}*https?:[/\\{{}}]*(?:///|\\){_BLANK}*[/\\]*[\w\[.@]",
            check=_is_address,
        ),
        Rule(
            "slash_blank",
            rf"^{_BLANK}*(?:https?:)?[/\\]+[\x00-\x20]+[/\\]+[/\\]*{_DOMAIN}{_END}",
            check=_is_address,
        ),
        Rule(
            "slash_blank",
            rf"^{_BLANK}*[/\\]+{_BLANK}+/+{_DOMAIN}{_END}",
            places=_CLIENT | {Place.PATH},
        ),
        Rule("nested_scheme", rf"^{_BLANK}*/+[\s.;]*https?:(?:[/\\]|{_DOMAIN})", check=_is_address),
        Rule(
            "nested_scheme",
            r"^/+https?:[/\\]*[^/\\]+[/\\]+(?:%2e|%2f|\.\.)",
            places=frozenset({Place.PATH}),
        ),
        Rule(
            "nested_scheme",
            r"^/(?:[\w.-]+/){0,4}https?:/{1,2}[^/]",
            0.4,
            places=frozenset({Place.PATH}),
        ),
        # Hosts in disguise
        Rule(
            "userinfo",
            rf"^{_BLANK}*(?:https?:)?[/\\]+[^/\\?#\s@]*(?:\.[a-z]{{2,}}|%[0-9a-f]{{2}})"
            r"[^/\\?#\s@]*@+[^/?#\s]*[\w\]]",
            check=_is_address,
        ),
        Rule(
            "userinfo",
            rf"^{_BLANK}*(?:https?:)?[/\\]+[^/?#\s]*@+[^/?#\s]*[\w\]]",
            check=_is_redirect,
        ),
        Rule(
            "confusing_delimiter",
            rf"^{_BLANK}*(?:https?:)?[/\\]+[^/\\?#]*(?:[\\#?;&^|]+|\\+[/@]|%(?:23|3f|5c))"
            rf"[^=/]*@{_HOST}",
            check=_is_address,
        ),
        Rule(
            "confusing_delimiter",
            rf"^{_BLANK}*https?://[^/?#]*(?:[\x00-\x20\x7f]+|\\+|//|%(?:00|0[9ad]|5c|2f|23|3f))"
            r"[^/?#]*\.[a-z]",
            check=_is_address,
        ),
        Rule(
            "dot_dot_tail",
            r"^(?:https?:)?/{2,}[^/?#]+/+(?:\.\.|%2e%2e|%2f)[/%2f]*\z",
            check=_is_address,
        ),
        Rule(
            "odd_host",
            rf"^{_BLANK}*(?:https?:)?[/\\]*(?:[^/?#@\s]*@)?(?:\d{{8,12}}\.?|(?:0x[0-9a-f]{{2,}}"
            rf"|0\d{{1,11}}\.|\d{{1,3}}\.\d{{4,}}|[0-9a-fx]+\.0x[0-9a-f.x]+"
            r"|\d{1,3}\.0\d+\.|[3-9]\d\d\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[:{1,2}(?:ffff:)?\d{1,3}\."
            r"|\[::ffff:)[0-9a-fx.:\]]*)(?:[/?#:]|\z)",
            check=_is_odd_host,
        ),
        Rule(
            "odd_host",
            rf"^{_BLANK}*(?:https?:)?[/\\]+[^/?#\s]*(?:\xe2[\x91-\x93]|\xf0\x9d[\x90-\x9f]"
            r"|\xe2\x85[\x80-\x8f]|\xef\xbd\xa1)",
            check=_is_address,
        ),
        Rule(
            "odd_slash",
            r"^/?(?:\xe3\x80[\xb1\xb5]|\xe3\x83\xbc|\xe3\x82\x9d|\xef\xbd\xb0|\xc2\xb0"
            rf"|\xef\xbc\x8f|\xe2\x81\x84|\xe2\x88\x95){{1,2}}[/\\]*{_DOMAIN}",
            check=_is_address,
        ),
        Rule(
            "control_in_scheme",
            r"^[\x00-\x20]*(?:h[\x01-\x20]+ttps?|ht[\x01-\x20]+tps?|htt[\x01-\x20]+ps?|http"
            r"[\x01-\x20]+s?|https[\x01-\x20]+):",
            check=_is_address,
        ),
        Rule("control_in_scheme", r"^[\x00-\x1f]+(?:https?:)?[/\\]{2}\w", check=_is_redirect),
        # Schemes that run code in the page
        Rule("script_scheme", rf"^[\x00-\x20/\\\"'<>\x80-\xff]*{_SCRIPT}[^\s]", check=_is_address),
        Rule(
            "script_scheme",
            r"^[\x00-\x20]*data:[^,]*(?:html|svg|xml|javascript)[^,]*,",
            check=_is_address,
        ),
        # A weak sign
        Rule("host_suffix", rf"^[.@]{_DOMAIN}(?:/|\z)", 0.6, check=_is_redirect),
    ),
)
