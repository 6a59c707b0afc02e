"""Each value of a policy file is held to what it means."""

import pytest

from kysira.errors import PolicyError
from kysira.policy_file import parse_policy
from kysira.policy_model import PolicyFile, read_moment
from kysira.policy_text import timestamp
from tests.kysira.test_policy_problems import only_problem

GOOD = [
    "threshold: 0",
    "threshold: 1",
    "timeout_ms: 60000",
    "max_body_bytes: 0",
    "trusted_proxies: []",
    "detectors: {}",
    "routes: []",
    "routes: [{name: a, match: {host: localhost}}]",
    "routes: [{name: a, match: {host: '[::1]'}}]",
    "routes: [{name: a-1, match: {methods: [GET, M-SEARCH]}}]",
    "exclusions: [{name: a, location: '*:body'}]",
    "exclusions: [{name: a, detector: prompt-injection}]",
    "exclusions: [{name: a, path: /a, detector: '*'}]",
    "exclusions: [{name: a, path: /a, expires: 9999-12-31}]",
    "exclusions: [{name: a, path: /a, expires: '9999-12-31T23:59:59-23:59'}]",
    "exclusions: [{name: a, path: /a, expires: '0001-01-01T00:00:00+23:59'}]",
]
BAD = [
    ("threshold: -0.1", "-0.1 must be 0 or more"),
    ("threshold: .nan", "nan must be"),
    ("threshold: '0.9'", "'0.9' must be a number from 0 to 1"),
    ("threshold: true", "True must be a number from 0 to 1"),
    ("timeout_ms: 0", "0 must be 1 or more"),
    ("timeout_ms: 1.5", "1.5 must be a whole number"),
    ("max_body_bytes: 99999999999", "must be 67108864 or less"),
    ("on_oversize: drop", "'drop' must be partial, block or pass"),
    ("trusted_proxies: 10.0.0.0/8", "'10.0.0.0/8' must be a list"),
    ("trusted_proxies: [10.0.0.0/99]", "is no address or network"),
    ("client_address_headers: [forwarded]", "'forwarded' names no client; list some of"),
    ("detectors: [sqli]", "must be keys with values"),
    ("detectors: {waf: {}}", "'waf' is no detector; there are sqli, xss"),
    ("routes: {}", "must be a list"),
    ("routes: [a]", "'a' must be keys with values"),
    ("routes: [{name: A, match: {path: /}}]", "'A' must be of a-z, 0-9 and -"),
    ("routes: [{name: '?', match: {path: /}}]", "'?' must be of a-z, 0-9 and -"),
    ("routes: [{match: {path: /}}]", "name: is missing"),
    ("routes: [{name: a}]", "match: is missing"),
    ("routes: [{name: a, match: {host: 'a:80'}}]", "must be a host's name without a port"),
    ("routes: [{name: a, match: {host: '*'}}]", "must be a host's name without a port"),
    ("routes: [{name: a, match: {host: 'a*.b'}}]", "must be a host's name without a port"),
    ("routes: [{name: a, match: {path: a}}]", "'a' must begin with a slash"),
    ("routes: [{name: a, match: {path: /a/../b}}]", "can be read in more than one way"),
    ("routes: [{name: a, match: {methods: []}}]", "methods: is empty"),
    ("exclusions: [{name: a}]", "it would let everything pass"),
    ("exclusions: [{name: a, path: /, detector: '*'}]", "it would let everything pass"),
    ("exclusions: [{name: a, path: /a, location: ''}]", "must be a pattern such as query:q"),
    ("exclusions: [{name: a, path: /a, expires: soon}]", "'soon' must be a date or a time"),
    ("exclusions: [{name: a, path: /a, expires: 2026-02-30}]", "must be a date or a time"),
    ("exclusions: [{name: a, path: /a, expires: 2026}]", "2026 must be text"),
    ("exclusions: [{name: a, path: /a, detector: waf}]", "'waf' is no detector"),
    ("[]", "must be keys with values"),
    ("text", "must be keys with values"),
]


@pytest.mark.parametrize("text", GOOD)
def test_value_is_taken(text: str) -> None:
    """What can be meant is."""
    assert isinstance(parse_policy(text.encode(), "x"), PolicyFile)


@pytest.mark.parametrize(("text", "words"), BAD)
def test_value_is_refused(text: str, words: str) -> None:
    """In one line that says what to write."""
    assert words in only_problem(text)


def test_lists_are_bounded() -> None:
    """Every request is compared with the routes: there are not too many."""
    rows = "\n".join(f"- {{name: r{n}, match: {{path: /r{n}}}}}" for n in range(300))
    with pytest.raises(PolicyError, match="routes: has more than 256 entries"):
        parse_policy(f"routes:\n{rows}".encode(), "x")


@pytest.mark.parametrize("text", ["", "2026", "2026-13-01", "20261231", "2026-12-31T25:00:00Z"])
def test_moment_is_a_date_or_a_time(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"."):
        read_moment(text)


@pytest.mark.parametrize(
    "text", ["9999-12-31", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
)
def test_farthest_moment_is_shown_as_it_can_be_read(text: str) -> None:
    """What people write for "never" is a time, and stays one when it is shown and read again."""
    moment = read_moment(text)
    assert read_moment(timestamp(moment)) == moment
