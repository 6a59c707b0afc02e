"""multipart/form-data: names, file names and contents, also where parsers disagree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bodies.forms import multipart_fields
from kysira.types import Uninspected
from tests.inference.linearity import assert_linear, repeated

TYPE = b"multipart/form-data; boundary=XyZ"
ATTACK = b"' or 1=1 -- x"


def part(content: bytes, *, head: bytes = b'Content-Disposition: form-data; name="q"') -> bytes:
    return b"--XyZ\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def fields(
    body: bytes, content_type: bytes = TYPE
) -> tuple[list[tuple[str, bytes]], set[Uninspected]]:
    problems: set[Uninspected] = set()
    found = [(f.location, f.value) for f in multipart_fields(body, content_type, problems)]
    return found, problems


def test_text_parts_are_fields() -> None:
    """Each part that is not plain, by its name; a browser's form adds nothing else."""
    body = part(b"red") + part(ATTACK) + part(b"line one\r\nline two\r\n") + b"--XyZ--\r\n"
    found, problems = fields(body)
    assert found == [("multipart:q", ATTACK), ("multipart:q", b"line one\r\nline two\r\n")]
    assert not problems


@pytest.mark.parametrize(
    ("head", "value"),
    [
        (
            b'Content-Disposition: form-data; name="f"; filename="../../etc/passwd"',
            b"../../etc/passwd",
        ),
        (b'Content-Disposition: form-data; name="a\' or 1"', b"a' or 1"),
        (b"Content-Disposition: form-data; name=f; filename=../x.php", b"../x.php"),
        (b'CONTENT-DISPOSITION: FORM-DATA; NAME="f"; FILENAME="a b"', b"a b"),
        (b"Content-Disposition: form-data; name=f; filename*=UTF-8''..%2fx", b"UTF-8''..%2fx"),
    ],
)
def test_names_are_fields(head: bytes, value: bytes) -> None:
    """Names and file names are as much the client's as contents are."""
    found, _ = fields(part(b"x", head=head))
    assert value in [each for _, each in found]


@pytest.mark.parametrize(
    "head",
    [
        b'Content-Disposition: form-data; name="f"; filename="a\\"; ATTACK"',
        b'Content-Disposition: form-data; name="f"; filename*0="ATT"; filename*1="ATTACK"',
        b'Content-Disposition: form-data; name="q"; name="ATTACK"; name="q"',
        b'Content-Disposition: form-data; name ="ATTACK"',
        b"Content-Disposition: form-data; name='ATTACK'",
        b'Content-Disposition: form-data; name="q"\r\nX-More: ATTACK',
        b'Content-Disposition: form-data; name="q";\r\n filename="ATTACK"',
        b'Content-Disposition: form-data; name="' + b"a" * 2000 + b'ATTACK"',
        b'Content-Disposition: form-data; name="q"\r\nContent-Type: text/ATTACK x',
        b'Content-Disposition: attachment; filename="x"; ATTACK',
    ],
)
def test_odd_head_is_read_whole(head: bytes) -> None:
    """A head that parsers read differently is a field itself."""
    found, _ = fields(part(b"x", head=head.replace(b"ATTACK", ATTACK)))
    assert any(ATTACK in value for _, value in found)


def test_ordinary_head_is_no_field() -> None:
    """What browsers write is not scanned as text."""
    head = b'Content-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'
    found, _ = fields(part(b"\xff\xd8\xff\xe0\0\x10JFIF", head=head + b"Content-Type: image/jpeg"))
    assert [location for location, _ in found] == [
        "multipart:file[filename]",
        "multipart:file[head]",
    ]


