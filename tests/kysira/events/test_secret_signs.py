"""What looks like a secret is told from what does not, by name and by look."""

import base64
import random
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kysira.events.secret_signs import (
    decoded,
    is_known_secret,
    is_random,
    is_secret_name,
    looks_secret,
    may_hold_known_secret,
    random_runs,
)

SECRET_NAMES = (
    "password", "Passwd", "pass", "pwd", "user_pass", "dbpass", "passphrase", "new-password",
    "user[password]", "login.passWord", "token", "access_token", "refreshToken", "csrf", "_csrf",
    "secret", "clientSecret", "key", "api_key", "apikey", "X-API-Key", "KEY1", "auth",
    "oauth_nonce", "authorization", "session", "PHPSESSID", "jsessionid", "sid", "sig",
    "X-Amz-Signature", "X-Amz-Credential", "sign", "code", "auth_code", "verificationCode",
    "jwt", "otp", "userOTP", "pin", "userPin", "cvv", "cardNumber", "SAMLResponse", "ticket",
    "pass%77ord", "%70%61ss",
    "pass%2577ord", "to%u006ben", "ｐassword", "pass\u200bword", "p.a.s.s.w.o.r.d", "a" * 300,
)  # fmt: skip
PLAIN_NAMES = (
    "q", "page", "id", "user", "user_id", "email", "name", "sort", "order", "keyword", "keywords",
    "author", "design", "zipcode", "country_code", "postal_code", "status_code", "lang",
    "compassion", "signal", "pinned", "spin", "cache", "state", "filter[name]", "passenger",
    "option", "",
)  # fmt: skip
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SECRETS = (
    JWT,
    JWT.replace(".", "%2E"),
    "Bearer abcdefgh12345678", "basic dXNlcjpwYXNz",
    "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN+PRIVATE+KEY-----",
    "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + "a1B2" * 9, "github_pat_" + "a1B2" * 6,
    "glpat-" + "a1B2" * 5, "xoxb-" + "12345678901", "sk_live_" + "a1b2c3d4e5",
    "sk-" + "proj-a1b2c3d4e5f6", "AIza" + "Sy0123456789" * 3,
    "SG." + "a1B2" * 5 + ".x", "npm_" + "a1B2" * 5,
    "postgres://admin:hunter2@db/x", "https%3A%2F%2Fuser%3Apw%40host%2F",
    "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "q1W2e3R4t5Y6u7I8o9P0", "oT3xJ/s9KfQ2mZ+bV7cY1dLrE0hWuN6aGiP8", "JBSWY3DPEHPK3PXPJBSWY3DP",
    "4111111111111111", "4111 1111 1111 1111", "4111+1111+1111+1111", "4111-1111-1111-1111 12/27",
    "123 4111 1111 1111 1111", "378282246310005", "card 5555555555554444 please",
    "/cb?code=abc", "/cb%3Ftoken%3Dabc", "a;jsessionid=1", '{"user":"x","password":"y"}',
    '"token": "x"', "pin=1", "x%2526token%253Dabc", "a=;" * 100,
)  # fmt: skip
PLAIN_VALUES = (
    "", "1", "hello world", "someone@example.com", "2026-11-26T10:00:00Z", "1764000000123",
    "550e8400-e29b-41d4-a716-446655440000", "how-to-install-python-3-on-windows-11-quickly",
    "/api/v1/Users/List/Documents/Report2023", "InternationalizationConfigurationManager",
    "the quick brown fox jumps over the lazy dog", "https://example.com/a/b?x=1&y=2",
    "' UNION SELECT username, password FROM users--", "<script>alert(document.cookie)</script>",
    "../../../../etc/passwd", "+49 30 1234567", "1234567890123456", "12:30", "12345678901234567890",
    "%E4%BD%A0%E5%A5%BD%E4%B8%96%E7%95%8C%E4%BD%A0%E5%A5%BD", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    '{"page":1,"size":20}', "a=1;b=2",
    "507f1f77bcf86cd799439011",
)  # fmt: skip

