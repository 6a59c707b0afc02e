"""Whatever the type, the coding and the charset say, an attack in the body is among the fields."""

import gzip
import json
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bodies import body_fields
from kysira.types import Request, Uninspected
from tests.inference.linearity import assert_linear, repeated

ATTACK = "' or 1=1 -- x"
FORM = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=XyZ"
JSON_BODY = json.dumps({"q": ATTACK}).encode()
FORM_BODY = b"q=%27+or+1%3D1+--+x&go=1"
PART = (
    b'--XyZ\r\nContent-Disposition: form-data; name="q"\r\n\r\n' + ATTACK.encode() + b"\r\n--XyZ--"
)


def fields(
    body: bytes, *headers: tuple[str, bytes], is_cut: bool = False
) -> tuple[list[tuple[str, bytes]], set[Uninspected]]:
    problems: set[Uninspected] = set()
    request = Request("POST", b"/", headers, body, body_truncated=is_cut)
    return [(f.location, f.value) for f in body_fields(request, problems)], problems


def typed(
    body: bytes, content_type: bytes, *more: tuple[str, bytes]
) -> tuple[list[tuple[str, bytes]], set[Uninspected]]:
    return fields(body, ("content-type", content_type), *more)


@pytest.mark.parametrize(
    ("content_type", "body", "location"),
    [
        (FORM, FORM_BODY, "form:q"),
        (b"Application/X-WWW-Form-URLencoded; charset=UTF-8", FORM_BODY, "form:q"),
        (b"application/json", JSON_BODY, "json:q"),
        (b"application/problem+json", JSON_BODY, "json:q"),
        (b"text/plain", JSON_BODY, "json:q"),
        (b"", JSON_BODY, "json:q"),
        (b"image/png", b" \n" + JSON_BODY, "json:q"),
        (b"application/json", b"\xef\xbb\xbf" + JSON_BODY, "json:q"),
        (b"application/xml", f'<a q="{ATTACK}"/>'.encode(), "xml:a@q"),
        (b"text/html", f"<a>{ATTACK}</a>".encode(), "xml:a"),
        (MULTIPART, PART, "multipart:q"),
        (b"", FORM_BODY, "form:q"),
        (b"text/plain; charset=utf-8", FORM_BODY, "form:q"),
        (b"application/octet-stream", FORM_BODY, "form:q"),
        (b"text/markdown", ATTACK.encode(), "body"),
        (b"application/graphql", b'{ user(id: "' + ATTACK.encode() + b'") { id } }', "json:id"),
        (b"application/json", JSON_BODY.decode().encode("utf-16"), "json:q"),
        (b"application/json; charset=ibm037", JSON_BODY.decode().encode("cp037"), "json:q"),
        (
            FORM + b"; charset=utf-16le",
            b"q=%27+or+1%3D1+--+x".decode().encode("utf-16-le"),
            "form:q",
        ),
    ],
)
def test_body_is_read_by_type_and_look(content_type: bytes, body: bytes, location: str) -> None:
    """The type is a hint: what looks like JSON, XML or a form is read as such."""
    found, _ = typed(body, content_type)
    assert (location, ATTACK.encode()) in found


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, JSON_BODY), (FORM, b"<a>" + FORM_BODY), (MULTIPART, JSON_BODY),
        (MULTIPART, FORM_BODY),
        (b"application/json", FORM_BODY), (b"application/xml", JSON_BODY), (b"image/png", PART),
        (b"application/json", PART), (FORM, PART), (b"a/b; " + MULTIPART, JSON_BODY),
    ],
)  # fmt: skip
def test_wrong_type_hides_nothing(content_type: bytes, body: bytes) -> None:
    """A body of another type than declared is read all the same."""
    found, _ = typed(body, content_type)
    readable = ATTACK.encode(), FORM_BODY
    assert any(text in value for _, value in found for text in readable)


@pytest.mark.parametrize("kind", [b"", b"text/plain", FORM])
@pytest.mark.parametrize("end", [b"", b"=", b"==", b"==\r\n"])
def test_base64_body_is_no_empty_form(kind: bytes, end: bytes) -> None:
    """What ends in "=" and has nothing behind it is read as what it is."""
    text = b"rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2g"
    found, _ = typed(text + end, kind)
    assert any(text in value for _, value in found)


