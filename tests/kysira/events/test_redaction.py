"""What is shown of a request holds no secret, and all that is none."""

import string
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kysira.events.redaction import (
    CUT,
    MASK,
    MAX_SHOWN,
    printable,
    shape,
    shown_location,
    shown_match,
    shown_path,
    shown_query,
)
from kysira.events.secret_signs import is_secret_name, looks_secret
from kysira.types import Finding

TOKEN = "q1W2e3R4t5Y6u7I8o9P0"
NAMES = ("password", "api_key", "access-token", "user[secret]", "sid", "sig", "sessionId", "code")
PLAIN = st.text(string.ascii_lowercase, min_size=1, max_size=6)
PLAIN_NAME = PLAIN.filter(lambda name: not is_secret_name(name.encode()))
"""Six letters may happen to be a secret's name, such as ``sid``."""
# Letters that no mask and no name has, so that finding one means that it leaked.
HIDDEN = st.text("ŽŁĦŊΩЖ0123456789+ /;#", min_size=1, max_size=40).map(lambda text: f"Ж{text}")


def percent(text: str, chosen: list[bool]) -> str:
    """Return the text with some of its characters percent-encoded."""
    picks = [chosen[n % len(chosen)] for n in range(len(text))]
    return "".join(
        f"%{ord(char):02x}" if pick else char for char, pick in zip(text, picks, strict=True)
    )


@given(
    st.sampled_from(NAMES),
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.integers(0, 2),
    HIDDEN,
    st.lists(st.tuples(PLAIN_NAME, PLAIN), max_size=4),
    st.integers(0, 4),
)
def test_secret_under_secret_name_is_never_shown(
    name: str, chosen: list[bool], more: int, value: str, others: list[tuple[str, str]], at: int
) -> None:
    """However name and value are encoded, and whatever stands beside them."""
    written = percent(name, chosen)
    for _ in range(more):
        written = written.replace("%", "%25")
    pairs = [f"{n}={v}" for n, v in others]
    pairs.insert(at, f"{written}={quote(value, safe='+/;')}")
    text = shown_query("&".join(pairs).encode()).text
    assert quote("Ж") not in text
    assert f"{written}={MASK}" in text
    assert [pair for pair in text.split("&") if MASK not in pair] == [f"{n}={v}" for n, v in others]


PARTS = st.one_of(
    st.binary(max_size=30).filter(lambda text: not {*b"&/"} & {*text}),
    st.text("abcXYZ019+_-=%2", max_size=30).map(str.encode),
    st.sampled_from(
        [TOKEN, "page", "q", "token", "pass%77ord", "a" * 40, "%61" * 90, "4111111111111111", "key",
         "4111 1111", "words-and+more-words", "x:y", "bearer+abcdefgh", "ghp_aaaabbbbccccdddd", "",
         "%u0074oken", "%25%37%34oken", "%26token%3Dx", "%2Fa%2Fb", "1f" * 12, "0c" * 16, "%", "/",
         "1 " * 65, "6936019712-2113613824", "5192119808-369713920", "4111-1111.1111+1111", '"\\',
         "é", "%C3%A4", "%3A", f"x-{'0c' * 16}", "JBSWY3DPEHPK3PXPJBSWY3DP", "sk-" + "a" * 16]
    ).map(str.encode),
)  # fmt: skip


def masked(name: bytes, equals: bytes, value: bytes) -> bytes:
    """Return a pair of a query as it is to be shown, by nothing but the signs of a secret."""
    mask = MASK.encode() if value else b""
    if looks_secret(name):
        return MASK.encode() + equals + mask
    return name + equals + (mask if is_secret_name(name) or looks_secret(value) else value)


def is_told(name: bytes, value: bytes) -> bool:
    """Return True when nothing of a pair is masked for its look."""
    by_name = is_secret_name(name) and not looks_secret(name)
    return by_name or not (looks_secret(name) or looks_secret(value))


