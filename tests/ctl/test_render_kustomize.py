"""kysiractl render kustomize."""

import json
import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from ctl.render_output import parse
from tests.ctl.command import Outcome, run
from tests.ctl.golden import Golden, is_complete
from tests.needs import need

EVERY = [
    "--component", "ext-proc", "--component", "proxy", "--component", "nginx-auth-adapter",
    "--component", "inference", "--target", "http://shop.shop.svc:3000",
]  # fmt: skip
CASES = {
    "ext-proc.yaml": [],
    "every.yaml": EVERY,
    "proxy.yaml": [
        "--component", "proxy", "--target", "https://shop.example", "--namespace", "waf", "--mode",
        "active", "--threshold", "0.9", "--timeout-ms", "200", "--on-failure", "closed",
        "--max-body-bytes", "65536", "--replicas", "1", "--max-replicas", "1", "--sinks",
        "stdout,http", "--http-sink-url", "https://logs.example/in", "--admin-token-secret", "mine",
        "--image-registry", "registry.example:5000/x", "--image-tag", "v7",
        "--inference-url", "http://kysira-inference.other.svc:8081",
    ],
}  # fmt: skip


def rendered(*arguments: str) -> Outcome:
    """Return what the command prints, which it must."""
    outcome = run("render", "kustomize", *arguments)
    assert outcome.code == 0, outcome.err
    return outcome


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, golden: Golden) -> None:
    """What was read and found good is what is printed."""
    golden.check("kustomize", case, rendered(*CASES[case], *_fixed_tag(case)).out)


def test_every_golden_has_its_case() -> None:
    """None is left behind."""
    assert is_complete("kustomize", set(CASES))


