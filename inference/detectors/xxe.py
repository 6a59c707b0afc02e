"""XML external entities and their relatives: parameter entities, XInclude, XSLT, SVG.

CWE-611, CWE-776; OWASP XXE; XML 1.0 §4.2.2 (external entities), XInclude 1.0 §3; CRS 933/944 leave
XXE to the parser, so the patterns follow the grammar of XML. The core has undone percent, entity,
base64 and UTF-16 spellings before.
"""

import re

from inference.detector import Detector, Rule
from inference.fields import Field
from kysira.types import Place

_PUBLISHERS = (
    b"java.sun.com", b"xmlns.jcp.org", b"xmlns.oracle.com", b"w3.org", b"apache.org", b"apple.com",
    b"oasis-open.org", b"docbook.org", b"hibernate.org", b"mybatis.org", b"springframework.org",
    b"jboss.org", b"jboss.com", b"freedesktop.org", b"gnome.org", b"openidentityplatform.org",
    b"checkstyle.org", b"puppycrawl.com", b"google.com", b"nlm.nih.gov", b"openlaszlo.org",
    b"sourceforge.net", b"opensymphony.com", b"eclipse.org", b"inkscape.org", b"wapforum.org",
)  # fmt: skip
"""Who publishes the DTDs that ordinary documents point to."""

_DOCTYPE_URL = re.compile(rb"https?://([A-Za-z0-9.-]{1,253})[/\"']", re.IGNORECASE)
_AT_HEAD = frozenset({Place.QUERY, Place.PATH, Place.HEADER, Place.COOKIE})

# Schemes that fetch or read something when a parser resolves them.
_LOCAL = (
    r"(?:file|php|expect|jar|netdoc|gopher|dict|ldaps?|phar|zip|tftp|sftp|data"
    r"|compress\.zlib)"
)
_NAME = r"[^\s>\"'\[]+"


def _is_foreign_dtd(field: Field, text: bytes) -> bool:
    """Return True unless every DTD after the DOCTYPE comes from a known publisher."""
    at = text.lower().find(b"<!doctype")
    hosts = [match[1].lower() for match in _DOCTYPE_URL.finditer(text[at : at + 1024])]
    return not hosts or not any(
        hosts[0] == known or hosts[0].endswith(b"." + known) for known in _PUBLISHERS
    )


