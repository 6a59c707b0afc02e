"""kysiractl render envoy-gateway."""

from pathlib import Path

import pytest

from ctl.render_output import parse
from tests.ctl.command import run
from tests.ctl.crds import problems, rules_run
from tests.ctl.golden import Golden, is_complete

EG = ("--gateway", "eg")
CASES = {
    "default.yaml": EG,
    "closed.yaml": (*EG, "--on-failure", "closed", "--status-on-error", "429"),
    "same-namespace.yaml": (*EG, "-n", "kysira", "--listener", "https"),
    "several.yaml": (*EG, "--ext-proc", "a.one.svc:1", "--ext-proc", "b.two.svc:2", "--tls"),
    "tls.yaml": (*EG, "--tls", "--tls-ca", "authorities", "--tls-server-name", "guard.example"),
    "list.json": (*EG, "-o", "json"),
}


@pytest.mark.parametrize("case", CASES)
def test_rendered_is_golden(case: str, golden: Golden) -> None:
    """The very bytes that were read and found good; again and again."""
    outcome = run("render", "envoy-gateway", *CASES[case])
    assert outcome.code == 0, outcome.err
    golden.check("envoy-gateway", case, outcome.out)
    assert run("render", "envoy-gateway", *CASES[case]) == outcome


def test_no_golden_file_is_left_over() -> None:
    """Each is a case's."""
    assert is_complete("envoy-gateway", set(CASES))


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("yaml")])
def test_rendered_is_what_kubernetes_takes(case: str) -> None:
    """By Envoy Gateway's and the Gateway API's own schemas and rules."""
    values = parse(run("render", "envoy-gateway", *CASES[case]).out)
    assert [problems(value) for value in values] == [[]] * len(values)
    assert rules_run(values[0]) > 10


def test_mistake_would_be_found() -> None:
    """The check of the case before can fail: a field that is not there, and a rule broken."""
    value = parse(run("render", "envoy-gateway", *EG).out)[0]
    spec = value["spec"]
    assert problems({**value, "spec": {**spec, "bodyMode": "None"}})
    duplex = {**spec["extProc"][0], "processingMode": {"request": {"body": "FullDuplexStreamed"}}}
    assert "FullDuplex" in problems({**value, "spec": {**spec, "extProc": [duplex]}})[0]


def test_folder_gets_a_file_for_each_object(tmp_path: Path) -> None:
    """Named by kind."""
    outcome = run("render", "envoy-gateway", *EG, "--output-dir", str(tmp_path))
    assert (outcome.code, outcome.out) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "clienttrafficpolicy.yaml", "envoyextensionpolicy.yaml", "referencegrant.yaml",
    ]  # fmt: skip
    assert "kubectl apply -f" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--gateway"),
        ((*EG, "--ext-proc", "guard:1"), "--ext-proc no Service"),
        ((*EG, "--tls-ca", "a"), "--tls-ca needs --tls"),
        ((*EG, "--tls-server-name", "a"), "--tls-server-name needs --tls"),
        (("--gateway", "A.b"), "--gateway is not a name"),
    ],
)
def test_bad_option_is_usage(arguments: tuple[str, ...], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "envoy-gateway", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_what_is_not_guarded_is_told() -> None:
    """Routes with a policy of their own, a second client policy, trailers."""
    outcome = run("render", "envoy-gateway", *EG, "--mode", "active")
    for words in ("of its own is not guarded", "ClientTrafficPolicy", "trailers", "--mode"):
        assert words in outcome.err


def test_names_stay_text() -> None:
    """A namespace may be called true."""
    for value in parse(
        run("render", "envoy-gateway", *EG, "--namespace", "true", "--listener", "no", "--tls").out
    ):
        assert problems(value) == []
        assert {type(value["metadata"][key]) for key in ("name", "namespace")} == {str}


def test_names_of_what_is_there_are_taken() -> None:
    """A Gateway, a listener and a ConfigMap are called what they are called: dots, digits."""
    given = ["--gateway", "1.edge", "--listener", "https.shop", "--namespace", "1password"]
    outcome = run("render", "envoy-gateway", *given, "--tls", "--tls-ca", "ca.1.5")
    assert outcome.code == 0, outcome.err
    values = parse(outcome.out)
    assert [problems(value) for value in values] == [[]] * len(values)
    (target,) = values[0]["spec"]["targetRefs"]
    assert (target["name"], target["sectionName"]) == ("1.edge", "https.shop")


def test_two_ports_of_a_service_are_granted_once() -> None:
    """No two objects are one and the same: kustomize would refuse them."""
    ports = ["--ext-proc", "a.one.svc:1", "--ext-proc", "a.one.svc:2", "--ext-proc", "a.one.svc:1"]
    values = parse(run("render", "envoy-gateway", *EG, *ports, "--tls").out)
    names = [(value["kind"], value["metadata"]["name"]) for value in values]
    assert len(names) == len(set(names)) == 4
    (ext_proc,) = values[0]["spec"]["extProc"]
    assert [each["port"] for each in ext_proc["backendRefs"]] == [1, 2]


@pytest.mark.parametrize("time", ["1ms", "99999ms", "100s", "100.5s", "3600s"])
def test_every_timeout_is_what_kubernetes_takes(time: str) -> None:
    """Durations of the Gateway API have five digits at most."""
    value = parse(run("render", "envoy-gateway", *EG, "--message-timeout", time).out)[0]
    assert problems(value) == []