@pytest.mark.parametrize(
    ("head", "content"),
    [
        (b"Content-Type: text/plain; charset=utf-16le", ATTACK.decode().encode("utf-16-le")),
        (b"Content-Type: text/plain; charset=ibm037", ATTACK.decode().encode("cp037")),
        (b"X: y", b"\xff\xfe" + ATTACK.decode().encode("utf-16-le")),
        (b"Content-Type: text/plain; charset=ibm037", ATTACK),
        (b"X: y", b"\xff\xfe" + ATTACK),
        (b"Content-Transfer-Encoding: quoted-printable", b"=27 or 1=3D1 =2D=\r\n- x"),
    ],
)
def test_encoded_content_is_read_both_ways(head: bytes, content: bytes) -> None:
    """Decoded as declared, and as it stands, as many applications read it."""
    disposition = b'Content-Disposition: form-data; name="q"\r\n'
    found, _ = fields(part(content, head=disposition + head))
    assert any(ATTACK in value for location, value in found if location.startswith("multipart:q"))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"multipart/form-data", part(ATTACK)),
        (b"multipart/form-data; boundary=", part(ATTACK)),
        (b"multipart/form-data; boundary=other", part(ATTACK)),
        (b"multipart/form-data; boundary=XyZ; boundary=other", part(ATTACK)),
        (b"multipart/form-data; boundary=other; boundary=XyZ", part(ATTACK)),
        (b'multipart/form-data; boundary="a\\"b"', part(ATTACK)),
        (TYPE, ATTACK),
    ],
)
def test_unclear_boundary_is_told(content_type: bytes, body: bytes) -> None:
    """Without exactly one boundary that occurs, the body is read raw and that is told."""
    found, problems = fields(body, content_type)
    assert ("body", body) in found
    assert problems == {Uninspected.PARSE}


@pytest.mark.parametrize(
    "content_type",
    [
        b'multipart/form-data; boundary="XyZ"', b"Multipart/Form-Data; BOUNDARY = XyZ; x=y",
        b"multipart/mixed;boundary=XyZ", b"multipart/form-data; boundary=XyZ; boundary=XyZ",
    ],
)  # fmt: skip
def test_boundary_is_found(content_type: bytes) -> None:
    """However it is written."""
    assert fields(part(ATTACK), content_type) == ([("multipart:q", ATTACK)], set())


@pytest.mark.parametrize(
    "body",
    [
        ATTACK + b"\r\n" + part(b"x"),
        part(b"x") + b"--XyZ--" + ATTACK,
        b"--XyZ\r\n" + ATTACK,
        part(b"x").replace(b"\r\n", b"\n") + b"--XyZ\nContent-Disposition: x\n\n" + ATTACK,
        b"--XyZ\r\nA: b\n\n" + ATTACK + b"\r\n\r\nx",
    ],
)
def test_text_outside_parts_is_read(body: bytes) -> None:
    """Before, after and between the parts, with any line ends."""
    assert any(ATTACK in value for _, value in fields(body)[0])


def test_many_parts_are_read_as_one() -> None:
    """Beyond a thousand parts the rest is one field, and that is told."""
    found, problems = fields(part(b"red") * 1500 + part(ATTACK))
    assert problems == {Uninspected.BUDGET}
    assert ATTACK in found[-1][1]


@settings(max_examples=500, deadline=None, database=None)
@given(
    st.lists(
        st.sampled_from(
            [b"--XyZ", b"--", b"\r\n", b"\n", b"\r\n\r\n", b"Content-Disposition: form-data; ",
             b'name="', b'"', b"filename*=", b"filename=", b";", b"a b", b"\0\x01", b"\xff\xfe",
             b"charset=utf-7", b"quoted-printable", b"=\r\n", b"=4"]
        ),
        max_size=25,
    ).map(b"".join),
    st.sampled_from([TYPE, b"multipart/x", b'multipart/x; boundary="', b"boundary=-"]),
)  # fmt: skip
def test_any_body_has_fields(body: bytes, content_type: bytes) -> None:
    """No parts at all raise."""
    for _, value in fields(body, content_type)[0]:
        assert isinstance(value, bytes)


@pytest.mark.parametrize(
    "unit",
    [
        b"--XyZ", b"--XyZ\r\n\r\n", b"\r\n", b'name="', b"name=", b'name="a"', b"\n\n", b"--",
        b'--XyZ\r\nContent-Disposition: form-data; name="', b"; filename=a", b"\xff\xfe", b"=41",
    ],
)  # fmt: skip
def test_parts_take_linear_time(unit: bytes) -> None:
    """Whatever the body is made of, in one head or in many parts."""
    head = b"--XyZ\r\nContent-Transfer-Encoding: quoted-printable; "
    assert_linear(fields, lambda size: head + repeated(unit, size))
    assert_linear(fields, lambda size: part(repeated(unit, size)))
