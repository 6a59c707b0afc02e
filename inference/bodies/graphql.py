"""GraphQL documents (October 2021, §2): the values that are written into one."""

import re
from collections.abc import Iterator

from inference.fields import Field, is_plain
from kysira.types import Place

_DOCUMENT = re.compile(
    rb"[\s,]*+(?:#[^\n]*+[\s,]*+)*+(?:\{|(?:query|mutation|subscription|fragment)\b[^{]{0,512}\{)"
)
_TOKEN = re.compile(
    rb"#[^\r\n]*+"
    rb"|(?<![\w])([A-Za-z_]\w*+)\s*+:"
    rb'|"""((?:\\"""|"{1,2}(?!")|[^"\\]|\\(?!"""))*+)(?:""")?+'
    rb'|"((?:\\.|[^"\\\r\n])*+)"?+',  # what is left open is read to its end, and once
    re.DOTALL,
)
_ESCAPE = re.compile(rb'\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|(["\\/bfnrt]))')
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def is_graphql(text: bytes) -> bool:
    """Return True for what begins as an operation, a fragment or a selection does."""
    return _DOCUMENT.match(text) is not None


def graphql_fields(place: Place, path: str, document: bytes) -> Iterator[Field]:
    """Yield the string literals of a document, by ``path`` and the argument they stand for.

    Any bytes at all have fields; comments are left out, as a server leaves them out.
    """
    name = ""
    prefix = path + "." if path else ""
    for match in _TOKEN.finditer(document):
        argument, block, literal = match.groups()
        if argument is not None:
            name = argument[:64].decode()
            continue
        value = block.replace(b'\\"""', b'"""') if block is not None else literal
        if value is None:
            continue
        if literal is not None and b"\\" in literal:
            value = _ESCAPE.sub(_unescape, literal)
        if not is_plain(value):
            yield Field(place, (prefix + name)[:256], value)


def _unescape(match: re.Match[bytes]) -> bytes:
    four, braced, letter = match.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    code = int(four or braced, 16)
    return b"?" if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code).encode()
