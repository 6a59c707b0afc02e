"""Every attacker-controlled value of line and headers is a field, and nothing else costs a scan."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.fields import Field, head_fields, is_plain, pair_fields
from kysira.types import Place, Request
from tests.inference.linearity import assert_linear, repeated

ATTACK = b"' or 1=1 -- x"


def head(target: bytes = b"/", **headers: bytes) -> list[tuple[str, bytes]]:
    """Return location and value of each field of a request's head."""
    rows = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return [(f.location, f.value) for f in head_fields(Request("GET", target, rows))]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/?q=' or 1", [("query:q", b"' or 1")]),
        (b"/?q=%27+or+1", [("query:q", b"' or 1")]),
        (b"/?a=%2527", [("query:a", b"%27")]),
        (b"/?a=1&b=2&c=red", []),
        (b"/?%27or%271", [("query:'or'1", b"'or'1")]),
        (b"/?a[$ne]=1", [("query:a[$ne]", b"a[$ne]")]),
        (b"/?first_name=x", []),
        (b"/?a=b=c&&=&", [("query:a", b"b=c")]),
        (b"/?=%3Cb%3E", [("query", b"<b>")]),
        (b"/?q=a?b#c", [("query:q", b"a?b#c")]),
        (b"/?%ff=%ff%fe", [("query:\ufffd", b"\xff"), ("query:\ufffd", b"\xff\xfe")]),
        (b"/?q=%", [("query:q", b"%")]),
        (b"/?x=a&x=b-c", [("query:x", b"b-c")]),
    ],
)
def test_query_values_are_fields(target: bytes, expected: list[tuple[str, bytes]]) -> None:
    """Values, and names that are not plain, decoded once as a form is."""
    assert head(target) == expected


def test_path_and_long_segments_are_fields() -> None:
    """The path as sent, and each segment that could hold base64."""
    assert head(b"/") == []
    assert head(b"/a/b?") == [("path", b"/a/b")]
    assert head(b"/a/c2VsZWN0IDEgZnJvbSBh/b") == [
        ("path", b"/a/c2VsZWN0IDEgZnJvbSBh/b"),
        ("path:2", b"c2VsZWN0IDEgZnJvbSBh"),
    ]
    assert head(b"/%2e%2e/x") == [("path", b"/%2e%2e/x")]


@pytest.mark.parametrize(
    "name",
    [
        "user-agent",
        "referer",
        "x-forwarded-for",
        "authorization",
        "accept",
        "x-new",
        "content-type",
    ],
)
def test_headers_are_fields(name: str) -> None:
    """Any header may carry an attack, also one that nobody has heard of."""
    fields = list(head_fields(Request("GET", b"/", ((name, ATTACK),))))
    assert fields == [Field(Place.HEADER, name, ATTACK)]


def test_repeated_headers_are_all_fields() -> None:
    """The second header of a name is read like the first."""
    rows = (("x-a", b"one two"), ("x-a", ATTACK), ("cookie", b"a=b-c"), ("cookie", b"a=" + ATTACK))
    values = [field.value for field in head_fields(Request("GET", b"/", rows))]
    assert values == [b"one two", ATTACK, b"b-c", ATTACK]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (":method", b"GET"), (":path", b"/a?q=' or 1"), (":scheme", b"https"),
        ("content-length", b"12"), ("transfer-encoding", b"chunked"), ("te", b"trailers"),
        ("host", b"shop.example:8080"), (":authority", b"[2001:db8::1]:443"),
        ("connection", b"keep-alive, Upgrade"), ("upgrade", b"websocket"),
        ("date", b"Tue, 15 Nov 1994 08:12:31 GMT"), ("dnt", b"1"), ("x-empty", b""),
    ],
)  # fmt: skip
def test_ordinary_framing_costs_nothing(name: str, value: bytes) -> None:
    """What the data path has parsed, and ordinary hosts, are no fields."""
    assert list(head_fields(Request("GET", b"/", ((name, value),)))) == []


