"""JSON and XML: every string, key, attribute and text, by its path; nothing is expanded."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bodies.structured import json_fields, json_strings, xml_fields
from kysira.types import Uninspected
from tests.inference.linearity import assert_linear, repeated

ATTACK = "' or 1=1 -- x"


def in_json(text: bytes) -> list[tuple[str, bytes]] | None:
    found = json_fields(text)
    return None if found is None else [(field.location, field.value) for field in found]


def in_xml(
    text: bytes, *, is_cut: bool = False
) -> tuple[list[tuple[str, bytes]], set[Uninspected]]:
    problems: set[Uninspected] = set()
    found = [(f.location, f.value) for f in xml_fields(text, is_cut, problems)]
    assert found[0] == ("xml", text)
    return found[1:], problems


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": "red", "n": 1, "t": True, "z": None, "f": 1.5}, []),
        ({"user": {"name": ATTACK}}, [("json:user.name", ATTACK)]),
        ({"a": ["b-c", {"d": ATTACK}, [["e f"]]]},
         [("json:a", "b-c"), ("json:a.d", ATTACK), ("json:a", "e f")]),
        ([ATTACK], [("json", ATTACK)]),
        (ATTACK, [("json", ATTACK)]),
        ({"$ne": 1, "user": {"$gt": ""}}, [("json:$ne", "$ne"), ("json:user.$gt", "$gt")]),
        ({ATTACK: 1}, [("json:" + ATTACK, ATTACK)]),
        ({"__proto__": {"a": 1}}, [("json:__proto__", "__proto__")]),
        ({"constructor": {"prototype": {"a": 1}}},
         [("json:constructor.prototype", "constructor.prototype")]),
        ({"prototype": {"a": 1}, "constructor": "bob"}, []),
        ({"": "a b"}, [("json", "a b")]),
    ],
)  # fmt: skip
def test_strings_and_odd_keys_are_fields(document: object, expected: list[tuple[str, str]]) -> None:
    """Each by its path; identifiers, numbers and short words are none."""
    found = in_json(json.dumps(document).encode())
    assert found == [(location, value.encode()) for location, value in expected]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b'{"a": "\\u0027 or\\n1"}', [b"' or\n1"]),
        (b'{"a": "x-y", "a": "z-z"}', [b"x-y", b"z-z"]),
        (b'{"a-b": 1}\n{"c": "d e"} "f g"', [b"a-b", b"d e", b"f g"]),
        (b'["a\nb"]', [b"a\nb"]),
        (b'  {"a": NaN, "b": 1e999, "c": "d e"}  ', [b"d e"]),
        (b'["\xff\xa0or"]', [b"\xff\xa0or"]),
        (b'["\\ud800 x"]', [b"\xed\xa0\x80 x"]),
        (b'["\\udcff x"]', [b"\xff x"]),
        (b'["\\ud83d\\ude00"]', ["😀".encode()]),
        (b"", []),
        (b"12", []),
    ],
)
def test_json_is_read_as_parsers_do(text: bytes, values: list[bytes]) -> None:
    """Duplicate keys, several documents, line breaks in strings, bytes that are no UTF-8."""
    found = in_json(text)
    assert found is not None
    assert [value for _, value in found] == values


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"{'a': 1}", b'{"a": 1', b'{"a": 1} x', b"[1,]", b'{a: "b"}', b"// x", b'"a', b"\xff",
        b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000,
    ],
)  # fmt: skip
def test_other_text_is_no_json(text: bytes) -> None:
    """What a strict parser refuses, however deep, is None and never an error."""
    assert in_json(text) is None


def test_almost_json_is_read() -> None:
    """The strings of broken JSON, the last one too though it does not end, and the whole."""
    text = b'{"a": "x\\" y", b: "' + ATTACK.encode() + b'", "cut \\u0027 of'
    found = [(field.location, field.value) for field in json_strings(text)]
    assert found == [
        ("json", b'x\\" y'), ("json", ATTACK.encode()), ("json", b"cut \\u0027 of"), ("body", text),
    ]  # fmt: skip


def test_path_is_bounded() -> None:
    """A field's name stays short, however deep and long the keys."""
    document: object = ATTACK
    for _ in range(400):
        document = {"k" * 50: document}
    found = json_fields(json.dumps(document).encode())
    assert found
    assert len(found[0].name) <= 256


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a><b>x-y</b>z</a>", [("xml:a.b", "x-y")]),
        (f"<a b=\"{ATTACK}\"/>", [("xml:a@b", ATTACK)]),
        (f"<a><![CDATA[{ATTACK}]]></a>", [("xml:a", ATTACK)]),
        ("<a><![CDATA[' or ]]><![CDATA[1=1]]></a>", [("xml:a", "' or 1=1")]),
        ("<a>&lt;b&gt; &#39;</a>", [("xml:a", "<b> '")]),
        ("<s:a xmlns:s='u:v'><s:b>x y</s:b></s:a>",
         [("xml:s:a@xmlns:s", "u:v"), ("xml:s:a.s:b", "x y")]),
    ],
)  # fmt: skip
def test_texts_and_attributes_are_fields(text: str, expected: list[tuple[str, str]]) -> None:
    """By their path, with character references and CDATA resolved, after the raw document."""
    found, problems = in_xml(text.encode())
    assert found == [(location, value.encode()) for location, value in expected]
    assert not problems


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
        b'<!DOCTYPE a SYSTEM "http://x/y.dtd"><a>x y</a>',
    ],
)
def test_entities_are_never_expanded(text: bytes) -> None:
    """A document that declares anything is read raw alone."""
    assert in_xml(text) == ([], set())


