"""A docker-compose.yaml: locked up, healthy when it scores, and without secrets."""

from pathlib import Path
from typing import Any

import pytest

from ctl.compose.options import ComposeOptions, Front
from ctl.compose.template import render_compose
from ctl.containers import PROGRAMS, Component, Images
from ctl.envoy.options import read_target
from ctl.render_output import parse
from ctl.service_policy import OwnPolicy, ServicePolicy
from tests.ctl.envoy.program import validate
from tests.ctl.services import unknown

CASES = {
    "envoy": ComposeOptions(),
    "proxy": ComposeOptions(front=Front.PROXY, app=read_target("http://shop:3000")),
    "told": ComposeOptions(
        app=read_target("https://shop.example"), listen_address="0.0.0.0", port=80,
        token_file="/etc/kysira/$token", sinks="http", http_sink_url="https://logs/?a=$b",
        inference_url="http://inference:8081", images=Images("r.example:5000/x", "v7"),
        envoy_image="r.example:5000/envoy:v1.40.0",
        service_policy=ServicePolicy(own_policy=OwnPolicy(text="mode: active\n")),
    ),
}  # fmt: skip


def files(case: str) -> dict[str, Any]:
    """Return what each file holds."""
    return {each.name: parse(each.text)[0] for each in render_compose(CASES[case])}


def services(case: str) -> dict[str, Any]:
    """Return the services."""
    found = files(case)["docker-compose"]["services"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_service_is_locked_up(case: str) -> None:
    """Nobody's user, nothing to write but its volumes, no privileges."""
    for service in services(case).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert int(service["user"].partition(":")[0]) > 0
        assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("case", CASES)
def test_environment_is_settings(case: str) -> None:
    """Every KYSIRA_* name is a setting of that service."""
    component = Component(CASES[case].front)
    environment = services(case)[PROGRAMS[component].name]["environment"]
    assert unknown(component, environment) == set()
    assert all(isinstance(value, str) for value in environment.values())


def test_envoy_waits_until_requests_are_scored() -> None:
    """Else the first ones would go unchecked."""
    found = services("envoy")
    assert found["envoy"]["depends_on"] == {"kysira-ext-proc": {"condition": "service_healthy"}}
    test = found["kysira-ext-proc"]["healthcheck"]["test"]
    assert tuple(test) == ("CMD", *PROGRAMS[Component.EXT_PROC].health_check)


def test_ports_are_on_loopback_unless_told() -> None:
    """Management always is, and ext-proc's gRPC is not to be reached at all."""
    assert services("envoy")["envoy"]["ports"] == ["127.0.0.1:10000:10000"]
    assert services("proxy")["kysira-proxy"]["ports"] == ["127.0.0.1:8080:8080"]
    assert services("told")["envoy"]["ports"] == ["0.0.0.0:80:10000"]
    for case in ("envoy", "told"):
        assert services(case)["kysira-ext-proc"]["ports"] == ["127.0.0.1:9090:9090"]


def test_what_is_mounted_is_rendered() -> None:
    """The policy as a folder, Envoy's configuration as a file."""
    assert files("envoy").keys() == {"docker-compose", "envoy", "policy/kysira"}
    assert files("proxy").keys() == {"docker-compose", "policy/kysira"}
    assert services("envoy")["envoy"]["volumes"] == ["./envoy.yaml:/etc/envoy/envoy.yaml:ro"]
    assert services("envoy")["envoy"]["command"] == ["envoy", "-c", "/etc/envoy/envoy.yaml"]
    for case in CASES:
        program = PROGRAMS[Component(CASES[case].front)].name
        data, policy = services(case)[program]["volumes"]
        assert policy == "./policy:/etc/kysira:ro"
        assert services(case)[program]["environment"]["KYSIRA_POLICY"] == "/etc/kysira/kysira.yaml"
        name, path = data.split(":")
        assert files(case)["docker-compose"]["volumes"].keys() == {name}
        assert services(case)[program]["environment"]["KYSIRA_DATA_DIR"] == path
    assert files("told")["policy/kysira"] == {"mode": "active"}


def test_token_is_never_in_clear() -> None:
    """It comes from compose's environment, or from a file."""
    environment = services("envoy")["kysira-ext-proc"]["environment"]
    assert environment["KYSIRA_ADMIN_TOKEN"] == "${KYSIRA_ADMIN_TOKEN:-}"
    told = services("told")["kysira-ext-proc"]
    assert told["environment"]["KYSIRA_ADMIN_TOKEN_FILE"] == "/run/secrets/kysira_admin_token"
    assert "KYSIRA_ADMIN_TOKEN" not in told["environment"]
    assert told["secrets"] == ["kysira_admin_token"]
    secrets = files("told")["docker-compose"]["secrets"]
    assert secrets == {"kysira_admin_token": {"file": "/etc/kysira/$$token"}}


def test_dollar_is_no_variable() -> None:
    """Compose would put its own environment in its place."""
    environment = services("told")["kysira-ext-proc"]["environment"]
    assert environment["KYSIRA_HTTP_SINK_URL"] == "https://logs/?a=$$b"


def test_app_on_the_host_is_reached() -> None:
    """By whoever forwards to it, and by nobody else."""
    hosts = ["host.docker.internal:host-gateway"]
    assert services("envoy")["envoy"]["extra_hosts"] == hosts
    assert "extra_hosts" not in services("envoy")["kysira-ext-proc"]
    assert "extra_hosts" not in services("proxy")["kysira-proxy"]
    on_host = parse(render_compose(ComposeOptions(front=Front.PROXY))[0].text)[0]
    assert on_host["services"]["kysira-proxy"]["extra_hosts"] == hosts


@pytest.mark.parametrize("case", ["envoy", "told"])
def test_envoy_takes_its_configuration(case: str, tmp_path: Path) -> None:
    """The real one, which also reads every name in it."""
    (text,) = (each.text for each in render_compose(CASES[case]) if each.name == "envoy")
    validate(text, tmp_path / "envoy.yaml")


def test_same_options_give_the_same_bytes() -> None:
    """So that a diff shows what was meant to change."""
    assert render_compose(CASES["told"]) == render_compose(CASES["told"])
