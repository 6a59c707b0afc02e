"""A valid policy that may not do what it seems to is warned of."""

import pytest

from ctl.policy.advice import warnings_of
from ctl.policy.source import Known, of_defaults
from tests.ctl.replay.made import NOW, known

LONG = "a" * 64
TAKEN = "all that it would is for"


def warned(text: str) -> list[str]:
    """Return the warnings about a file's text, without places."""
    return [each.text for each in warnings_of(known(text), NOW)]


def exclusions(*rows: str) -> str:
    """Return a file with exclusions."""
    return "exclusions:\n" + "".join(f"  - {{name: e{n}, {row}}}\n" for n, row in enumerate(rows))


def routes(*rows: str, mode: str = "active") -> str:
    """Return a file with routes."""
    listed = "".join(f"  - {{name: r{n}, {row}}}\n" for n, row in enumerate(rows))
    return f"mode: {mode}\nroutes:\n{listed}"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("location: 'query:q', expires: 2027-01-14", "expired at 2027-01-15T00:00:00Z"),
        ("location: 'query:q', expires: 2027-01-20", "expires soon, at 2027-01-21T00:00:00Z"),
        ("detector: xss", "xss is switched off everywhere"),
        ("detector: xss, location: '?*'", "xss is switched off everywhere"),
        ("path: /api", "every detector is switched off under /api"),
        ("location: 'query:*'", "every detector is switched off in every query, on all paths"),
        ("location: 'path*', detector: ssrf", "ssrf is switched off in every path"),
        ("location: 'qurey:q'", "no location begins like 'qurey:q'"),
        ("location: 'param*'", "no location begins like"),
        ("location: 'form:a[0]'", "write [[] for a bracket: 'form:a[[]0]'"),
    ],
)
def test_odd_exclusion_is_warned_of(row: str, words: str) -> None:
    """Each in one line, that says what is odd."""
    (text,) = warned(exclusions(row))
    assert words in text


@pytest.mark.parametrize(
    "row",
    [
        "path: /cms, location: 'form:body', detector: xss",
        "location: 'query:q', expires: 2028-01-01",
        "location: 'form:a[[]0]'", "path: /api, detector: xss", "location: 'header:x-*'",
        "path: /a, location: 'query:*'", "location: 'json:*.html'",
        "location: path, detector: ssrf", "location: '*:q'", "location: '[fq]*:q'",
    ],
)  # fmt: skip
def test_usual_exclusion_is_not_warned_of(row: str) -> None:
    """A narrow one, or one that is broad in one place, is nobody's mistake."""
    assert warned(exclusions(row)) == []


def test_exclusion_of_a_detector_that_is_off() -> None:
    """It never counts."""
    text = "detectors: {xss: {enabled: false}}\n" + exclusions("location: 'query:q', detector: xss")
    assert warned(text) == ["e0 never counts: xss is switched off"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["match: {path: /}", "match: {path: /a}"], f"r1 never matches: {TAKEN} r0"),
        (["match: {path: /a}", "match: {path: /a/b, methods: [GET]}"], f"{TAKEN} r0"),
        (["match: {host: '*.shop.example'}", "match: {host: www.shop.example, path: /a}"],
         f"{TAKEN} r0"),
        (["match: {host: '*.example'}", "match: {host: '*.shop.example'}"], f"{TAKEN} r0"),
        (["match: {methods: [GET]}", "match: {methods: [POST, PUT]}",
          "match: {path: /a, methods: [GET, PUT]}"], f"{TAKEN} r0 and r1"),
        ([f"match: {{host: {LONG}.example}}"], "longer than 63 characters"),
        (["match: {host: 10.0.0}"], "ends like an IP address and is none"),
        (["match: {host: '*.10.0.0.1'}"], "ends like an IP address and is none"),
        (["match: {host: '[:::]'}"], "no IPv6 address"),
    ],
)  # fmt: skip
def test_route_that_never_matches_is_warned_of(rows: list[str], words: str) -> None:
    """An earlier one takes everything, or no client can name its host."""
    (text,) = warned(routes(*rows))
    assert words in text


@pytest.mark.parametrize(
    "rows",
    [
        ["match: {path: /a}", "match: {path: /ab}"],
        ["match: {path: /a, methods: [GET]}", "match: {path: /a}"],
        ["match: {host: '*.shop.example'}", "match: {host: shop.example}"],
        ["match: {host: shop.example}", "match: {path: /a}"],
        ["match: {methods: [GET]}", "match: {methods: [GET, POST]}"],
        ["match: {host: 10.0.0.1}", "match: {host: '[::1]'}"],
    ],
)
def test_route_that_may_match_is_not_warned_of(rows: list[str]) -> None:
    """Part of what it says is left to it."""
    assert warned(routes(*rows)) == []


def test_active_route_in_shadow_is_warned_of() -> None:
    """A global shadow beats it."""
    rows = ["match: {path: /a}, mode: active", "match: {path: /b}, mode: shadow"]
    (text,) = warned(routes(*rows, mode="shadow"))
    assert text.startswith("r0 is not active: mode is shadow")
    assert warned(routes(*rows)) == []


def test_warning_has_its_line() -> None:
    """As errors have, in the order of the file."""
    file = known(exclusions("detector: xss", "path: /a") + "mode: active\n")
    told = [each.told("kysira.yaml") for each in warnings_of(file, NOW)]
    assert told[0].startswith("kysira.yaml:2: exclusions[0]: e0 is broad")
    assert told[1].startswith("kysira.yaml:3: exclusions[1]: e1 is broad")
    nowhere = Known("waf", file.policy, file.mode)
    assert warnings_of(nowhere, NOW)[0].told("waf").startswith("waf: exclusions[0]: ")
    assert warnings_of(of_defaults(), NOW) == []