@given(
    st.lists(
        st.tuples(
            PARTS | st.sampled_from([b"q", b"page", b"sid", b"token"]),
            st.sampled_from([b"", b"=", b"=", b"="]),
            st.lists(PARTS, max_size=2).map(b"".join),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_query_is_told_by_each_pair_alone(pairs: list[tuple[bytes, bytes, bytes]]) -> None:
    """To look at all pairs at once gives what looking at each gives."""
    written = [
        (name.replace(b"=", b""), equals, value if equals else b"") for name, equals, value in pairs
    ]
    shown = b"&".join(masked(*pair) for pair in written)
    query = b"&".join(map(b"".join, written))
    text = printable(shown.decode("utf-8", "replace"), MAX_SHOWN, is_cut=len(shown) > MAX_SHOWN)
    is_whole = len(shown) <= MAX_SHOWN and all(is_told(name, value) for name, _, value in written)
    assert shown_query(query) == (text, is_whole)


@given(st.lists(PARTS.filter(lambda text: b"/" not in text), min_size=1, max_size=6))
def test_path_is_told_by_each_segment_alone(segments: list[bytes]) -> None:
    """As a query is."""
    hidden = [MASK.encode() if looks_secret(segment) else segment for segment in segments]
    text = printable(b"/".join(hidden).decode("utf-8", "replace"), MAX_SHOWN)
    shown = shown_path(b"/".join(segments))
    assert shown == (text, hidden == segments)


@given(st.binary(max_size=3000), st.booleans())
def test_shown_is_printable_and_bounded(text: bytes, is_cut: bool) -> None:
    """Any bytes give a line of at most 2,048 characters without controls."""
    for shown in (shown_query(text, is_cut=is_cut), shown_path(text, is_cut=is_cut)):
        assert len(shown.text) <= MAX_SHOWN
        assert shown.text.isprintable()
        assert not (is_cut and shown.is_whole)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ""),
        ("a=1&b=two+words&c", "a=1&b=two+words&c"),
        ("q=%27%20OR%201=1--&page=2", "q=%27%20OR%201=1--&page=2"),
        ("password=x&page=2", f"password={MASK}&page=2"),
        ("password=&token", "password=&token"),
        (f"q={TOKEN}&a=1", f"q={MASK}&a=1"),
        (f"{TOKEN}=1&a=1", f"{MASK}={MASK}&a=1"),
        (TOKEN, MASK),
        ("mail=me@example.com", "mail=me@example.com"),
        ("a=1;token=x", f"a={MASK}"),
        ("next=%2Fcb%3Fcode%3D123", f"next={MASK}"),
        ("q=token%3Ax&a=1", f"q={MASK}&a=1"),
        (f"{'%61' * 90}=x&a=1", f"{'%61' * 90}={MASK}&a=1"),
        (f"a=1&sid={TOKEN}&b=%2F{TOKEN}", f"a=1&sid={MASK}&b={MASK}"),
        ("pw=1&" * 178 + "pw=1", (f"pw={MASK}&" * 178)[: MAX_SHOWN - 1] + CUT),
        ("n=4111111111111112&m=4111111111111111", f"n=4111111111111112&m={MASK}"),
        ("a=\x00\x1b[2J", "a=??[2J"),
        ("a=é", "a=é"),
    ],
)
def test_query_keeps_what_is_no_secret(query: str, shown: str) -> None:
    """Names and values stay as they were sent; what is hidden leaves a mark."""
    assert shown_query(query.encode()).text == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/api/v1/users/12345", "/api/v1/users/12345"),
        ("/a%2F..%2fetc/passwd", "/a%2F..%2fetc/passwd"),
        (f"/reset/{TOKEN}/go", f"/reset/{MASK}/go"),
        ("/a;jsessionid=1F/b", f"/{MASK}/b"),
        ("/cards/4111111111111111", f"/cards/{MASK}"),
        ("/a/oT3xJs9K%2FfQ2mZbV7cY1dL", f"/a/{MASK}"),
        ("/a/q1W2e3R4t5/Y6u7I8o9P0", "/a/q1W2e3R4t5/Y6u7I8o9P0"),
        ("/a\xff\n", "/aÿ?"),
    ],
)
def test_path_keeps_what_is_no_secret(path: str, shown: str) -> None:
    """A segment that looks secret is hidden, the others are as they were sent."""
    assert shown_path(path.encode()).text == shown


@pytest.mark.parametrize(
    "query",
    ["q=" + " ".join(["abcdefghijklmnopqrst"] * 65), "&".join(["n=abcdefghijklmnopqrst"] * 80)],
)
def test_many_long_words_are_no_secret(query: str) -> None:
    """Too much to look at all at once is looked at pair by pair."""
    assert shown_query(query.encode()) == (query, True)


def test_invalid_utf8_is_replaced() -> None:
    """Bytes that are no text become the usual mark."""
    assert shown_path(b"/a\xff").text == "/a�"


