"""What the renderers of services ask for is called, explained and preset alike."""

import inspect

import pytest

from ctl import render_service_options as options
from ctl.render_compose import compose_command
from ctl.render_helm_values import helm_values_command
from ctl.render_kustomize import kustomize_command

COMMANDS = (helm_values_command, kustomize_command, compose_command)
SHARED = {
    "timeout_ms": options.TimeoutMs,
    "on_failure": options.FailurePolicy,
    "max_body_bytes": options.BodyLimit,
    "policy": options.PolicyFile,
    "inference_url": options.InferenceUrl,
    "sinks": options.Sinks,
    "http_sink_url": options.HttpSinkUrl,
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_option_is_one(name: str) -> None:
    """The very same declaration, with the same default."""
    found = [inspect.signature(command).parameters[name] for command in COMMANDS]
    assert {each.annotation == SHARED[name] for each in found} == {True}
    assert len({each.default for each in found}) == 1


@pytest.mark.parametrize("name", ["image_registry", "image_tag"])
def test_images_are_asked_for_alike(name: str) -> None:
    """Wherever there are any."""
    kustomize, compose = (
        inspect.signature(command).parameters[name]
        for command in (kustomize_command, compose_command)
    )
    assert (kustomize.annotation, kustomize.default) == (compose.annotation, compose.default)
