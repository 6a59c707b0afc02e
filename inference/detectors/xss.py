r"""Cross-site scripting: markup, URLs and JavaScript that run in the reader's browser.

CRS 941100-941400; CWE-79, CWE-80, CWE-83; HTML §8.1.8.1 (event handlers). Every rule is decisive
by itself, as the API's only score for a match is 0.95. Markup that runs nothing passes.
"""

import re
from collections.abc import Iterable
from itertools import islice

import re2

from inference import xss_probes
from inference.detector import Detector, Rule, confirmed_by
from inference.fields import Field
from inference.matcher import re2_options
from kysira.types import Place

MATCHED = 0.95

# Browsers skip control characters in these places of a tag and of a URL's scheme.
_GAP = r"[\x00-\x20/]"
_JUNK = r"[\x00-\x20]*"
_IN_TAG = r"(?:[^<>]|\"[^\"<]*\"|'[^'<]*')*"
_JAVASCRIPT = _JUNK.join("javascript") + _JUNK + ":"
_VBSCRIPT = _JUNK.join("vbscript") + _JUNK + ":"
_SCHEME = rf"(?:{_JAVASCRIPT}|{_VBSCRIPT}|vbs:|livescript:|mocha:)"
_DATA = r"data:[^,<>]{0,64}(?:html|svg|xml|script|;base64,\s*(?:PHN|PHh|PGh|PGl))"
_CALLS = (
    r"(?:alert|confirm|prompt|print|eval|atob|fetch|import|settimeout|setinterval|execscript"
    r"|importscripts|function|string\.fromcharcode|document\.write(?:ln)?|window\.open)"
)
_OBJECTS = r"(?:window|self|top|parent|frames|this|globalthis|document|location|navigator)"
_CALL = rf"(?:{_OBJECTS}\s*\.\s*)?\(?{_CALLS}\)?\s*(?:\(|`|&(?:lpar|grave);)"
# Signs that several rules share.
_HANDLER_SIGN = r"(?:^|[\x00-\x20/\"'`;,>+])on\w{3,}[\x00-\x20]*="
_CALL_SIGN = rf"{_CALLS}\)?\s*[(`&]|document\.cookie|{_OBJECTS}\["
_DOCUMENT_TAG = r"<(?:import|meta|base|link|xss|!entity|\?(?:xml|import))|datasrc\s*="
_EVENTS = frozenset(
    b"abort afterprint afterscriptexecute animationcancel animationend animationiteration"
    b" animationstart auxclick beforecopy beforecut beforeinput beforeprint beforetoggle"
    b" beforeunload begin blur bounce cancel canplay canplaythrough change click close"
    b" contentvisibilityautostatechange contextmenu copy cuechange cut dblclick drag dragend"
    b" dragenter dragexit dragleave dragover dragstart drop durationchange end ended error finish"
    b" focus focusin focusout formdata fullscreenchange gotpointercapture hashchange input invalid"
    b" keydown keypress keyup load loadeddata loadedmetadata loadend loadstart message mousedown"
    b" mouseenter mouseleave mousemove mouseout mouseover mouseup mousewheel pagehide pageshow"
    b" paste pause play playing pointercancel pointerdown pointerenter pointerleave pointermove"
    b" pointerout pointerover pointerrawupdate pointerup popstate progress propertychange"
    b" ratechange readystatechange repeat reset resize scroll scrollend search seeked seeking"
    b" select selectionchange selectstart show start stop storage submit suspend timeupdate toggle"
    b" touchcancel touchend touchmove touchstart transitioncancel transitionend transitionrun"
    b" transitionstart unhandledrejection unload volumechange waiting webkitanimationend"
    b" webkitanimationstart webkittransitionend wheel zoom".split()
)

