"""What Kubernetes manifests are rendered from."""

import pytest

from ctl.containers import Component
from ctl.kustomize.options import KustomizeOptions
from ctl.service_policy import ServicePolicy
from kysira.events.settings import EventSettings
from kysira.types import Mode
from tests.ctl.services import unknown

EVERY = tuple(Component)
TARGET = "http://shop.shop.svc:3000"


@pytest.mark.parametrize("component", EVERY)
def test_environment_holds_settings_alone(component: Component) -> None:
    """Every KYSIRA_* name is a setting of the very service: a typo would be silent."""
    options = KustomizeOptions(
        components=EVERY, target=TARGET, sinks="file,http", http_sink_url="http://logs:1/x",
    )  # fmt: skip
    program = next(each for each in options.programs if each.component is component)
    environment = options.environment(program)
    assert len(environment) >= 4
    assert unknown(component, environment) == set()


def test_proxy_is_told_its_app() -> None:
    """And nobody else."""
    options = KustomizeOptions(components=EVERY, target=TARGET)
    told = {each.component: options.environment(each) for each in options.programs}
    assert told[Component.PROXY]["KYSIRA_TARGET_URL"] == TARGET
    assert "KYSIRA_TARGET_URL" not in told[Component.EXT_PROC]


def test_front_ends_score_at_the_service_that_is_there() -> None:
    """Rendered with them, or named; else in their own process."""
    both = (Component.EXT_PROC, Component.INFERENCE)
    assert KustomizeOptions().scores_at == ""
    assert KustomizeOptions(components=both).scores_at == "http://kysira-inference:8081"
    assert KustomizeOptions(components=both, inference_url="http://x:1").scores_at == "http://x:1"
    environment = KustomizeOptions(components=both).environment
    front, inference = KustomizeOptions(components=both).programs
    assert environment(front)["KYSIRA_INFERENCE_URL"] == "http://kysira-inference:8081"
    assert "KYSIRA_INFERENCE_URL" not in environment(inference)


def test_each_program_runs_once() -> None:
    """However often it is asked for, in whichever order."""
    asked = (Component.INFERENCE, Component.EXT_PROC, Component.EXT_PROC)
    names = [each.name for each in KustomizeOptions(components=asked).programs]
    assert names == ["kysira-ext-proc", "kysira-inference"]


def test_checksum_follows_the_settings() -> None:
    """Pods are replaced when a setting changes, and not for another policy."""
    program = KustomizeOptions().programs[0]
    before = KustomizeOptions().checksum(program)
    assert KustomizeOptions().checksum(program) == before
    assert KustomizeOptions(sinks="stdout").checksum(program) != before
    active = KustomizeOptions(service_policy=ServicePolicy(mode=Mode.ACTIVE))
    assert active.checksum(program) == before


def test_inference_takes_the_bodies_of_front_ends() -> None:
    """Its limit is the one that they have."""
    options = KustomizeOptions(
        components=(Component.INFERENCE,), service_policy=ServicePolicy(max_body_bytes=7)
    )
    assert options.environment(options.programs[0])["KYSIRA_MAX_BODY_BYTES"] == "7"
    assert not options.has_policy


def test_volume_holds_the_events() -> None:
    """The size that the template gives the volume is more than the sinks keep by default."""
    events = EventSettings()
    kept = events.events_file_bytes * (events.events_files + 1) + events.spool_bytes
    assert kept == (384 + 64) << 20


def test_load_decides_only_between_two_numbers() -> None:
    """As many at most as at least is a number."""
    assert KustomizeOptions(replicas=2, max_replicas=3).is_scaled
    assert not KustomizeOptions(replicas=2, max_replicas=2).is_scaled
    assert not KustomizeOptions(replicas=2, max_replicas=1).is_scaled
