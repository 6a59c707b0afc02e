"""Files of values."""

from itertools import pairwise
from typing import Any

import pytest

from ctl.charts.table import CHARTS, PLATFORM, UMBRELLA
from ctl.charts.values import IN_POLICY, ValuesOptions, render_values
from ctl.render_output import parse

POLICY = "# ours\nmode: active\nroutes: []\n"


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested values, by key with dots; an empty mapping is one."""
    if not isinstance(node, dict) or not node:
        return {prefix: node}
    found: dict[str, Any] = {}
    for key, value in node.items():
        found |= flat(value, f"{prefix}.{key}" if prefix else key)
    return found


@pytest.mark.parametrize("name", CHARTS)
def test_guides_values_are_printed(name: str) -> None:
    """Just those, with their defaults, when nobody asked for more."""
    values = flat(parse(render_values(ValuesOptions(chart=name)))[0])
    assert values == {each.key: each.default for each in CHARTS[name].values if each.in_guide}


@pytest.mark.parametrize("name", CHARTS)
def test_all_values_are_printed(name: str) -> None:
    """Each with its default, and each explained right above."""
    text = render_values(ValuesOptions(chart=name, is_complete=True))
    assert flat(parse(text)[0]) == {each.key: each.default for each in CHARTS[name].values}
    lines = text.splitlines()
    for value in CHARTS[name].values:
        leaf = value.key.rpartition(".")[2]
        above = [a for a, b in pairwise(lines) if b.strip().startswith(leaf)]
        assert any(line.strip().startswith("#") for line in above), value.key


def test_umbrella_has_a_part_for_each_chart() -> None:
    """Named as the chart is."""
    values = parse(render_values(ValuesOptions(chart=UMBRELLA)))[0]
    assert tuple(values) == PLATFORM
    for name in PLATFORM:
        assert values[name] == parse(render_values(ValuesOptions(chart=name)))[0]


def test_wish_reaches_every_chart_that_has_it() -> None:
    """Or the one that it names; what nobody has is told."""
    wishes = {"config.mode": "active", "kysira-proxy.replicaCount": 3, "config.nothing": 1}
    options = ValuesOptions(wishes=wishes)
    values = parse(render_values(options))[0]
    assert values["kysira-proxy"]["config"]["mode"] == "active"
    assert values["kysira-ext-proc"]["config"]["mode"] == "active"
    assert (values["kysira-proxy"]["replicaCount"], values["kysira-dashboard"]["replicaCount"]) == (
        3, 1,
    )  # fmt: skip
    assert "mode" not in values["kysira-inference"]["config"]
    assert options.unused == ("config.nothing",)


def test_policy_has_the_say() -> None:
    """A mode that a chart sets wins over kysira.yaml: with a policy it sets none unless asked."""
    wishes = {"config.policy": POLICY, "config.scoreThreshold": 0.9}
    text = render_values(ValuesOptions(chart="kysira-ext-proc", wishes=wishes))
    config = parse(text)[0]["config"]
    assert config["policy"] == POLICY
    assert (config["mode"], config["scoreThreshold"]) == (None, 0.9)
    left = {v.key: v for v in CHARTS["kysira-ext-proc"].values if v.setting in IN_POLICY}
    assert len(left) == len(IN_POLICY)
    for key in left.keys() - {"config.scoreThreshold"}:
        assert config[key.removeprefix("config.")] is None
    assert "policy: |\n" in text


def test_same_options_give_the_same_bytes() -> None:
    """So that a diff shows what was meant to change."""
    options = ValuesOptions(wishes={"config.mode": "active"}, namespace="waf")
    assert render_values(options) == render_values(options)
    assert "-n waf " in render_values(options).splitlines()[0]
