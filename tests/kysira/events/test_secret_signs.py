"""What looks like a secret is told from what does not, by name and by look."""

import base64
import random
from collections.abc import Callable

import pytest

from kysira.events.secret_signs import decoded, is_secret_name, looks_secret

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
