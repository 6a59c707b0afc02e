"""kysiractl render contour."""

import pytest

from ctl.render_output import parse
from tests.ctl.command import run
from tests.ctl.crds import problems
from tests.ctl.golden import Golden, is_complete

HOST = ("--via", "http-proxy", "--fqdn", "shop.example", "--tls-secret", "shop", "--app", "shop:80")
CASES = {
    "global.yaml": (),
    "global-closed.yaml": ("--on-failure", "closed", "--configuration", "edge", "-n", "contour"),
    "http-proxy.yaml": (*HOST, "--namespace", "shop"),
    "tls.yaml": ("--tls", "--tls-ca", "authorities", "--max-body-bytes", "70000"),
    "list.json": ("-o", "json"),
}


@pytest.mark.parametrize("case", CASES)
def test_rendered_is_golden(case: str, golden: Golden) -> None:
    """The very bytes that were read and found good; again and again."""
    outcome = run("render", "contour", *CASES[case])
    assert outcome.code == 0, outcome.err
    golden.check("contour", case, outcome.out)
    assert run("render", "contour", *CASES[case]) == outcome


def test_no_golden_file_is_left_over() -> None:
    """Each is a case's."""
    assert is_complete("contour", set(CASES))


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("yaml")])
def test_rendered_is_what_kubernetes_takes(case: str) -> None:
    """By Contour's own schemas and rules."""
    values = parse(run("render", "contour", *CASES[case]).out)
    assert [problems(value) for value in values] == [[]] * len(values)


def test_mistake_would_be_found() -> None:
    """The check of the case before can fail: a protocol that is none, and a rule broken."""
    value = parse(run("render", "contour", *CASES["tls.yaml"]).out)[0]
    spec = value["spec"]
    assert problems({**value, "spec": {**spec, "protocol": "h3"}})
    other = {**spec["validation"], "subjectNames": ["other"]}
    assert "subjectNames" in problems({**value, "spec": {**spec, "validation": other}})[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fqdn", "a.example"), "--fqdn is for --via http-proxy"),
        (("--via", "http-proxy"), "--fqdn is needed"),
        (HOST[:4], "--tls-secret is needed"),
        ((*HOST[:6], "--app", "shop"), "--app is not a Service"),
        ((*HOST[:2], "--fqdn", "10.0.0.1", *HOST[4:]), "--fqdn is an IP address"),
        (("--tls",), "--tls needs --tls-ca"),
        (("--tls-server-name", "a"), "--tls-server-name needs --tls"),
        (("--ext-proc", "a.b.svc:1", "--ext-proc", "a.c.svc:1"), "--ext-proc one namespace"),
    ],
)
def test_bad_option_is_usage(arguments: tuple[str, ...], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "contour", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_what_contour_can_not_protect_is_told() -> None:
    """Streams that hang, claims that arrive while failing open, the status of a refusal."""
    opened = run("render", "contour", "--threshold", "0.9").err
    for words in ("gRPC streams", "health", "X-Kysira-*", "--threshold"):
        assert words in opened
    closed = run("render", "contour", "--on-failure", "closed").err
    assert "403" in closed
    assert "X-Kysira-*" not in closed


def test_names_stay_text() -> None:
    """A namespace may be called true."""
    for value in parse(
        run("render", "contour", "--namespace", "null", "--configuration", "true").out
    ):
        assert problems(value) == []
        assert {type(value["metadata"][key]) for key in ("name", "namespace")} == {str}


def test_names_of_what_is_there_are_taken() -> None:
    """Certificates' Secrets are called after hosts."""
    given = ["--fqdn", "1.shop.example", "--tls-secret", "1.shop.example", "--app", "shop:80"]
    outcome = run("render", "contour", "--via", "http-proxy", *given, "--namespace", "1password")
    assert outcome.code == 0, outcome.err
    values = parse(outcome.out)
    assert [problems(value) for value in values] == [[]] * len(values)
    assert values[1]["spec"]["virtualhost"]["tls"] == {"secretName": "1.shop.example"}


def test_virtual_host_that_is_there_is_told() -> None:
    """Applied beside the HTTPProxy of that host, or over it, the rendered one takes it down."""
    assert "shop.example" in (told := run("render", "contour", *HOST).err)
    assert "virtualhost.authorization" in told
    assert "virtualhost.authorization" not in run("render", "contour").err
