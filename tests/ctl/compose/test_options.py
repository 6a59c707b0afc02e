"""What a docker-compose.yaml is rendered from."""

import pytest

from ctl.compose.options import (
    ENVOY_IMAGE,
    ComposeOptions,
    Front,
    read_host_address,
    read_image,
)
from ctl.containers import Component
from ctl.envoy.options import Address, read_target
from ctl.envoy.version import EnvoyVersion
from ctl.service_policy import OwnPolicy, ServicePolicy
from kysira.settings import OnFailure
from tests.ctl.services import unknown


@pytest.mark.parametrize("front", Front)
def test_environment_holds_settings_alone(front: Front) -> None:
    """Every KYSIRA_* name is a setting of the very service: a typo would be silent."""
    options = ComposeOptions(
        front=front, inference_url="http://i:1", sinks="http", http_sink_url="http://logs:1/"
    )
    assert len(options.environment) >= 7
    assert unknown(Component(front), options.environment) == set()


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://127.0.0.1:3000", "http://host.docker.internal:3000"),
        ("http://localhost:3000", "http://host.docker.internal:3000"),
        ("https://[::1]:3000", "https://host.docker.internal:3000"),
        ("http://host.docker.internal:3000", "http://host.docker.internal:3000"),
        ("http://shop:3000", "http://shop:3000"),
        ("http://10.0.0.7:3000", "http://10.0.0.7:3000"),
    ],
)
def test_app_is_named_as_containers_reach_it(url: str, inside: str) -> None:
    """The machine itself is not a container's 127.0.0.1."""
    for front in Front:
        options = ComposeOptions(front=front, app=read_target(url))
        assert str(options.target) == inside
        assert options.is_app_on_host == ("host.docker.internal" in inside)
    assert options.environment["KYSIRA_TARGET_URL"] == inside


def test_envoy_asks_the_service() -> None:
    """By its name in compose's network, and as the policy wants it."""
    own = OwnPolicy(text="{}", timeout_ms=900, max_body_bytes=4096, on_failure=OnFailure.CLOSED)
    envoy = ComposeOptions(service_policy=ServicePolicy(own_policy=own)).envoy
    assert envoy.ext_proc == (Address("kysira-ext-proc", 50051),)
    assert (envoy.max_body_bytes, envoy.on_failure) == (4096, OnFailure.CLOSED)
    assert envoy.message_timeout > 0.9
    assert ComposeOptions().envoy.message_timeout == 0.5


def test_ports_are_on_loopback() -> None:
    """Unless told; the front's own port unless told."""
    assert ComposeOptions().published == "127.0.0.1:10000"
    assert ComposeOptions(front=Front.PROXY).published == "127.0.0.1:8080"
    assert ComposeOptions(listen_address="::", port=80).published == "[::]:80"


def test_envoys_image_is_of_the_version_rendered_for() -> None:
    """The configuration is the one of that version."""
    assert ENVOY_IMAGE.startswith(f"envoyproxy/envoy:v{EnvoyVersion()}.")


@pytest.mark.parametrize("text", [ENVOY_IMAGE, "r.example:5000/envoy@sha256:" + "a" * 64])
def test_image_is_taken(text: str) -> None:
    """With a tag or a digest."""
    assert read_image(text) == text


@pytest.mark.parametrize("text", ["", "a b", "$x", '"x"', "-x"])
def test_other_image_is_refused(text: str) -> None:
    """It would be none."""
    with pytest.raises(ValueError, match="is not an image"):
        read_image(text)


def test_host_address_is_an_ip_address() -> None:
    """Docker publishes ports on nothing else."""
    assert read_host_address("0.0.0.0") == "0.0.0.0"
    with pytest.raises(ValueError, match="is not an IP address"):
        read_host_address("localhost")
