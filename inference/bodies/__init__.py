"""Request bodies become fields: inflate, decode the charset, parse, whatever the type says."""

import re
from collections.abc import Iterator

from inference.bodies.binary import binary_fields, is_binary
from inference.bodies.charset import decode_charset
from inference.bodies.compression import inflate
from inference.bodies.forms import multipart_fields
from inference.bodies.structured import json_fields, json_strings, xml_fields
from inference.fields import Field, is_plain, pair_fields
from kysira.types import Place, Request, Uninspected

_FORM = re.compile(rb"[\w.%+\[\]-]{1,128}=")


def body_fields(request: Request, problems: set[Uninspected]) -> Iterator[Field]:
    """Yield the fields of the body; what could not be read is added to ``problems``.

    The declared type is a hint only: a body that looks like JSON or XML is read as such, since many
    applications do the same.
    """
    body = inflate(request.body, request.header("content-encoding"), problems)
    content_type = request.header("content-type").lower()
    text = decode_charset(body, content_type)
    lead = text[:64].lstrip()
    is_form = b"x-www-form-urlencoded" in content_type
    if is_form:
        yield from pair_fields(Place.FORM, text)
    if b"multipart/" in content_type:
        yield from multipart_fields(text, request.header("content-type"), problems)
    elif lead[:1] in (b"{", b"[", b'"') or b"json" in content_type:
        yield from _json_or_raw(text, request.body_truncated or is_form, problems)
    elif lead[:1] == b"<" or b"xml" in content_type:
        yield from xml_fields(text, request.body_truncated or is_form, problems)
    elif is_form:
        return
    elif content_type in (b"", b"text/plain") and _FORM.match(text):
        yield from pair_fields(Place.FORM, text)
    elif is_binary(text):
        yield from binary_fields(Place.BODY, "", text)
    elif not is_plain(text):
        yield Field(Place.BODY, "", text)


def _json_or_raw(text: bytes, is_cut: bool, problems: set[Uninspected]) -> Iterator[Field]:
    fields = json_fields(text)
    if fields is not None:
        yield from fields
        return
    if not is_cut:
        problems.add(Uninspected.PARSE)
    yield from json_strings(text)