@pytest.mark.parametrize(
    "text", [b"<a>", b"<a>x y</b>", b"<", b"<a b=c/>", b"<a>&nbsp;</a>", b"a b", b"<a/><b/>",
             b"<?xml version='1.0' encoding='utf-16'?><a>", b"<a>\xff</a>"]
)  # fmt: skip
def test_broken_xml_is_told(text: bytes) -> None:
    """What is no document is told, unless it was cut or is read otherwise as well."""
    assert in_xml(text)[1] == {Uninspected.PARSE}
    assert in_xml(text, is_cut=True)[1] == set()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "x-none", "utf-8", "iso-8859-1"])
def test_prolog_may_tell_of_other_bytes(encoding: str) -> None:
    """A document that was decoded is read, though its prolog tells of what it was."""
    text = f"<?xml version='1.0' encoding='{encoding}'?><a>{ATTACK}</a>".encode()
    assert in_xml(text) == ([("xml:a", ATTACK.encode())], set())


def test_part_before_the_fault_is_read() -> None:
    """Everything before the place where the document breaks."""
    assert in_xml(b"<a><b>x-y</b><c></a>")[0] == [("xml:a.b", b"x-y")]


@settings(max_examples=500, deadline=None, database=None)
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            ["{", "}", "[", "]", '"', ":", ",", "\\", "u", "d800", "a", "1", "e999", "-", " ",
             "<", ">", "/", "a ", "b='", "'", "<![CDATA[", "]]>", "&lt;", "&#0;", "<?", "?>", "é"]
        ),
        max_size=30,
    ).map(lambda parts: "".join(parts).encode()),
    st.booleans(),
)  # fmt: skip
def test_any_text_has_fields(text: bytes, is_cut: bool) -> None:
    """No bytes at all raise in any of the parsers."""
    for field in [
        *(json_fields(text) or []),
        *json_strings(text),
        *xml_fields(text, is_cut, set()),
    ]:
        assert isinstance(field.value, bytes)
        assert field.location.isprintable()


@pytest.mark.parametrize(
    "unit",
    [
        b"[", b"{", b'{"a":', b'"', b'""', b'"a b",', b'"\\', b"\\", b"1 ", b"1,", b'{"-":1}',
        b'[["-"],', b"\\u0041", b"\xff",
    ],
)  # fmt: skip
def test_json_takes_linear_time(unit: bytes) -> None:
    """Whatever the text, well formed or not."""
    assert_linear(json_fields, lambda size: repeated(unit, size))
    assert_linear(lambda text: list(json_strings(text)), lambda size: repeated(unit, size))
    assert_linear(json_fields, lambda size: b"[" + repeated(unit, size) + b"1]")


@pytest.mark.parametrize(
    "unit",
    [
        b"<", b"<a>", b"<a/>", b"x y<b/>", b"<a b='", b" b='c d'", b"&lt;", b"<![CDATA[", b"]]>",
        b"<a><b>", b"<?a ?>", b"<!--",
    ],
)  # fmt: skip
def test_xml_takes_linear_time(unit: bytes) -> None:
    """Whatever the document."""
    for lead in (b"<a>", b"<a "):
        assert_linear(
            lambda text: list(xml_fields(text, False, set())),
            lambda size, lead=lead: lead + repeated(unit, size),  # type: ignore[misc]
        )


def test_long_names_take_linear_time() -> None:
    """Long names above many texts are not copied for each of them."""

    def document(size: int) -> bytes:
        names = [letter * (size // 10) for letter in (b"a", b"b", b"c")]
        opened = b"".join(b"<" + name + b">" for name in names)
        closed = b"".join(b"</" + name + b">" for name in reversed(names))
        return opened + b"x y<d/>" * (size // 20) + closed

    assert_linear(lambda text: list(xml_fields(text, False, set())), document)


def test_long_keys_take_linear_time() -> None:
    """Long keys above many strings neither."""

    def document(size: int) -> bytes:
        return json.dumps({"k" * (size // 2): ["x y"] * (size // 20)}).encode()

    assert_linear(json_fields, document)