_HANDLER = re2.compile(rb"(?:^|[\x00-\x20/\"'`;,>+])on(\w{3,})[\x00-\x20]*=", options=re2_options())
# As the body of a handler, each of these is a name or a function that nobody calls: JSX, Svelte.
_INERT = re2.compile(
    rb"\s*\{\{?\s*(?:[\w.]{1,64}\s*\}|(?:async\s*)?(?:\([\w\s,{}:.]{0,64}\)|\w{1,32})\s*=>)",
    options=re2_options(),
)
_BODY = 160
# No component has more handlers; it bounds the work too.
_MANY = 128
_SINK = re2.compile(
    rb"\b(?:alert|confirm|prompt|eval|import|function|atob|cookie|location)\b",
    options=re2_options(),
)
_SCRIPT = re.compile(rb"<script>(.{0,2})", re.IGNORECASE | re.DOTALL)
_PROSE = re.compile(rb"[A-Za-z]|[`\"') ,.][A-Za-z ]?", re.DOTALL)
_CODE = re.compile(rb"[(=<`\[{;]")
_FRAME = re2.compile(
    rb"<iframe\s[^<>]*?\bsrc\s*=\s*[\"']?(?:https?:)?//(?:[\w-]+\.){0,3}"
    rb"(?:youtube(?:-nocookie)?\.com|vimeo\.com|google\.com/maps|spotify\.com|soundcloud\.com"
    rb"|codepen\.io|codesandbox\.io|dailymotion\.com|twitch\.tv|openstreetmap\.org)/",
    options=re2_options(),
)
_FRAMES = re.compile(rb"<iframe[\s/>]", re.IGNORECASE)
_VOID = re2.compile(
    rb"javascript:\s*(?:void\s*\(?\s*0?\s*\)?|(?:return\s)?false)\s*;?\s*(?:[\"'>)\s]|\z)"
    rb"|javascript:\s*;?\s*(?:\z|[\"'] *>)",
    options=re2_options(),
)
_ANY_SCHEME = re2.compile(_SCHEME.encode(), options=re2_options())


def _runs_handler(field: Field, text: bytes) -> bool:
    """Tell handlers from component properties such as ``onClick={save}``, which HTML never runs."""
    found = list(islice(_HANDLER.finditer(text), _MANY))
    if not found or len(found) == _MANY:
        return True
    return any(not _is_inert(text, match.end()) for match in found)


def _names_event(field: Field, text: bytes) -> bool:
    """Outside of a tag only the names of real events count: ``onboarding=`` is none."""
    found = list(islice(_HANDLER.finditer(text), _MANY))
    return len(found) == _MANY or any(
        match[1].lower() in _EVENTS and not _is_inert(text, match.end()) for match in found
    )


def _is_inert(text: bytes, start: int) -> bool:
    body = text[start : start + _BODY]
    return bool(_INERT.match(body)) and not _SINK.search(body)


def _is_script(field: Field, text: bytes) -> bool:
    """Let ``the <script> tag`` pass: prose after the tag, and nothing that looks like code."""
    tags = list(islice(_SCRIPT.finditer(text), _MANY))
    if not tags or any(not tag[1].strip() or not _PROSE.match(tag[1]) for tag in tags):
        return True
    return bool(_CODE.search(text, tags[0].end()))


def _frames_stranger(field: Field, text: bytes) -> bool:
    """Let players and maps pass that people embed in posts."""
    return _has_more(_FRAMES.finditer(text), _FRAME.finditer(text))


def _runs_url(field: Field, text: bytes) -> bool:
    """Let ``javascript:void(0)`` pass, which runs nothing."""
    return _has_more(_ANY_SCHEME.finditer(text), _VOID.finditer(text))


def _has_more(found: Iterable[object], harmless: Iterable[object]) -> bool:
    count = sum(1 for _ in islice(found, _MANY))
    return count == _MANY or count > sum(1 for _ in islice(harmless, _MANY))


_SHORT_PLACES = frozenset({Place.QUERY, Place.PATH, Place.FORM, Place.HEADER, Place.COOKIE})

