"""A policy file becomes a policy, and a broken one says all that is wrong with it."""

import json
import os
from pathlib import Path

import pytest

from kysira.client_address import read_networks
from kysira.errors import PolicyError
from kysira.front_end import FrontEndSettings
from kysira.policy import Policy
from kysira.policy_file import (
    MAX_FILE_BYTES,
    build,
    parse_policy,
    policy_schema,
    policy_schema_text,
    read_policy,
)
from kysira.policy_text import policy_to_json
from kysira.routes import Route
from kysira.settings import OnFailure, OnOversize
from kysira.types import Exclusion, Mode, ScoreOptions

SCHEMA = Path(__file__).parents[2] / "docs" / "kysira.schema.json"
WHOLE = b"""\
mode: active
threshold: 0.9
timeout_ms: 200
max_body_bytes: 65536
on_oversize: block
on_failure: closed
trusted_proxies: [10.0.0.0/8, "::1"]
client_address_headers: [X-Forwarded-For]
detectors:
  sqli: {threshold: 0.8}
  xss: {enabled: false}
routes:
  - name: uploads
    match: {host: "*.Shop.example", path: /upload/, methods: [POST, PUT]}
    mode: shadow
    threshold: 0.99
    inspect_body: false
    on_failure: open
  - name: rest
    match: {path: /}
exclusions:
  - name: cms
    path: /cms/
    location: form:body
    detector: xss
    expires: 2026-12-31
    reason: "the CMS sends HTML; ticket 4711"
  - name: search
    location: query:q
"""
NEW_YEAR = 1798761600.0
"""2027-01-01T00:00:00Z."""
POLICY = Policy(
    ScoreOptions(0.9, {"sqli": 0.8}, frozenset({"xss"})),
    65536,
    OnOversize.BLOCK,
    OnFailure.CLOSED,
    0.2,
    Mode.ACTIVE,
    (
        Route(
            "uploads",
            "*.shop.example",
            "/upload",
            frozenset({"POST", "PUT"}),
            Mode.SHADOW,
            0.99,
            inspect_body=False,
            on_failure=OnFailure.OPEN,
        ),
        Route("rest"),
    ),
    (
        Exclusion("/cms", "form:body", "xss", "cms", NEW_YEAR, "the CMS sends HTML; ticket 4711"),
        Exclusion("/", "query:q", "*", "search"),
    ),
    read_networks("10.0.0.0/8,::1"),
    ("x-forwarded-for",),
)