def gzipped(body: bytes) -> bytes:
    """Compress without the time, which would give parallel test runs different names."""
    return gzip.compress(body, mtime=0)


IGNORED: dict[str, tuple[bytes, bytes, bytes]] = {
    "EBCDIC declared, ASCII sent": (b"application/json; charset=ibm037", b"", JSON_BODY),
    "UTF-7 declared, ASCII sent": (FORM + b"; charset=utf-7", b"", FORM_BODY),
    "UTF-16 declared, ASCII sent": (FORM + b"; charset=utf-16", b"", FORM_BODY),
    "UTF-16 mark, form sent": (FORM, b"", b"\xff\xfe=1&" + FORM_BODY),
    "UTF-32 mark, form sent": (FORM, b"", b"\x00\x00\xfe\xff=1&" + FORM_BODY),
    "UTF-16 look, form after": (FORM, b"", "a=b".encode("utf-16-le") * 20 + b"&" + FORM_BODY),
    "gzip declared, none sent": (FORM, b"gzip", FORM_BODY),
    "deflate declared, none sent": (b"application/json", b"deflate", JSON_BODY),
    "unknown coding declared": (b"application/json", b"br", JSON_BODY),
    "gzip member before a form": (FORM, b"gzip", gzipped(b"x" * 50) + b"&" + FORM_BODY),
    "raw deflate with a form in it": (
        FORM, b"deflate", zlib.compress(b"&" + FORM_BODY, level=0, wbits=-15),
    ),
    "two charsets": (b"application/json; charset=utf-8; charset=ibm037", b"", JSON_BODY),
}  # fmt: skip


@pytest.mark.parametrize("name", IGNORED)
def test_declaration_hides_nothing(name: str) -> None:
    """What an application reads that ignores coding, charset or mark is read as well."""
    content_type, encoding, body = IGNORED[name]
    found, _ = typed(body, content_type, ("content-encoding", encoding))
    assert any(ATTACK.encode() == value for _, value in found)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((("content-type", b"image/png"), ("content-type", FORM)), FORM_BODY),
        ((("content-type", b"text/csv"), ("content-type", MULTIPART)), PART),
        ((("content-type", MULTIPART.replace(b"XyZ", b"o")), ("content-type", MULTIPART)), PART),
        ((("content-encoding", b"deflate"), ("content-encoding", b"gzip")),
         gzipped(zlib.compress(JSON_BODY))),
    ],
)  # fmt: skip
def test_repeated_headers_count_as_one_list(
    headers: tuple[tuple[str, bytes], ...], body: bytes
) -> None:
    """A second header of the name is not overlooked."""
    found, _ = fields(body, *headers)
    assert any(ATTACK.encode() in value for _, value in found)


COMPRESSIONS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzipped,
    b"deflate": zlib.compress,
    b"GZIP, identity": gzipped,
    b"br": brotli.compress,
    b"Zstd": zstandard.ZstdCompressor().compress,
    b"gzip, br": lambda body: bytes(brotli.compress(gzipped(body))),
}


@pytest.mark.parametrize("encoding", COMPRESSIONS)
@pytest.mark.parametrize(("content_type", "body"), [(FORM, FORM_BODY), (b"", JSON_BODY)])
def test_compressed_body_is_read(encoding: bytes, content_type: bytes, body: bytes) -> None:
    """A compressed body is inflated first, and raises no problem."""
    found, problems = typed(
        COMPRESSIONS[encoding](body), content_type, ("content-encoding", encoding)
    )
    assert ATTACK.encode() in [value for _, value in found]
    assert not problems