PARTS = st.lists(
    st.one_of(
        st.sampled_from([*SECRETS, *PLAIN_VALUES]),
        st.sampled_from(["1 " * 65, "1234567890123 " * 70, "4111", " 1111"]),
        st.text("abcXYZ0123456789+_- .", max_size=30),
        st.text("0123456789", min_size=12, max_size=20),
    ),
    max_size=4,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_secret_name_is_known(name: str) -> None:
    """However it is written: case, punctuation, percent-encoding, look-alike letters."""
    assert is_secret_name(name.encode())


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_plain_name_is_left_alone(name: str) -> None:
    """A word that only contains a secret's name, or none at all, hides nothing."""
    assert not is_secret_name(name.encode())


@pytest.mark.parametrize("value", SECRETS)
def test_secret_is_known_by_its_look(value: str) -> None:
    """Keys, tokens, card numbers, and values with a secret's name inside."""
    assert looks_secret(value.encode())


@pytest.mark.parametrize("value", PLAIN_VALUES)
def test_plain_value_is_left_alone(value: str) -> None:
    """Prose, paths, ids, dates, addresses and attacks stay to be seen."""
    assert not looks_secret(value.encode())


@pytest.mark.parametrize("size", [16, 20, 24, 32, 64])
@pytest.mark.parametrize(
    "written",
    [base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b16encode],
    ids=["base64", "base64url", "base32", "hex"],
)
def test_random_bytes_look_secret(written: Callable[[bytes], bytes], size: int) -> None:
    """Of a thousand random tokens of each kind at most a few pass for something else."""
    bits = random.Random(4)
    missed = sum(not looks_secret(written(bits.randbytes(size))) for _ in range(1000))
    assert missed <= 40


def test_decoding_reaches_the_bottom() -> None:
    """Percent-encoding is undone as often as it was done, up to a bound, and never fails."""
    assert decoded(b"%25252561") == b"a"
    assert decoded(b"%u0061%zz%") == b"a%zz%"
    assert decoded(b"plain") == b"plain"


@given(st.text("a%25uU06416zé", max_size=20).map(str.encode))
def test_decoding_is_that_of_each_step(text: bytes) -> None:
    """To be done at once with what was encoded once changes nothing."""
    slowly = text
    for _ in range(4):
        slowly = unquote_to_bytes(re.sub(rb"%[uU]00([0-9A-Fa-f]{2})", rb"%\1", slowly))
    assert decoded(text) == slowly


@given(st.lists(PARTS, min_size=1, max_size=5), st.sampled_from("/?&="))
@example(["1 " * 65], "&")
@example(["1234567890123 -" * 70], "&")
@example(["x", "4111-1111 1111.1111", "y"], "=")
def test_look_at_all_misses_no_part(parts: list[str], separator: str) -> None:
    """One look at a text says of no part that it is harmless when a look at it would not."""
    texts = [re.sub("[/?&=]", "", part).encode() for part in parts]
    whole = separator.encode().join(texts)
    if not may_hold_known_secret(whole):
        assert not any(map(is_known_secret, texts))
        # What is random without a random run holds a card's number.
        assert [is_random(text) for text in texts] == [bool(random_runs(text)) for text in texts]
    if separator != "/" and not random_runs(whole):
        assert not any(map(random_runs, texts))


@pytest.mark.parametrize(
    "number",
    ["4222222222222", "30569309025904", "378282246310005", "2223003122003222", "5555555555554444",
     "6011111111111117", "4" + "0" * 17 + "6", "6" + "0" * 17 + "4"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}", "n {}!", "1-{}-1", "12345678901234-{}"])
def test_card_number_is_known_among_others(number: str, form: str) -> None:
    """Of every length that is in use, whatever stands beside it."""
    text = form.format(number).encode()
    assert may_hold_known_secret(text)
    assert is_random(text)


@given(st.text("abcdefxyz0123456789+/_-", min_size=20, max_size=23))
def test_short_run_of_one_case_is_not_random(text: str) -> None:
    """It is not looked at, whatever it is made of; a longer one of the same kind is."""
    assert not random_runs(text.encode())
    assert random_runs(b"a1z2" * 6)
    assert random_runs(b"Ab1Cd2Ef3Gh4Ij5Kl6Mn")


def test_known_secret_is_found_after_much_else() -> None:
    """However many different texts were looked at before, and filled the matcher's memory."""
    bits = random.Random(4)
    for _ in range(300):
        groups = [b"%d" % bits.getrandbits(bits.choice([4, 14, 17, 20])) for _ in range(150)]
        may_hold_known_secret(b" ".join(groups))
        assert may_hold_known_secret(b" x ".join([*groups, b"ghp_" + b"a1B2" * 9]))
    assert may_hold_known_secret(b"/cards/4111111111111111")
    assert not may_hold_known_secret(b"/cards/4111111111111112")