def test_long_texts_are_cut_with_a_mark() -> None:
    """The limit is kept, and it can be seen that something is missing."""
    for shown in (shown_path(b"/ab" * 2000), shown_query(b"a=b c&" * 2000)):
        assert len(shown.text) == MAX_SHOWN
        assert shown.text.endswith(CUT)
        assert not shown.is_whole
    assert len(shown_query(b"q=" + b"a b " * 520).text) == MAX_SHOWN
    assert len(shown_query(b"q=" + b"a b " * 4000, is_cut=True).text) == MAX_SHOWN


@pytest.mark.parametrize("length", range(8, 40, 3))
def test_cut_does_not_uncover_a_secret(length: int) -> None:
    """The part of a token that is left at a cut may not look like one: it is not shown."""
    piece = TOKEN[: min(length, len(TOKEN))]
    assert piece not in shown_query(f"a=1&q={piece}".encode(), is_cut=True).text
    assert piece not in shown_path(f"/a/{piece}".encode(), is_cut=True).text
    # A token over the edge of what is shown is looked at as a whole.
    for edge in range(MAX_SHOWN - 40, MAX_SHOWN + 5):
        assert TOKEN[:6] not in shown_query(b"a=" + b"x " * (edge // 2) + TOKEN.encode()).text


@pytest.mark.parametrize(
    "query",
    [
        b"&".join(b"a%d=value of it %d" % (n, n) for n in range(4000)),
        b"&" * 65536, b"=" * 65536, b"%25" * 21845, b"a:" * 32768, b"a=;" * 21845, b"a=;&" * 16384,
        b"q=" + b"4111 " * 13107, b"q=" + b"aA1" * 21845, b"q=" + b"aaaaaaaaaaaaaaaaaaaaa " * 3000,
        b"&".join(b"%d%%61=abcdefghijklmnopqrst%%61" % n for n in range(2000)),
    ],
    ids=lambda query: query[:12].decode(),
)  # fmt: skip
def test_long_queries_take_milliseconds(query: bytes) -> None:
    """64 KB of the worst that was thought of: some milliseconds of CPU, a slow machine's too."""
    started = time.process_time()
    for _ in range(3):
        shown_query(query)
        shown_path(query)
    assert (time.process_time() - started) / 3 < 0.1


def test_shape_keeps_punctuation() -> None:
    """What an attack is made of can be told, what it says can't."""
    assert shape("' OR pass='h4ß'--\n\x00") == "' xx xxxx='x0x'-- ?"
    assert len(shape("a" * 100)) == 64


@pytest.mark.parametrize(
    ("location", "is_whole", "matched", "shown"),
    [
        ("query:q", True, "' OR 1=1", "' OR 1=1"),
        ("path", True, "../\x00", "../?"),
        ("path:2", True, "../", "../"),
        ("query:password", True, "' OR 1=1", "' xx 0=0"),
        ("query:pass%77ord", True, "' OR 1=1", "' xx 0=0"),
        ("query:" + "a" * 64, True, "x", "x"),
        ("query:q", False, "' OR 1=1", "' xx 0=0"),
        ("query:q", True, "token=abc", "xxxxx=xxx"),
        ("json:user.name", True, "' OR 1=1", "' xx 0=0"),
        ("cookie:sid", True, "abc", "xxx"),
        ("header:referer", True, "abc", "xxx"),
        ("body", True, "abc 1", "xxx 0"),
        ("chat:messages", True, "ignore all", "xxxxxx xxx"),
    ],
)
def test_match_is_shown_where_it_may_be(
    location: str, is_whole: bool, matched: str, shown: str
) -> None:
    """Of path and query, unless it is a secret or beside one; of all else the shape alone."""
    finding = Finding("sqli", 0.99, "r", location, matched=matched)
    assert shown_match(finding, is_whole=is_whole) == shown


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("path", "path"),
        ("query:q", "query:q"),
        ("query:<b>", "query:<b>"),
        ("json:user.items[0].name", "json:user.items[0].name"),
        ("cookie:a-b_c", "cookie:a-b_c"),
        ("form:my secret 1", "form:xx xxxxxx 0"),
        (f"form:{TOKEN}", f"form:{MASK}"),
        (f"query:{TOKEN}", f"query:{MASK}"),
    ],
)
def test_location_is_no_value(location: str, shown: str) -> None:
    """The name of a value is shown, unless it is a value itself: of a body none is shown."""
    assert shown_location(location) == shown


def test_printable_says_that_it_cut() -> None:
    """At most so many characters, controls replaced."""
    assert printable("abc", 3) == "abc"
    assert printable("abcd", 3) == f"ab{CUT}"
    assert printable("a\u202eb\n", 9) == "a?b?"