_SCRIPT_URLS = (
    rf"^[\x00-\x20\"'`<>(,;/\x80-\xff]{{0,16}}{_JAVASCRIPT}[\w.$!+~;/*%:@?&={{}}-]*[(`\[=]",
    rf"{_JAVASCRIPT}\s*(?:[\w.$!+~;/*%-]*[;/%+=-])?{_CALL}",
    rf"{_JAVASCRIPT}\s*[/*\"'+%]{{1,4}}[^\s]*[(`]",
    rf"{_VBSCRIPT}\s*(?:msgbox|execute|eval|window|document|alert)",
)

_DOCUMENT_TAGS = (
    (
        rf"<meta\b{_IN_TAG}http-equiv\W{{0,4}}=?\W{{0,4}}(?:refresh|set-cookie"
        r"|content-security-policy|link)"
    ),
    rf"<meta\b{_IN_TAG}charset\s*=\s*[\"']?(?:utf-?7|iso-2022|x-mac-farsi|x-imap4|hz-gb|cesu)",
    r"<base\b[^<>]*href\s*=|<\??import\b[^<>]*\bimplementation\s*=",
    (
        rf"<link\b{_IN_TAG}(?:rel\s*=\s*[\"']?import|href\s*=\s*[\"'`]?\s*(?:{_SCHEME}|data:"
        r"|(?:https?:)?//[^\s<>]*\.css[\"']?[^<>]*rel\s*=\s*[\"']?stylesheet))"
    ),
    r"<link[\s/]+rel\s*=\s*[\"']?stylesheet[\"']?\s+href\s*=\s*[\"']?(?:https?:)?//",
    r"<\w+[^<>]*\bdatasrc\s*=|<xss[\s>/]",
    (
        r"<\?(?:xml-stylesheet|import|xml:namespace)\b[^<>]*(?:href|implementation|ns)\s*=\s*"
        rf"[\"'](?:{_SCHEME}|data:|#default|urn:schemas-microsoft)|<!entity[^<>]{{1,80}}"
        r"(?:&#x?3c|&lt|<)"
    ),
)

