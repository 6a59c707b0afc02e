"""Every value of the charts."""

import dataclasses
import re

import pytest

from ctl.charts import table
from ctl.charts.table import BY_THE_CHART, CHARTS, Chart, Value, key_of
from ctl.containers import Component
from kysira.settings import _variables
from tests.ctl.services import SETTINGS

GUIDE = {
    "kysira-proxy": {
        "config.targetURL": "http://localhost:3000", "config.inferenceURL": "",
        "config.mode": "shadow", "config.scoreThreshold": 0.95, "config.sinks": "file",
        "config.httpSinkURL": "", "config.proxyPort": 8080, "persistence.enabled": True,
        "persistence.size": "1Gi", "metrics.enabled": True, "replicaCount": 1,
    },
    "kysira-inference": {
        "env.KYSIRA_DEVICE": "cpu", "config.device": "cpu", "resources.requests.memory": "1Gi",
        "persistence.enabled": False,
    },
    "kysira-ext-proc": {
        "config.inferenceURL": "http://kysira-inference:8081", "config.mode": "shadow",
        "config.scoreThreshold": 0.95, "service.grpcPort": 50051, "service.metricsPort": 9090,
        "envoyFilter.enabled": True, "envoyFilter.context": "SIDECAR_INBOUND",
        "envoyFilter.workloadSelector": {}, "envoyFilter.namespace": "istio-system",
        "envoyFilter.messageTimeout": "500ms", "envoyFilter.failureModeAllow": True,
        "metrics.enabled": True,
    },
    "kysira-nginx-auth-adapter": {
        "config.inferenceURL": "http://kysira-inference:8081", "config.mode": "shadow",
        "config.scoreThreshold": 0.95, "service.port": 8090, "replicaCount": 2,
    },
    "kysira-dashboard": {"replicaCount": 1},
}  # fmt: skip
"""The deployment guide's keys and defaults, as it writes them."""
SERVICES = {
    "kysira-proxy": Component.PROXY,
    "kysira-inference": Component.INFERENCE,
    "kysira-ext-proc": Component.EXT_PROC,
    "kysira-nginx-auth-adapter": Component.NGINX_AUTH_ADAPTER,
}
OTHER_DEFAULTS = {"inference_url"}
"""Where the guide has another default than the setting: charts score at a service of their own."""
VALUES = [(chart, value) for chart in CHARTS.values() for value in chart.values]


@pytest.mark.parametrize("name", GUIDE)
def test_guide_is_followed(name: str) -> None:
    """Its keys and defaults, and none is called the guide's that it does not have."""
    known = {value.key: value.default for value in CHARTS[name].values if value.in_guide}
    assert known == GUIDE[name]


def test_every_chart_is_there() -> None:
    """Those of the guide; the umbrella installs four of them."""
    assert CHARTS.keys() == GUIDE.keys()
    assert set(table.PLATFORM) == CHARTS.keys() - {table.ADAPTER}


@pytest.mark.parametrize("name", SERVICES)
def test_every_setting_is_a_value(name: str) -> None:
    """Or stands among those that are a chart's own business."""
    fields = dataclasses.fields(SETTINGS[SERVICES[name]])
    variables = {_variables(field)[0]: field.name for field in fields}
    settings = {value.setting for value in CHARTS[name].values if value.setting}
    assert set(variables.values()) - settings - BY_THE_CHART.keys() == set()
    assert settings <= set(variables.values())


@pytest.mark.parametrize("name", SERVICES)
def test_defaults_are_the_settings_defaults(name: str) -> None:
    """A chart that is told nothing does what the service does that is told nothing."""
    fields = {field.name: field for field in dataclasses.fields(SETTINGS[SERVICES[name]])}
    compared = 0
    for value in CHARTS[name].values:
        if value.setting and value.setting not in OTHER_DEFAULTS:
            assert value.default == table._plain(fields[value.setting].default), value.key
            compared += 1
    assert compared >= 9


def test_exceptions_are_needed() -> None:
    """No setting is called a chart's own business that there is not."""
    fields = {field.name for kind in SETTINGS.values() for field in dataclasses.fields(kind)}
    assert BY_THE_CHART.keys() <= fields


@pytest.mark.parametrize(("chart", "value"), VALUES, ids=lambda each: getattr(each, "key", ""))
def test_value_is_explained(chart: Chart, value: Value) -> None:
    """Each has a comment, and a key of its own."""
    assert value.comment
    assert not value.comment.endswith(".")
    assert [each.key for each in chart.values].count(value.key) == 1


@pytest.mark.parametrize(("chart", "value"), VALUES, ids=lambda each: getattr(each, "key", ""))
def test_key_tells_its_setting(chart: Chart, value: Value) -> None:
    """Who knows the key knows the variable."""
    if value.key.startswith("config.") and value.setting:
        assert value.key == f"config.{key_of(value.setting)}"
    if value.key.startswith("env."):
        assert value.key == f"env.KYSIRA_{value.setting.upper()}"
    assert re.fullmatch(r"[A-Za-z_.]+", value.key), chart.name


def test_both_spellings_of_the_device_are_equal() -> None:
    """The guide has both, and they set the same."""
    found = {v.key: v for v in CHARTS["kysira-inference"].values if v.setting == "device"}
    assert found.keys() == {"env.KYSIRA_DEVICE", "config.device"}
    assert len({value.default for value in found.values()}) == 1


def test_keys_are_spelt_as_the_guide_does() -> None:
    """Camel case, with URL in capitals."""
    assert key_of("http_sink_url") == "httpSinkURL"
    assert key_of("score_threshold") == "scoreThreshold"
    assert key_of("mode") == "mode"
