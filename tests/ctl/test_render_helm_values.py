"""kysiractl render helm-values."""

import json
from pathlib import Path
from typing import Any

import pytest

from ctl.charts.table import CHARTS
from ctl.render_output import parse
from tests.ctl.command import Outcome, run
from tests.ctl.golden import Golden, is_complete

SELECTED = ["--selector", "app=shop"]
TOLD = [
    "--target", "http://shop:3000", "--selector", "app=shop,tier=web", "--mode", "active",
    "--threshold", "0.9", "--timeout-ms", "700", "--on-failure", "closed", "--max-body-bytes",
    "65536", "--message-timeout", "900ms", "--inference-url", "http://i:1", "--device", "cuda",
    "--sinks", "stdout,http", "--http-sink-url", "https://logs.example/in",
    "--admin-token-secret", "mine", "--replicas", "3", "--context", "GATEWAY",
    "--envoy-filter-namespace", "shop", "--namespace", "waf",
]  # fmt: skip
CASES = {
    "platform.yaml": SELECTED,
    "told.yaml": TOLD,
    **{f"{name}.yaml": ["--chart", name, "--all", "--no-envoy-filter"] for name in CHARTS},
}


def rendered(*arguments: str) -> Outcome:
    """Return what the command prints, which it must."""
    outcome = run("render", "helm-values", *arguments)
    assert outcome.code == 0, outcome.err
    return outcome


def values(*arguments: str) -> dict[str, Any]:
    """Return the values that it prints."""
    (found,) = parse(rendered(*arguments).out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, golden: Golden) -> None:
    """What was read and found good is what is printed."""
    golden.check("helm-values", case, rendered(*CASES[case]).out)


def test_every_golden_has_its_case() -> None:
    """None is left behind."""
    assert is_complete("helm-values", set(CASES))


def test_every_option_arrives() -> None:
    """Each option changes what is rendered, in the charts that it concerns."""
    found = values(*TOLD)
    ext_proc, proxy = found["kysira-ext-proc"], found["kysira-proxy"]
    for config in (ext_proc["config"], proxy["config"]):
        assert (config["mode"], config["scoreThreshold"]) == ("active", 0.9)
        assert (config["timeoutMs"], config["maxBodyBytes"]) == (700, 65536)
        assert (config["onFailure"], config["inferenceURL"]) == ("closed", "http://i:1")
        assert (config["sinks"], config["httpSinkURL"]) == (
            "stdout,http",
            "https://logs.example/in",
        )
        assert config["adminTokenSecret"] == "mine"
    assert proxy["config"]["targetURL"] == "http://shop:3000"
    assert ext_proc["envoyFilter"] == {
        "enabled": True, "context": "GATEWAY", "workloadSelector": {"app": "shop", "tier": "web"},
        "namespace": "shop", "messageTimeout": "900ms", "failureModeAllow": False,
    }  # fmt: skip
    assert {part["replicaCount"] for part in found.values()} == {3}
    assert "-n waf " in rendered(*TOLD).out


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_both_spellings_of_the_device_are_rendered(device: str) -> None:
    """Equal, for the one chart and for the umbrella; front-ends keep their own."""
    alone = values("--chart", "kysira-inference", "--device", device)
    assert alone["env"]["KYSIRA_DEVICE"] == alone["config"]["device"] == device
    part = values(*SELECTED, "--device", device)
    assert part["kysira-inference"]["env"]["KYSIRA_DEVICE"] == device
    assert part["kysira-inference"]["config"]["device"] == device
    assert "device" not in part["kysira-proxy"]["config"]


@pytest.mark.parametrize("chart", ["kysira-platform", "kysira-ext-proc"])
def test_whole_mesh_has_to_be_meant(chart: str) -> None:
    """Exit 4 without a selector, and each way out of it is named."""
    outcome = run("render", "helm-values", "--chart", chart)
    assert (outcome.code, outcome.out) == (4, "")
    for word in ("--selector", "--all-workloads", "--no-envoy-filter"):
        assert word in outcome.err
    base = ["--chart", chart]
    for way in (SELECTED, ["--no-envoy-filter"], ["--envoy-filter-namespace", "shop"]):
        assert "allWorkloads" not in rendered(*base, *way).out
    assert "allWorkloads: true" in rendered(*base, "--all-workloads").out