@pytest.mark.parametrize(
    ("content_type", "encoding", "body", "problem"),
    [
        (b"application/json", b"", b'{"a": ', Uninspected.PARSE),
        (b"application/xml", b"", b"<a>", Uninspected.PARSE),
        (b"multipart/form-data", b"", b"a", Uninspected.PARSE),
        (b"text/plain; charset=x-none", b"", b"a", Uninspected.ENCODING),
        (b"text/plain", b"br", b"a", Uninspected.ENCODING),
        (b"text/plain", b"gzip", b"no gzip", Uninspected.ENCODING),
        (b"text/plain", b"gzip", gzipped(b"a" * (2 << 20)), Uninspected.BUDGET),
    ],
)
def test_what_cant_be_parsed_is_told(
    content_type: bytes, encoding: bytes, body: bytes, problem: Uninspected
) -> None:
    """A body that can't be read as declared says so."""
    assert typed(body, content_type, ("content-encoding", encoding))[1] == {problem}


@pytest.mark.parametrize("content_type", [b"application/json", b"application/xml", FORM])
def test_cut_body_is_no_broken_one(content_type: bytes) -> None:
    """A body cut at the limit can't be parsed to its end, and that is no news."""
    for body in (JSON_BODY[:-3], b"<a>x y"):
        found, problems = fields(body, ("content-type", content_type), is_cut=True)
        assert not problems - {Uninspected.PARSE}
        assert found
    assert fields(JSON_BODY[:-3], ("content-type", b"application/json"), is_cut=True)[1] == set()


@pytest.mark.parametrize(
    ("content_type", "body", "count"),
    [
        (b"application/json", b'{"name": "Alice", "age": 7}', 0),
        (FORM, b"a=1&b=red", 0),
        (b"text/plain", b"hello", 0),
        (b"application/json", b'{"q": "two words"}', 1),
        (b"application/json; charset=utf-8", b'{"q": "two words"}', 1),
        (FORM, b"q=two+words", 1),
        (b"", b"q=two+words", 1),
    ],
)
def test_ordinary_body_is_read_once(content_type: bytes, body: bytes, count: int) -> None:
    """No value of an ordinary body is scanned twice."""
    assert len(typed(body, content_type)[0]) == count


TYPES = st.sampled_from(
    [b"", FORM, MULTIPART, b"application/json", b"text/xml", b"text/plain", b"application/grpc",
     b"multipart/form-data; boundary=", b"application/json; charset=utf-16",
     b"application/json; charset=utf-7", b"a/b; charset=\xff", b"image/png"]
)  # fmt: skip
CODINGS = st.sampled_from(
    [b"", b"gzip", b"deflate", b"br", b"zstd", b"gzip, deflate", b"identity", b"\xff"]
)
BODIES = (
    st.binary(max_size=100)
    | st.binary(max_size=60).map(gzipped)
    | st.text(max_size=30).map(lambda text: text.encode("utf-16", "surrogatepass"))
    | st.lists(
        st.sampled_from(
            [b"{", b"}", b'"', b":", b"[", b"<a", b">", b"</a>", b"--XyZ\r\n", b"\r\n\r\n", b"=",
             b"&", b"%27", b"\xff\xfe", b"\0", b"\x1f\x8b\x08", b"a b", b"\\u00", b"+"]
        ),
        max_size=20,
    ).map(b"".join)
)  # fmt: skip


@settings(max_examples=600, deadline=None, database=None)
@given(BODIES, st.lists(TYPES, max_size=2), st.lists(CODINGS, max_size=2), st.booleans())
def test_any_body_has_fields(
    body: bytes, types: list[bytes], codings: list[bytes], is_cut: bool
) -> None:
    """Any bytes under any types and codings are read without an error, and nothing is lost."""
    headers = [("content-type", value) for value in types]
    headers += [("content-encoding", value) for value in codings]
    found, problems = fields(body, *headers, is_cut=is_cut)
    assert all(isinstance(value, bytes) for _, value in found)
    assert problems <= set(Uninspected)


@pytest.mark.parametrize("content_type", [b"text/plain", FORM, MULTIPART, b"application/json"])
@pytest.mark.parametrize("unit", [b"\0", b"a\0", b"\xff\xfe", b"=", b"a b", b"+AGE-", b"\x1b(B"])
def test_body_takes_linear_time(content_type: bytes, unit: bytes) -> None:
    """Also where a body is read both as declared and as it stands."""
    for declared in (content_type, content_type + b"; charset=utf-7"):
        assert_linear(lambda body, d=declared: typed(body, d), lambda size: repeated(unit, size))  # type: ignore[misc]