@pytest.mark.parametrize("name", ["host", ":authority", "connection", "te", "upgrade", "date"])
@pytest.mark.parametrize("value", [ATTACK, b"${jndi:ldap://x/a}", b"a<b", b"a\xff"])
def test_odd_framing_is_a_field(name: str, value: bytes) -> None:
    """An attack in a Host header, or any other of these, is read."""
    fields = list(head_fields(Request("GET", b"/", ((name, value),))))
    assert fields == [Field(Place.HEADER, name, value)]


def test_cookies_are_fields() -> None:
    """Each cookie's value, and names that are not plain; quotes and "=" stay in the value."""
    found = head(cookie=b"theme=light; sid=a-b==; x='or'; %27=1; lone'; ;=")
    assert found == [
        ("cookie:sid", b"a-b=="), ("cookie:x", b"'or'"), ("cookie:%27", b"%27"),
        ("cookie:lone'", b"lone'"),
    ]  # fmt: skip


def test_location_is_short_and_printable() -> None:
    """A location fits into a header and a log line."""
    field = Field(Place.JSON, "\n\udcff" + "é" * 200, b"")
    assert field.location == "json:??" + "é" * 62
    assert Field(Place.BODY, "", b"").location == "body"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"", True), (b"abc123", True), (b"a" * 15, True), (b"a" * 16, False), (b"a b", False),
     (b"\xe9", False), (b"-1", False)],
)  # fmt: skip
def test_plain_is_short_letters_and_digits(value: bytes, expected: bool) -> None:
    """Only fewer than 16 ASCII letters and digits are too plain to read."""
    assert is_plain(value) is expected


def test_split_attack_is_joined() -> None:
    """Values of one name are read joined as well when comments could hide the commas."""
    text = b"q=1+union/*&b=2-2&%71=*/select/*&q=*/password"
    fields = [(field.name, field.value) for field in pair_fields(Place.FORM, text)]
    assert fields[-1] == ("q", b"1 union/*,*/select/*,*/password")
    assert len(fields) == 5
    assert len(list(pair_fields(Place.FORM, b"q=a-b&q=c-d"))) == 2


@pytest.mark.parametrize("end", [b"", b"=", b"=="])
@pytest.mark.parametrize("text", [b"PHNjcmlwdD5hbGVydCgxKTwv", b"PHN_cmlwdD5hbGVydCgxKTwv"])
def test_long_name_without_value_is_read(text: bytes, end: bytes) -> None:
    """It may be base64, which ends in "=" and is all that some applications are sent."""
    assert text in [field.value for field in pair_fields(Place.QUERY, b"a=1&" + text + end)]
    request = Request("GET", b"/", (("cookie", b"a=1; " + text + end),))
    assert text in [field.value for field in head_fields(request)]
    assert [*pair_fields(Place.QUERY, text + b"=red")] == []


@settings(max_examples=500, deadline=None, database=None)
@given(
    st.binary(max_size=80),
    st.lists(
        st.tuples(st.sampled_from(["cookie", "x", "host"]), st.binary(max_size=40)), max_size=3
    ),
)
def test_any_head_has_fields(target: bytes, headers: list[tuple[str, bytes]]) -> None:
    """No bytes at all raise, and every field has a place and bytes."""
    for field in head_fields(Request("GET", target, tuple(headers))):
        assert isinstance(field.value, bytes)
        assert field.location.isprintable()


@pytest.mark.parametrize(
    "unit", [b"&", b"=", b"&=", b"a=b&", b"%", b"%26", b"+", b"a=*/&", b"/", b"a" * 16 + b"/", b";"]
)
def test_fields_take_linear_time(unit: bytes) -> None:
    """However a megabyte is cut into fields."""
    assert_linear(lambda text: list(pair_fields(Place.FORM, text)), lambda n: repeated(unit, n))
    assert_linear(
        lambda text: list(head_fields(Request("GET", b"/" + text, (("cookie", text),)))),
        lambda n: repeated(unit, n),
    )