DETECTOR = Detector(
    slug="xss",
    combine=lambda scores: MATCHED if any(scores) else 0.0,
    rules=(
        # Tags that run or load code
        Rule("script_tag", rf"<(?:[\w-]+:)?script(?:{_GAP}|>|\z)", check=_is_script),
        Rule("script_tag", r"<(?:[\w-]+:)?script[^\w>\s-]{1,8}(?:src|>|\s)"),
        Rule("script_close", r"</script[\x00-\x20/>]"),
        # Filters that drop blanks and controls put the name together.
        Rule(
            "script_split",
            r"<[^\w<>]*(?:s[^\w<>]+c[^\w<>]+r[^\w<>]+i[^\w<>]+p[^\w<>]+t"
            r"|f[^\w<>]+o[^\w<>]+r[^\w<>]+m|i[^\w<>]+f[^\w<>]+r[^\w<>]+a[^\w<>]+m[^\w<>]+e)\b"
            r"|<\s+\w*\s*:\s*script\b|<(?:\w*:)?vmlframe\b",
        ),
        Rule(
            "script_url",
            r"j(?:[\x00-\x09\x0b\x0c\x0e-\x1f]+avascript|a[\x00-\x09\x0b\x0c\x0e-\x1f]+vascript"
            r"|av[\x00-\x09\x0b\x0c\x0e-\x1f]+ascript|ava[\x00-\x09\x0b\x0c\x0e-\x1f]+script"
            r"|avas[\x00-\x09\x0b\x0c\x0e-\x1f]+cript)\s*:",
        ),
        Rule(
            "script_split",
            r"<scr(?:ipt)?[\x00-\x20<>]{0,4}<?/?scr|<s?c?r?(?:\\0|%00)[script]{2,5}[\s/>]|(?:^|[\x00-\x7f\xc2])\xbcscript[^<>]*\xbe",
        ),
        Rule(
            "event_handler",
            _HANDLER_SIGN,
            check=confirmed_by(
                rf"<[a-z!?/]{_IN_TAG}[\x00-\x20/\"'`+]on\w{{3,}}[\x00-\x20]*=", after=_runs_handler
            ),
        ),
        Rule(
            "event_handler",
            _HANDLER_SIGN,
            check=confirmed_by(
                rf"<[a-z!?/][^<]*[\x00-\x20/\"'`]on\w{{3,}}[\x00-\x20]*=[^<]{{0,40}}"
                rf"(?:{_CALL}|{_SCHEME})",
                after=_names_event,
            ),
        ),
        Rule(
            "event_handler",
            _HANDLER_SIGN,
            check=confirmed_by(
                rf"<[a-z]\w{{0,20}}{_GAP}{{1,4}}on\w{{3,}}[\x00-\x20]*=", after=_runs_handler
            ),
        ),
        Rule("frame", r"<iframe[\s/>]", check=_frames_stranger),
        Rule(
            "loading_tag",
            rf"<(?:object|embed|applet|frame|portal|bgsound|i?layer|isindex|xml){_GAP}|<frameset{_GAP}",
            check=confirmed_by(
                rf"<(?:(?:object|embed|applet|frame|frameset|portal|bgsound|i?layer|isindex){_GAP}"
                rf"|xml{_GAP}{{1,4}}(?:src|id|ns)\b){_IN_TAG}"
                r"(?:src|data|code|codebase|classid|href|action|background|name|id"
                r"|allowscriptaccess)[\x00-\x20]*="
            ),
        ),
        Rule(
            "loading_tag",
            r"<(?:\w+:)?(?:fe)?(?:image|use|animate\w*|set|handler|listener|discard|script)\b",
            check=confirmed_by(
                r"<(?:\w+:)?(?:fe)?(?:image|use|animate\w*|set|handler|listener|discard|script)\b"
                rf"{_IN_TAG}(?:xlink:href|href|to|values|from|by|onbegin|attributename)[\x00-\x20]*="
                r"\s*[\"'`]?"
                rf"(?:{_SCHEME}|{_DATA}|x?link:href|href|on|innerhtml)"
            ),
        ),
        Rule("document_tag", _DOCUMENT_TAG, check=confirmed_by("|".join(_DOCUMENT_TAGS))),
        # URLs and styles that run code
        Rule(
            "script_url",
            _SCHEME,
            check=confirmed_by(
                r"(?:=|\burl\(|&equals;|\]\(|[\"'`]\s*\+?\s*[\"'`]?|\b(?:(?:to|values)[\"'`=]"
                r"|(?:href|src|content)[\"'`=\s])"
                rf"|url=)[\x00-\x20\"'`<(]{{0,8}}[\x01-\x20\x7f-\xff]{{0,8}}{_SCHEME}",
                after=_runs_url,
            ),
        ),
        Rule("script_url", _SCHEME, check=confirmed_by("|".join(_SCRIPT_URLS))),
        Rule(
            "data_url",
            r"data:\s*(?:text/|application/(?:xh|x?-?javascript|xml))|data:[^,\s]*;base64,\s*P",
            check=confirmed_by(
                r"(?:^|[\"'`=(\s,>;])data:[\s]*(?:text/(?:html|xml|javascript)|application/(?:xhtml"
                r"|x?-?javascript|xml))"
                r"[^,\"'\s]*,|data:[^,\s]*;base64,\s*(?:PHNjcmlwd|PFNDUklQV|PFNjUmlQ|PHNjUmlw)"
            ),
        ),
        Rule(
            "style",
            r"style.*(?:expression|e/\*|exp/\*|-moz-binding|@im|behaviou?r|v\\|javascript)",
            check=confirmed_by(
                r"(?:<style\b[^>]*>|\bstyle\s*=)[^<>]*(?:expression|e/\*|exp/\*|-moz-binding|@import"
                r"|@im\\|behaviou?r\s*:\s*url|\bv\\|javascript)"
            ),
        ),
        Rule("style", r"-moz-binding\s*:\s*url\s*\("),
        Rule(
            "style",
            r":\s*(?:e|\\0*65)(?:/\*[^*]*\*/|\\)?x(?:/\*[^*]*\*/|\\)?p(?:r|/\*|\\)",
            check=confirmed_by(
                r":\s*(?:e|\\0*65)(?:/\*[^*]*\*/|\\)?x(?:/\*[^*]*\*/|\\)?p(?:/\*[^*]*\*/|\\)?r"
                r"(?:/\*[^*]*\*/|\\)?e(?:/\*[^*]*\*/|\\)?s(?:/\*[^*]*\*/|\\)?s(?:/\*[^*]*\*/|\\)?ion"
                r"\s*(?:/\*[^*]*\*/)?\("
            ),
        ),
        Rule(
            "srcdoc",
            r"(?:srcdoc|xlink:href|poster|background|dynsrc|lowsrc)\s*=",
            check=confirmed_by(
                rf"<[a-z]{_IN_TAG}(?:srcdoc|xlink:href|poster|background|dynsrc|lowsrc)"
                rf"\s*=\s*[\"'`]?\s*(?:<|&|{_SCHEME}|{_DATA})"
            ),
        ),
        Rule(
            "srcdoc", r"(?:<(?:button|input|isindex|form|math|a)\b[^<>]*\b|[\"'`]\s*)formaction\s*="
        ),
        # Leaving an attribute or a string
        Rule(
            "attribute_breakout",
            _HANDLER_SIGN,
            check=confirmed_by(
                r"(?:^|[\"'`])[^<>]{0,32}[\"'`][\x00-\x20/>]{0,8}on\w{3,}[\x00-\x20]*="
                r"[\x00-\x20]*(?:[^\s=]|\z)",
                after=_names_event,
            ),
        ),
        Rule(
            "attribute_breakout",
            _HANDLER_SIGN,
            check=confirmed_by(
                rf"(?:^|[\s\"'`/;,>])on\w{{3,}}[\x00-\x20]*=[\x00-\x20]*[\"'`{{]?[\x00-\x20]*"
                rf"(?:{_SCHEME}|[\w.$;=]{{0,32}}{_CALL}|document\.|location\b|window[.\[]|self\["
                r"|top\[)",
                after=_names_event,
            ),
        ),
        Rule(
            "string_breakout",
            _CALL_SIGN,
            check=confirmed_by(
                rf"^[^\"'`\n]{{0,64}}[\"'`][\s)\]}}]*[;,+\-*/&|^?:<>=%]{{1,3}}"
                rf"[\s({{!+~-]{{0,8}}{_CALL}"
            ),
        ),
        Rule("tag_breakout", r"^[^<>]*[\"'`][\s/\\]*>\s*<[a-z]", places=_SHORT_PLACES),
        Rule(
            "string_breakout",
            _CALL_SIGN,
            check=confirmed_by(
                r"(?:[\"'`][\s)\]}]*[;,+\-*/&|^?:<>=%]{1,3}|\\[\"'`];?|[\"'`]\)?\s*;)"
                r"[\s({!+~-]{0,8}(?:(?:alert|confirm|eval)\s*[(`]|document\.cookie)"
            ),
        ),
        Rule(
            "string_breakout",
            _CALL_SIGN,
            check=confirmed_by(
                rf"^[\s\"'`)\]}};,+*/-]{{1,8}}(?:{_CALL}|document\.cookie|{_OBJECTS}\[)"
            ),
        ),
        *xss_probes.RULES,
    ),
)
