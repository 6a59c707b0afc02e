"""The narrowest exclusion of a finding."""

import pytest

from ctl.policy.narrow import (
    NotNarrowError,
    Wish,
    has_index,
    narrow_location,
    narrow_name,
    narrow_path,
    narrowest,
)
from kysira.events.redaction import shown_path
from kysira.exclusions import covers, excluded_by
from kysira.paths import readings
from kysira.types import Exclusion, Finding

SECRET = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl"
FOUND = Finding("xss", 0.99, "xss:tag", "form:body")


@pytest.mark.parametrize(
    ("sent", "prefix", "words"),
    [
        (b"/cms/edit", "/cms/edit", ""), (b"/cms/", "/cms", ""), (b"/", "/", ""),
        (b"/caf%C3%A9/x", "/café/x", ""), (b"/a%20b", "/a b", ""),
        (b"/cms/" + SECRET + b"/x", "/cms", "is hidden in part"),
        (b"/cms/a%2Fb", "/cms", "more than one way"), (b"/cms//x;a=1", "/cms", "more than one way"),
    ],
)  # fmt: skip
def test_path_is_the_whole_known_one(sent: bytes, prefix: str, words: str) -> None:
    """It is sure to hold the request; where it is more than its path, that is said."""
    path = narrow_path(shown_path(sent).text)
    assert path.prefix == prefix
    assert (words in path.note) if words else path.note == ""
    assert readings(sent).are_under(prefix)


@pytest.mark.parametrize("sent", [b"/" + SECRET, b"/a/../b", b"/%2e%2e/x"])
def test_unknown_path_is_refused(sent: bytes) -> None:
    """An exclusion for all paths is not made by itself."""
    with pytest.raises(NotNarrowError, match="say --path"):
        narrow_path(shown_path(sent).text)


@pytest.mark.parametrize(
    "location", ["form:a[0][b]", "query:a*b", "query:x?.y", "path", "query:[!x]"]
)
def test_location_holds_itself_alone(location: str) -> None:
    """Signs of a pattern are escaped."""
    pattern = narrow_location(location, any_index=False)
    assert covers(pattern, location)
    for other in (
        f"{location}x",
        location.replace("0", "1"),
        location.replace("*", "x"),
        "query:q",
    ):
        assert other == location or not covers(pattern, other)


def test_any_index_holds_every_number() -> None:
    """Only what stands in brackets, and only where it is a number."""
    pattern = narrow_location("form:items[3][name]", any_index=True)
    assert pattern == "form:items[[]*][[]name]"
    assert covers(pattern, "form:items[12][name]")
    assert not covers(pattern, "form:items[12][other]")
    assert has_index(narrow_location("form:items[3]", any_index=False))
    assert not has_index(narrow_location("form:items[a]", any_index=False))


@pytest.mark.parametrize("location", ["", "form:[masked]", "form:xxx xx!"])
def test_hidden_location_is_refused(location: str) -> None:
    """Whoever knows it may say it."""
    with pytest.raises(NotNarrowError, match="say --location"):
        narrow_location(location, any_index=False)


def test_name_tells_and_is_unique() -> None:
    """Of path, place and detector; a number where there is one already."""
    name = narrow_name("/cms/Edit Page", FOUND, ())
    assert name == "edit-page-form-body-xss"
    assert narrow_name("/cms/Edit Page", FOUND, {name}) == f"{name}-2"
    assert narrow_name("/cms/Edit Page", FOUND, {name, f"{name}-2"}) == f"{name}-3"
    long = narrow_name("/" + "ab-" * 50, Finding("prompt-injection", 1, "", "form:x"), ())
    assert len(long) <= 63
    assert narrow_name("/é", Finding("xss", 1, "", "query:é"), ()) == "query-xss"


def test_wishes_take_the_place_of_the_event() -> None:
    """What a user says counts."""
    made = narrowest("/cms", FOUND, Wish(reason="r", expires=9.0), ())
    assert made == Exclusion("/cms", "form:body", "xss", "cms-form-body-xss", 9.0, "r")
    assert excluded_by("xss", "form:body", readings(b"/cms"), [made]) is made
    wished = narrowest("/[masked]", FOUND, Wish("/a", "form:*"), ())
    assert (wished.path_prefix, wished.location) == ("/a", "form:*")
