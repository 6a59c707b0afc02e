"""kysiractl render istio."""

import pytest

from ctl.render_output import parse
from tests.ctl.command import run
from tests.ctl.crds import problems, rules_run
from tests.ctl.golden import Golden, is_complete

SHOP = ("--selector", "app=shop")
CASES = {
    "selector.yaml": SHOP,
    "closed.yaml": (
        *SHOP, "--envoy-version", "1.36", "--on-failure", "closed", "--status-on-error", "429",
    ),
    "gateway.yaml": ("--context", "gateway", "-l", "istio=ingressgateway", "-n", "edge"),
    "outbound-all.yaml": ("--context", "SIDECAR_OUTBOUND", "--all-workloads"),
    "several.yaml": (*SHOP, "--ext-proc", "a.ns.svc:1", "--ext-proc", "b.ns.svc:2"),
    "tls.yaml": (*SHOP, "--tls", "--tls-ca", "/ca.pem", "--tls-server-name", "guard"),
    "json.json": (*SHOP, "-o", "json"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rendered_is_golden(case: str, golden: Golden) -> None:
    """The very bytes that were read and found good; again and again."""
    outcome = run("render", "istio", *CASES[case])
    assert outcome.code == 0, outcome.err
    golden.check("istio", case, outcome.out)
    assert run("render", "istio", *CASES[case]) == outcome


def test_no_golden_file_is_left_over() -> None:
    """Each is a case's."""
    assert is_complete("istio", set(CASES))


@pytest.mark.parametrize("case", CASES)
def test_rendered_is_what_kubernetes_takes(case: str) -> None:
    """By Istio's own schema and rules."""
    (value,) = parse(run("render", "istio", *CASES[case]).out)
    assert problems(value) == []
    assert rules_run(value) > 0


def test_mistake_would_be_found() -> None:
    """The check of the case before can fail: a misspelt field, and a rule that is broken."""
    (value,) = parse(run("render", "istio", *SHOP).out)
    spec = value["spec"]
    assert problems({**value, "spec": {**spec, "workloadselector": {}}})
    both = {**spec, "targetRefs": [{"kind": "Gateway", "group": "a", "name": "b"}]}
    assert "targetRefs" in problems({**value, "spec": both})[0]


def test_whole_mesh_must_be_meant() -> None:
    """Exit 4, nothing on stdout, and on stderr what it would do and what to say instead."""
    outcome = run("render", "istio")
    assert (outcome.code, outcome.out) == (4, "")
    for words in ("every sidecar of the mesh", "--selector app=shop", "--all-workloads"):
        assert words in outcome.err
    assert run("render", "istio", "--all-workloads").code == 0
    assert run("render", "istio", "--namespace", "shop").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*SHOP, "--all-workloads"), "--all-workloads leave it out"),
        (("-l", "app"), "--selector is not a label"),
        ((*SHOP, "--namespace", "A"), "--namespace is not a namespace"),
        ((*SHOP, "--tls-server-name", "a"), "--tls-server-name needs --tls"),
        ((*SHOP, "--tls", "--ext-proc", "a:1", "--ext-proc", "b:1"), "--tls-server-name"),
        ((*SHOP, "--context", "sidecar"), "--context sidecar_inbound"),
        ((*SHOP, "--envoy-version", "new"), "--envoy-version is not a version"),
        ((*SHOP, "--threshold", "2"), "--threshold"),
    ],
)
def test_bad_option_is_usage(arguments: tuple[str, ...], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "istio", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_mode_and_threshold_are_told_where_to_set() -> None:
    """An EnvoyFilter holds neither; the options are taken, and change nothing but stderr."""
    plain = run("render", "istio", *SHOP)
    outcome = run("render", "istio", *SHOP, "--mode", "active", "--threshold", "0.9")
    assert outcome.out == plain.out
    for words in ("KYSIRA_MODE=active", "kysiractl mode active", "KYSIRA_SCORE_THRESHOLD=0.9"):
        assert words in outcome.err


def test_too_old_envoy_is_invalid() -> None:
    """Exit 4; one that lacks less gets the rest, and a note for each part."""
    assert run("render", "istio", *SHOP, "--envoy-version", "1.31").code == 4
    outcome = run("render", "istio", *SHOP, "--envoy-version", "1.35")
    assert outcome.code == 0
    assert outcome.err.count("Envoy 1.35: ") == 2
    assert "remove_on_match" not in outcome.out
    assert "remove: x_kysira_score" in outcome.out


def test_names_stay_text() -> None:
    """A namespace may be called true."""
    for value in parse(
        run("render", "istio", "-l", "app=shop", "--namespace", "true", "--name", "on").out
    ):
        assert problems(value) == []
        assert {type(value["metadata"][key]) for key in ("name", "namespace")} == {str}


def test_default_is_for_every_mesh() -> None:
    """A sidecar older than what is in it would refuse the whole listener, and new pods with it."""
    outcome = run("render", "istio", *SHOP)
    assert outcome.out == run("render", "istio", *SHOP, "--envoy-version", "1.32").out
    assert "remove_on_match" not in outcome.out
    assert "Istio 1.28" in outcome.err
    newer = run("render", "istio", *SHOP, "--envoy-version", "1.36")
    assert "remove_on_match" in newer.out
    assert "Istio 1.28" not in newer.err


def test_default_finds_every_pod() -> None:
    """It is the Service that our manifests make for this: headless, and with that port."""
    outcome = run("render", "istio", *SHOP)
    assert "headless" not in outcome.err
    made = [value for value in parse(run("render", "kustomize").out) if value["kind"] == "Service"]
    (headless,) = (value for value in made if value["spec"].get("clusterIP") == "None")
    name, namespace = (headless["metadata"][key] for key in ("name", "namespace"))
    host = f"{name}.{namespace}.svc.cluster.local"
    assert f'address: "{host}", port_value: 50051' in outcome.out
    assert 50051 in [port["port"] for port in headless["spec"]["ports"]]


def test_other_filters_come_first() -> None:
    """Istio applies patches by priority: 0 unless said otherwise, in whatever namespace."""
    (value,) = parse(run("render", "istio", *SHOP).out)
    assert value["spec"]["priority"] > 0


def test_reach_of_another_namespace_is_told() -> None:
    """Outside the root a filter reaches its own namespace alone, whatever the selector says."""
    words = "reaches workloads of kysira alone"
    assert words in run("render", "istio", *SHOP, "--namespace", "kysira").err
    assert words in run("render", "istio", "--namespace", "kysira").err
    assert "alone" not in run("render", "istio", *SHOP).err
    root = ["--namespace", "kysira", "--root-namespace", "kysira"]
    assert "alone" not in run("render", "istio", *SHOP, *root).err