@pytest.mark.parametrize("chart", sorted(CHARTS.keys() - {"kysira-ext-proc"}))
def test_other_charts_have_no_filter(chart: str) -> None:
    """Nothing to select."""
    assert "envoyFilter" not in rendered("--chart", chart).out


def test_option_of_another_chart_is_told() -> None:
    """It is no error: files of values are shared."""
    outcome = rendered("--chart", "kysira-inference", "--mode", "active")
    assert "kysira-inference has no config.mode" in outcome.err


def test_policy_is_embedded(tmp_path: Path) -> None:
    """As it is; charts leave what it says to it."""
    path = tmp_path / "kysira.yaml"
    path.write_text("# ours\nmode: active\n")
    config = values(*SELECTED, "--policy", str(path))["kysira-ext-proc"]["config"]
    assert config["policy"] == path.read_text()
    assert config["mode"] is None
    path.write_text("on_failure: closed\ntimeout_ms: 600\n")
    outcome = rendered(*SELECTED, "--policy", str(path))
    assert "failureModeAllow: false" in outcome.out  # Envoy's half of failing closed
    assert "not over the 0.6s" in outcome.err
    path.write_text("mode: activ\n")
    assert run("render", "helm-values", *SELECTED, "--policy", str(path)).code == 4


def test_short_timeout_is_told() -> None:
    """Envoy would give up before the answer comes."""
    assert "--message-timeout" in rendered(*SELECTED, "--timeout-ms", "500").err
    assert "--message-timeout" not in rendered(*SELECTED, "--timeout-ms", "499").err


def test_output_is_one_file(tmp_path: Path) -> None:
    """In a folder, or where it is named; as JSON too."""
    rendered(*SELECTED, "--output-dir", str(tmp_path))
    assert (tmp_path / "values.yaml").read_text() == rendered(*SELECTED).out
    assert json.loads(rendered(*SELECTED, "-o", "json").out) == values(*SELECTED)


def test_values_file_sets_options(tmp_path: Path) -> None:
    """As for the other targets."""
    path = tmp_path / "values.yaml"
    path.write_text("selector: {app: shop}\nmode: active\nport: 1\n")
    found = values("-f", str(path), "--set", "threshold=0.5")["kysira-ext-proc"]
    assert found["envoyFilter"]["workloadSelector"] == {"app": "shop"}
    assert (found["config"]["mode"], found["config"]["scoreThreshold"]) == ("active", 0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--chart", "kysira"], "--chart"),
        ([*SELECTED, "--all-workloads"], "--all-workloads leave it out"),
        (["--selector", "app"], "--selector is not a label"),
        (["--target", "shop:80"], "--target must begin with http"),
        (["--message-timeout", "5"], "--message-timeout is not a time"),
        (["--namespace", "A"], "--namespace is not a name"),
        (["--envoy-filter-namespace", "A"], "--envoy-filter-namespace is not a name"),
        (["--admin-token-secret", "A"], "--admin-token-secret is not a name"),
        (["--context", "EVERYWHERE"], "--context"),
        (["--device", "tpu"], "--device"),
        (["--replicas", "0"], "--replicas"),
    ],
)
def test_bad_option_is_usage(arguments: list[str], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "helm-values", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_filter_that_reaches_little_is_told() -> None:
    """Outside the root namespace, as by kysiractl render istio."""
    told = rendered(*SELECTED, "--envoy-filter-namespace", "kysira").err
    assert "reaches workloads of kysira alone" in told
    assert "alone" not in rendered(*SELECTED).err


def test_no_filter_selects_nothing() -> None:
    """A contradiction is usage, not a guess."""
    outcome = run("render", "helm-values", "--no-envoy-filter", *SELECTED)
    assert (outcome.code, outcome.out) == (2, "")