DETECTOR = Detector(
    slug="xxe",
    rules=(
        Rule(
            "external_entity",
            rf"<!ENTITY\s+(?:%\s*)?{_NAME}\s+SYSTEM\s*[\"']",
        ),
        Rule(
            "external_entity",
            rf"<!ENTITY\s+(?:%\s*)?{_NAME}\s+PUBLIC\s*[\"'][^\"']*[\"']\s*[\"'](?:[a-z]"
            r"[\w+.-]*:|[/\\])",
            0.97,
        ),
        Rule(
            # DTDs declare parameter entities, documents that are sent somewhere do not.
            "parameter_entity",
            rf"<!DOCTYPE\s+{_NAME}[^>\[]*\[.*<!ENTITY\s+%\s*{_NAME}\s",
            0.97,
        ),
        Rule("parameter_entity", rf"<!ENTITY\s+%\s*{_NAME}\s", 0.7),
        Rule(
            "nested_entity",
            rf"<!ENTITY\s+(?:%\s*)?{_NAME}\s+[\"'][^\"']*<!ENTITY",
            0.98,
        ),
        Rule(
            # "Billion laughs": one entity stands for several of another.
            "entity_expansion",
            rf"<!ENTITY\s+(?:%\s*)?{_NAME}\s+[\"']\s*(?:[&%][\w.-]+;\s*){{3}}",
            0.98,
        ),
        Rule(
            # Stylesheets declare &nbsp; so; in a body that is too little.
            "internal_entity",
            rf"<!DOCTYPE\s+{_NAME}\s*\[[^\]]*<!ENTITY\s",
            0.7,
        ),
        Rule(
            "internal_entity",
            rf"^\W{{0,8}}(?:<\?xml[^>]*>)?\s*<!DOCTYPE\s+{_NAME}\s*\[[^\]]*<!ENTITY\s",
            0.96,
            places=_AT_HEAD,
        ),
        Rule(
            "doctype_local",
            rf"<!DOCTYPE\s+{_NAME}\s+(?:SYSTEM"
            rf"|PUBLIC\s*[\"'][^\"']*[\"'])\s*[\"']\s*(?:{_LOCAL}:|[/\\]{{2}}|/(?:etc|proc"
            r"|var|home|root|usr|dev|sys)/|[a-z]:[/\\])",
            0.98,
        ),
        Rule(
            "doctype_remote",
            rf"<!DOCTYPE\s+{_NAME}\s+SYSTEM\s*[\"']\s*(?:https?|ftp)://",
            0.97,
            check=_is_foreign_dtd,
        ),
        Rule(
            # A formal public identifier has four parts; made-up ones rarely do (XML 1.0 §4.2.2).
            "doctype_remote",
            rf"<!DOCTYPE\s+{_NAME}\s+PUBLIC\s*[\"'](?:[^\"'/]*"
            rf"|[^\"']{{0,2}}//[^\"'/]*/[^\"'/]*/[^\"'/]*)[\"']\s*[\"'](?:https?|ftp)://",
            0.97,
            check=_is_foreign_dtd,
        ),
        Rule(
            "doctype_remote",
            rf"<!DOCTYPE\s+{_NAME}\s+PUBLIC\s*[\"'][^\"']*[\"']\s*[\"'](?:https?|ftp)://",
            0.6,
            check=_is_foreign_dtd,
        ),
        Rule(
            "xinclude",
            rf"<(?:\w+:)?include\b[^>]*\bhref\s*=\s*[\"']?\s*(?:{_LOCAL}:|[/\\]{{2}}|/(?:etc"
            r"|proc|var|home|root|usr|dev|sys)/|[a-z]:[/\\])",
            0.98,
        ),
        Rule(
            "xinclude",
            r"2001/XInclude.*<\w+:include\b[^>]*(?:href\s*=\s*[\"']?\s*(?:https?|ftp):"
            r"|parse\s*=\s*[\"']?text)",
            0.97,
        ),
        Rule(
            "xinclude",
            r"<\w+:include\b[^>]*2001/XInclude[^>]*(?:href\s*=\s*[\"']?\s*(?:https?|ftp):"
            r"|parse\s*=\s*[\"']?text)",
            0.97,
        ),
        Rule("xinclude", r"2001/XInclude", 0.3),
        Rule(
            "svg_reference",
            r"<(?:image|use|script|feimage|filter|tref"
            r"|pattern)\b[^>]*\bhref\s*=\s*[\"']?\s*(?:file|expect|php|jar|netdoc|gopher"
            r"|text|ephemeral|msl|vid|caption):",
            0.98,
        ),
        Rule(
            "xml_stylesheet",
            r"<\?xml-stylesheet\b[^>]*\bhref\s*=\s*[\"']\s*(?:file|php|expect|gopher|netdoc"
            r"|jar):",
            0.98,
        ),
        Rule(
            "xslt_read",
            r"(?:document|unparsed-text|doc)\s*\(\s*(?:[\"']|&quot;|&apos;)\s*(?:(?:file|php"
            r"|expect|jar|netdoc):|/(?:etc|proc|var|home|root)/|[a-z]:\\)",
            0.97,
        ),
        Rule(
            "xslt_read",
            r"<xsl:(?:include|import)\b[^>]*\bhref\s*=\s*[\"']\s*(?:file|php|expect|jar"
            r"|netdoc|gopher):",
            0.97,
        ),
        Rule(
            "xslt_code",
            r"<xsl:.*(?:http://php\.net/xsl|urn:schemas-microsoft-com:xslt.*<msxsl:script"
            r"|xalan/java\b|http://xml\.apache\.org/xslt/java"
            r"|http://saxon\.sf\.net/java-type|java:java\.lang\.)",
            0.96,
        ),
        Rule(
            # No ordinary client writes UTF-7, which spells "<" as +ADw- (RFC 2152).
            "utf7",
            r"\+ADw(?:AIQBE|AIQ-?(?:DOCTYPE|ENTITY)|-\+ACE-|-!(?:DOCTYPE|ENTITY))",
            0.98,
            is_case_sensitive=True,
        ),
        Rule("utf7", r"<\?xml\b[^>]*\bencoding\s*=\s*[\"']utf-?7[\"']", 0.97),
    ),
)