def problems(text: str) -> list[str]:
    """Return what is wrong with a file of this text."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.encode(), "kysira.yaml")
    return list(caught.value.problems)


def test_everything_that_is_said_holds(tmp_path: Path) -> None:
    """Each key reaches the policy; hosts, prefixes and headers as they are compared."""
    file = tmp_path / "kysira.yaml"
    file.write_bytes(WHOLE)
    assert build(read_policy(file), {}, 0.0) == POLICY.at(0.0)


def test_a_date_is_up_to_its_end() -> None:
    """The exclusion holds on its last day, and not on the next."""
    declared = parse_policy(WHOLE, "x")
    names = [e.name for e in build(declared, {}, NEW_YEAR - 1).options.exclusions]
    assert names == ["cms", "search"]
    gone = build(declared, {}, NEW_YEAR)
    assert [e.name for e in gone.options.exclusions] == ["search"]
    assert gone.exclusions == POLICY.exclusions


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-12-31", NEW_YEAR),
        ("2026-12-31T23:59:59Z", NEW_YEAR - 1),
        ("2026-12-31T23:59:59", NEW_YEAR - 1),
        ("2027-01-01 01:00:00+01:00", NEW_YEAR),
        ("2026-12-31t23:59:59.9z", NEW_YEAR - 1),
    ],
)
def test_times_are_utc_unless_they_say(text: str, seconds: float) -> None:
    """RFC 3339, with a blank or without a zone too, quoted or not."""
    for quoted in (text, f"'{text}'"):
        row = f"exclusions: [{{name: a, path: /a, expires: {quoted}}}]".encode()
        if "'" in quoted or " " not in quoted:
            assert build(parse_policy(row, "x"), {}, 0.0).exclusions[0].expires == seconds


def test_empty_mapping_is_the_defaults() -> None:
    """A file that says nothing changes nothing, against settings that say nothing."""
    assert build(parse_policy(b"{}", "x"), {}, 0.0) == FrontEndSettings().stated_policy == Policy()


def test_what_is_given_beats_the_file() -> None:
    """Options and variables win, detector by detector where the file is about detectors."""
    given = {
        "mode": Mode.SHADOW, "score_threshold": 0.5, "timeout_ms": 100, "max_body_bytes": 1,
        "on_oversize": OnOversize.PARTIAL, "on_failure": OnFailure.OPEN,
        "disabled_detectors": ("crlf",), "trusted_proxies": (),
        "client_address_headers": ("x-real-ip",),
    }  # fmt: skip
    policy = build(parse_policy(WHOLE, "x"), given, 0.0)
    assert policy.options.threshold == 0.5
    assert policy.options.thresholds == {"sqli": 0.8}
    assert policy.options.disabled == {"crlf"}
    assert (policy.mode, policy.timeout_s, policy.max_body_bytes) == (Mode.SHADOW, 0.1, 1)
    assert (policy.on_oversize, policy.on_failure) == (OnOversize.PARTIAL, OnFailure.OPEN)
    assert (policy.trusted_proxies, policy.client_address_headers) == ((), ("x-real-ip",))
    assert policy.routes == POLICY.routes


def test_policy_can_be_written_back() -> None:
    """What is shown of a policy is a file that declares it."""
    shown = json.dumps(policy_to_json(POLICY)).encode()
    again = build(parse_policy(shown, "x"), {}, 0.0)
    assert again == POLICY.at(0.0)
    assert again.hash == POLICY.hash


def test_all_that_is_wrong_is_told_at_once() -> None:
    """One line each, in the order of the file, with its place and what to write."""
    assert problems(
        "mod: active\n"
        "mode: activ\n"
        "threshold: 1.5\n"
        "detectors:\n"
        "  sqlli: {threshold: 0.9}\n"
        "  xss: {enabeld: false, enabled: no}\n"
        "routes:\n"
        "  - name: a\n"
        "    match: {}\n"
        "  - name: a\n"
        "    match: {path: /x, methods: [post]}\n"
        "    mode: activ\n"
        "mode: shadow\n"
    ) == [
        "kysira.yaml:1: mod: there is no such key; is it mode?",
        "kysira.yaml:2: mode: 'activ' must be shadow or active",
        "kysira.yaml:3: threshold: 1.5 must be 1 or less",
        "kysira.yaml:5: detectors.sqlli: 'sqlli' is no detector; is it sqli?",
        "kysira.yaml:6: detectors.xss.enabeld: there is no such key; is it enabled?",
        "kysira.yaml:6: detectors.xss.enabled: 'no' must be true or false",
        "kysira.yaml:9: routes[0].match: must say host, path or methods",
        "kysira.yaml:10: routes[1].name: 'a' is there twice",
        "kysira.yaml:11: routes[1].match.methods[0]: 'post' must be a method in capitals, "
        "such as POST",
        "kysira.yaml:12: routes[1].mode: 'activ' must be shadow or active",
        "kysira.yaml:13: 'mode' is there twice",
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n"])
def test_empty_file_is_no_policy(text: str) -> None:
    """A file that was cut to nothing must not be taken for one that wants the defaults."""
    assert problems(text) == ["kysira.yaml:1: is empty: write {} for a policy of defaults"]


def test_file_must_be_text() -> None:
    """The line of what is no UTF-8 is told."""
    with pytest.raises(PolicyError, match=r"kysira.yaml:2: is not UTF-8"):
        parse_policy(b"mode: shadow\nthreshold: \xff", "kysira.yaml")


def test_file_must_be_there_and_small(tmp_path: Path) -> None:
    """What is missing, no file, or too long to be one is named."""
    pipe, long = tmp_path / "pipe", tmp_path / "long.yaml"
    os.mkfifo(pipe)
    long.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    for path, words in (
        (tmp_path / "none.yaml", "none.yaml: no such file"),
        (tmp_path, ": is no file"),
        (pipe, "pipe: is no file"),
        (long, "long.yaml: is longer than"),
    ):
        with pytest.raises(PolicyError, match=words):
            read_policy(path)


def test_published_schema_is_the_files() -> None:
    """docs/kysira.schema.json says what the file is checked by."""
    assert SCHEMA.read_text() == policy_schema_text(), "write policy_schema_text() into it"


def test_schema_knows_keys_and_words() -> None:
    """An editor can offer keys, modes and detectors, and mark what there is not."""
    schema = policy_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert "sqli" in schema["properties"]["detectors"]["propertyNames"]["enum"]
    assert schema["$defs"]["Mode"]["enum"] == ["shadow", "active"]
    assert set(schema["$defs"]["RoutePart"]["required"]) == {"name", "match"}
