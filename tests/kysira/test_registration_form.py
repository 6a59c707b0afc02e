"""A registration's form: what is plausible passes, all else is refused with a reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kysira.errors import RequestError
from kysira.registration_form import BODY_BYTES, Registration, read_form

GOOD = {"name": "Ada", "email": "ada@example.com"}


def read(**values: Any) -> Registration:
    return read_form(json.dumps({**GOOD, **values}).encode())


def test_form_is_read() -> None:
    """All four fields are kept, without the space around them; two may be missing."""
    assert read() == Registration("Ada", "ada@example.com")
    full = read(name=" Ada ", company="Engines & Co.", message="Hello,\n\tworld 👋")
    assert full == Registration("Ada", "ada@example.com", "Engines & Co.", "Hello,\n\tworld 👋")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "name is missing"),
        ({"name": "  "}, "name is missing"),
        ({"email": ""}, "email is missing"),
        ({"name": 1}, "name must be text"),
        ({"name": None}, "name must be text"),
        ({"message": ["x"]}, "message must be text"),
        ({"name": "x" * 101}, "name must have 100 characters at most"),
        ({"company": "x" * 201}, "company must have 200"),
        ({"message": "x" * 2001}, "message must have 2000"),
        ({"name": "a\nb"}, "control character"),
        ({"name": "a\x00b"}, "control character"),
        ({"message": "a\x1b[2J"}, "control character"),
        ({"message": "\ud800"}, "control character"),
        ({"admin": "yes"}, "unknown: 'admin'; there are name, email, company, message"),
        ({"b": 1, "a": 1}, "unknown: 'a, b'"),
    ],
)
def test_odd_form_is_refused(values: dict[str, Any], said: str) -> None:
    """The error says what to do."""
    with pytest.raises(RequestError, match=said) as raised:
        read(**values)
    assert raised.value.status == 400


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b'"x"', b"null", b"\xff{}", b"[" * 30_000])
def test_no_object_is_refused(body: bytes) -> None:
    """What is no JSON object is said to be none."""
    with pytest.raises(RequestError, match="must be JSON"):
        read_form(body)


@pytest.mark.parametrize(
    "email", ["a@b.example", "first.last+tag@mail.example.co", "ü@bücher.example", "o'x@a-b.io"]
)
def test_plausible_address_passes(email: str) -> None:
    """Ordinary addresses do, in any script."""
    assert read(email=email).email == email


@pytest.mark.parametrize(
    "email",
    [
        "a", "@b.example", "a@", "a@b", "a@@b.example", "a@b@c.example", "a b@c.example",
        "a@.example", "a@b..example", "a@-b.example", "a@b-.example", "<a@b.example>",
        "a@b.example,c@d.example", "a@b_c.example", f"{'x' * 65}@b.example",
        f"a@{'x' * 64}.example", "a@b.example/", "a\t@b.example",
    ],
)  # fmt: skip
def test_implausible_address_is_refused(email: str) -> None:
    """What can't be one address is not kept."""
    with pytest.raises(RequestError, match="email"):
        read(email=email)


@given(st.dictionaries(st.sampled_from([*GOOD, "company", "message", "x"]), st.text() | st.none()))
def test_any_form_is_read_or_refused(values: dict[str, str | None]) -> None:
    """No values lead to another error, and what passes fits the body's limit when sent again."""
    try:
        form = read(**values)
    except RequestError:
        return
    assert form.name
    assert len(json.dumps([form.name, form.email, form.company, form.message])) < BODY_BYTES


def test_longest_form_fits_the_body() -> None:
    """A form in the most wordy JSON is under the limit of the body."""
    email = "\U0001f600" * 64 + "@" + ".".join(["𝔞" * 63, "𝔞" * 63, "𝔞" * 61])
    values = {"name": 100, "company": 200, "message": 2000}
    form = {"email": email} | {name: "\U0001f600" * count for name, count in values.items()}
    body = json.dumps(form).encode()
    assert len(body) <= BODY_BYTES
    assert read_form(body).email == email
