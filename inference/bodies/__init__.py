"""Request bodies become fields: inflate, decode the charset, parse, whatever the type says."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator

from inference.bodies.binary import binary_fields, is_binary, printable
from inference.bodies.charset import decode_charset
from inference.bodies.compression import inflate
from inference.bodies.forms import multipart_fields
from inference.bodies.graphql import graphql_fields
from inference.bodies.structured import json_fields, json_strings, xml_fields
from inference.fields import Field, is_plain, pair_fields
from kysira.types import Place, Request, Uninspected

# A base64 text also ends in "=": what has nothing behind it is no value.
_FORM = re.compile(rb"[\w.%+\[\]-]{1,128}=(?!=?\s*\Z)")
_JSON_LEADS = (b"{", b"[", b'"')


def body_fields(request: Request, problems: set[Uninspected]) -> Iterator[Field]:
    """Yield the fields of the body; what could not be read is added to ``problems``.

    The declared type is a hint only: a body that looks like JSON or XML is read as such, since many
    applications do the same. Equal headers count as one list.
    """
    types = _values(request, "content-type")
    content_type = types[0] if len(types) == 1 else b", ".join(types)
    codings = b",".join(_values(request, "content-encoding")).lower()
    body = inflate(request.body, codings, problems)
    text = decode_charset(body, content_type.lower(), problems)
    yield from _text_fields(text, content_type, request.body_truncated, problems)
    # Many applications ignore a coding, a charset or a byte order mark: a declared one must not
    # hide what they read.
    if body is not text:
        yield from _ignoring_fields(body, content_type)
    if request.body is not body:
        yield from _ignoring_fields(request.body, content_type)


def _values(request: Request, name: str) -> list[bytes]:
    return [value for key, value in request.headers if key == name]


def _text_fields(
    text: bytes, content_type: bytes, is_cut: bool, problems: set[Uninspected]
) -> Iterator[Field]:
    declared = content_type.lower()
    text = text.removeprefix(BOM_UTF8)
    lead = text[:64].lstrip()[:1]
    is_form = b"x-www-form-urlencoded" in declared
    is_multipart = b"multipart/" in declared
    if is_form:
        yield from pair_fields(Place.FORM, text)
    if is_multipart:
        yield from multipart_fields(text, content_type, problems)
    is_read = is_form or is_multipart
    if b"/graphql" in declared and not (lead in _JSON_LEADS and json_fields(text) is not None):
        yield from graphql_fields(Place.JSON, "", text)
        yield Field(Place.BODY, "", text)
    elif lead in _JSON_LEADS or (b"json" in declared and not is_read):
        yield from _json_or_raw(text, is_cut or is_read, problems)
    elif lead == b"<" or (b"xml" in declared and not is_read):
        yield from xml_fields(text, is_cut or is_read, problems)
    elif not is_read:
        yield from _untyped_fields(text, declared)


def _untyped_fields(text: bytes, declared: bytes) -> Iterator[Field]:
    if is_binary(text):
        yield from binary_fields(Place.BODY, "", text)
        if not declared or declared.startswith(b"text/"):
            yield Field(Place.BODY, "", text)  # control characters must not cut an attack up
        return
    is_form = _FORM.match(text) is not None
    if is_form:
        yield from pair_fields(Place.FORM, text)
    is_known_form = is_form and declared.partition(b";")[0].strip() in (b"", b"text/plain")
    if not is_known_form and not is_plain(text):
        yield Field(Place.BODY, "", text)


def _json_or_raw(text: bytes, is_cut: bool, problems: set[Uninspected]) -> Iterator[Field]:
    fields = json_fields(text)
    if fields is not None:
        yield from fields
        return
    if not is_cut:
        problems.add(Uninspected.PARSE)
    yield from json_strings(text)


def _ignoring_fields(body: bytes, content_type: bytes) -> Iterator[Field]:
    """Yield what an application finds that ignores how the body is encoded."""
    if not is_binary(body):
        yield from _text_fields(body, content_type, True, set())
        return
    yield from binary_fields(Place.BODY, "", body)
    if b"x-www-form-urlencoded" in content_type.lower():
        yield from pair_fields(Place.FORM, printable(body))
