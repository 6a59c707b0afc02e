"""What people call a detector that has another name here."""

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

_CLOSE = 0.75
"""A letter in four may be wrong. Below that most slugs are like each other: of sql-injection
ldap-injection is the nearest."""
_ALIKE = 0.05
"""Two that differ by less are as near as each other."""
_CALLED: Mapping[str, str] = {
    "sqli": "sql sql-injection sqlinjection mysql postgres union-select",
    "xss": "xxs cross-site-scripting xss-injection html-injection script-injection javascript",
    "prompt-injection": "prompt pi llm llm-injection jailbreak ai ai-injection",
    "nosqli": "nosql nosql-injection mongo mongodb mongodb-injection",
    "command-injection": "command commands cmd cmdi rce shell shell-injection os-command "
    "os-command-injection command-execution remote-code-execution code-injection",
    "ssti": "template template-injection server-side-template-injection",
    "path-traversal": "traversal directory-traversal dir-traversal dot-dot-slash lfi rfi "
    "file-inclusion local-file-inclusion remote-file-inclusion",
    "ldap-injection": "ldap ldapi",
    "xpath-injection": "xpath",
    "ssrf": "server-side-request-forgery request-forgery",
    "xxe": "xml xml-injection xml-external-entity external-entity xxe-injection",
    "deserialization": "deserialisation serialization unserialize pickle insecure-deserialization "
    "object-injection",
    "open-redirect": "redirect redirects url-redirect unvalidated-redirect",
    "crlf": "crlf-injection response-splitting http-response-splitting header-injection "
    "log-injection newline-injection",
}
ALIASES: Mapping[str, str] = MappingProxyType(
    {alias: slug for slug, aliases in _CALLED.items() for alias in aliases.split()}
)
"""Other names → the slug."""


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return ``is it sqli?``, or all the slugs that are known where none is meant clearly."""
    said = "-".join(word.lower().replace("_", " ").replace("-", " ").split())
    names = {**{alias: slug for alias, slug in ALIASES.items() if slug in known},
             **{slug: slug for slug in known}}  # fmt: skip
    if said not in names:
        said = _nearest(said, names)
    return f"is it {names[said]}?" if said else f"there are {', '.join(known)}"


def _nearest(said: str, names: Mapping[str, str]) -> str:
    """Return the name that is like it, "" where none is or where two detectors could be meant."""
    like = {name: difflib.SequenceMatcher(None, said, name).ratio() for name in names}
    best = max(like.values(), default=0.0)
    near = [name for name, ratio in like.items() if ratio >= max(_CLOSE, best - _ALIKE)]
    return near[0] if len({names[name] for name in near}) == 1 else ""