def test_every_option_arrives() -> None:
    """Each option changes what is rendered."""
    values = {
        v["kind"] + "/" + v["metadata"]["name"]: v
        for v in parse(rendered(*CASES["proxy.yaml"]).out)
    }
    (policy,) = parse(values["ConfigMap/kysira-policy"]["data"]["kysira.yaml"])
    assert policy == {
        "mode": "active", "threshold": 0.9, "timeout_ms": 200, "max_body_bytes": 65536,
        "on_failure": "closed",
    }  # fmt: skip
    data = values["ConfigMap/kysira-proxy"]["data"]
    assert data["KYSIRA_TARGET_URL"] == "https://shop.example:443"
    assert data["KYSIRA_INFERENCE_URL"] == "http://kysira-inference.other.svc:8081"
    assert (data["KYSIRA_SINKS"], data["KYSIRA_HTTP_SINK_URL"]) == (
        "stdout,http", "https://logs.example/in",
    )  # fmt: skip
    deployment = values["Deployment/kysira-proxy"]
    assert deployment["metadata"]["namespace"] == "waf"
    assert deployment["spec"]["replicas"] == 1
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example:5000/x/kysira-proxy:v7"
    assert container["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "mine"


def test_last_options_arrive_too() -> None:
    """Those that the case above leaves alone."""
    out = rendered("--device", "cuda", "--component", "inference", "--no-network-policy").out
    assert 'KYSIRA_DEVICE: "cuda"' in out
    assert "NetworkPolicy" not in out
    assert "kysira-policy" not in out
    assert "kubernetes.io/metadata.name: prom" in rendered("--metrics-namespace", "prom").out


def test_folder_is_what_kubectl_applies(tmp_path: Path) -> None:
    """Kubectl makes of the folder what the stream holds."""
    kubectl = shutil.which("kubectl")
    need(kubectl, "kubectl: apt-get install kubernetes-client")
    folder = tmp_path / "kysira"
    outcome = rendered(*EVERY, "--output-dir", str(folder))
    assert f"kubectl apply -k {folder}" in outcome.err
    done = subprocess.run(
        [str(kubectl), "kustomize", str(folder)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert _by_name(done.stdout) == _by_name(rendered(*EVERY).out)


def test_names_stay_text() -> None:
    """A namespace may be called yes, which kubectl takes for true, and a Secret 1.5."""
    out = rendered(
        *EVERY, "--namespace", "yes", "--metrics-namespace", "on", "--admin-token-secret", "1.5"
    ).out
    for line in ('namespace: "yes"', 'metadata.name: "on"', 'name: "1.5"'):
        assert line in out
    assert not re.search(r": (yes|on|1\.5)[\n},]", out)
    assert {v["metadata"]["namespace"] for v in parse(out)} == {"yes"}


def test_folder_names_its_namespace_as_text(tmp_path: Path) -> None:
    """In kustomization.yaml too."""
    rendered("--namespace", "null", "--output-dir", str(tmp_path))
    assert parse((tmp_path / "kustomization.yaml").read_text())[0]["namespace"] == "null"


@pytest.mark.parametrize("option", [("--target", "http://shop:1"), ("--device", "cuda")])
def test_option_for_what_does_not_run_is_told(option: tuple[str, str]) -> None:
    """The app is the proxy's, the device the inference service's."""
    assert f"{option[0]} has no effect" in rendered(*option).err
    assert "has no effect" not in rendered(*EVERY, *option).err


def test_json_is_one_list() -> None:
    """The same objects, for programs."""
    listed = json.loads(rendered("-o", "json").out)
    assert listed["kind"] == "List"
    assert listed["items"] == parse(rendered().out)


def test_own_policy_is_embedded(tmp_path: Path) -> None:
    """As it is; an option beside it wins, which is told."""
    path = tmp_path / "mine.yaml"
    path.write_text("# ours\nmode: shadow\nroutes:\n  - name: up\n    match: {path: /up}\n")
    outcome = rendered("--policy", str(path), "--mode", "active")
    values = _by_name(outcome.out)
    assert values["ConfigMap/kysira-policy"]["data"]["kysira.yaml"] == path.read_text()
    assert values["ConfigMap/kysira-ext-proc"]["data"]["KYSIRA_MODE"] == "active"
    assert "in kysira.yaml mode will have no effect" in outcome.err


def test_values_file_sets_options(tmp_path: Path) -> None:
    """As for the other targets."""
    path = tmp_path / "values.yaml"
    path.write_text("component: [proxy]\ntarget: http://shop:1\nmode: active\nreplicas: 4\n")
    values = _by_name(rendered("-f", str(path), "--set", "max_replicas=4").out)
    assert values["Deployment/kysira-proxy"]["spec"]["replicas"] == 4
    assert "mode: active" in values["ConfigMap/kysira-policy"]["data"]["kysira.yaml"]


def test_token_is_asked_for() -> None:
    """Until there is a Secret, port-forward alone may flip the mode; with one, nothing is said."""
    assert "create secret generic kysira-admin-token" in rendered().err
    assert rendered("--admin-token-secret", "mine").err == ""
    assert rendered("--component", "inference").err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--component", "dashboard"], "--component"),
        (["--component", "proxy"], "--target the proxy needs the URL"),
        (["--namespace", "A_b"], "--namespace is not a namespace"),
        (["--target", "shop:80"], "--target must begin with http"),
        (["--target", "http://me:secret@shop"], "--target password"),
        (["--sinks", "kafka"], "--sinks is no sink"),
        (["--sinks", "http"], "KYSIRA_HTTP_SINK_URL"),
        (["--inference-url", "x:1"], "--inference-url must begin with http"),
        (["--admin-token-secret", "A"], "--admin-token-secret is not a name"),
        (["--metrics-namespace", ""], "--metrics-namespace is not a namespace"),
        (["--image-registry", "a b"], "--image-registry is not a registry"),
        (["--image-tag", "a b"], "--image-tag is not an image"),
        (["--replicas", "0"], "--replicas"),
        (["--timeout-ms", "0"], "--timeout-ms"),
        (["--threshold", "2"], "--threshold"),
        (["--output", "x", "--output-dir", "y"], "--output"),
        (["--output-dir", "y", "-o", "json"], "--output-dir kustomization.yaml"),
    ],
)
def test_bad_option_is_usage(arguments: list[str], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "kustomize", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_bad_policy_is_invalid(tmp_path: Path) -> None:
    """Exit 4, with file, line and what to do."""
    path = tmp_path / "mine.yaml"
    path.write_text("mode: activ\n")
    outcome = run("render", "kustomize", "--policy", str(path))
    assert (outcome.code, outcome.out) == (4, "")
    assert f"{path}:1: mode" in outcome.err


def _fixed_tag(case: str) -> list[str]:
    """Return options that keep a golden file the same in the next version."""
    return [] if "--image-tag" in CASES[case] else ["--image-tag", "0.0.0"]


def _by_name(text: str) -> dict[str, Any]:
    documents = chain(parse(text))
    return {f"{value['kind']}/{value['metadata']['name']}": value for value in documents}
