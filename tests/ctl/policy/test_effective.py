"""What holds for a request, and where it is said."""

from dataclasses import replace

import pytest

from ctl.policy.effective import effective
from ctl.policy.routing import considered
from kysira.routes import head_of
from kysira.types import Mode, Request
from tests.ctl.replay.made import known

FILE = known(
    """\
mode: active
threshold: 0.9
detectors: {sqli: {threshold: 0.8}}
on_failure: closed
routes:
  - {name: quiet, match: {path: /quiet}, mode: shadow, threshold: 0.99, inspect_body: false}
  - {name: loud, match: {path: /loud}, mode: active, on_failure: open}
"""
)


def told(target: bytes, mode: Mode = Mode.ACTIVE) -> dict[str, tuple[object, str]]:
    """Return each setting with its value and origin."""
    request, file = Request("GET", target), replace(FILE, mode=mode)
    snapshot = file.policy.snapshot_for(request, mode)
    routes = considered(file.policy.routes, head_of(request))
    found = effective(file, "--mode" if mode is Mode.SHADOW else file.origin("mode"), snapshot,
                      routes)  # fmt: skip
    return {each.name: (each.value, each.origin) for each in found}


def test_without_route_the_file_holds() -> None:
    """With the lines; a body is read by default."""
    assert told(b"/x") == {
        "mode": ("active", "kysira.yaml:1"),
        "threshold": (0.9, "kysira.yaml:2"),
        "threshold of sqli": (0.8, "kysira.yaml:3"),
        "inspect_body": (True, "default"),
        "on_failure": ("closed", "kysira.yaml:4"),
    }


def test_route_says_what_differs() -> None:
    """What it leaves out is inherited."""
    quiet = told(b"/quiet")
    assert quiet["mode"] == ("shadow", "route quiet, kysira.yaml:6")
    assert quiet["threshold"] == (0.99, "route quiet, kysira.yaml:6")
    assert quiet["inspect_body"] == (False, "route quiet, kysira.yaml:6")
    assert quiet["on_failure"] == ("closed", "kysira.yaml:4")
    assert told(b"/loud")["on_failure"] == ("open", "route loud, kysira.yaml:7")


def test_global_shadow_beats_a_route() -> None:
    """And that is said, where a route wanted otherwise."""
    origin = "--mode, which beats the active of route loud"
    assert told(b"/loud", Mode.SHADOW)["mode"] == ("shadow", origin)
    assert told(b"/x", Mode.SHADOW)["mode"] == ("shadow", "--mode")


@pytest.mark.parametrize("target", [b"/x/..;/quiet", b"/%2e%2e/quiet"])
def test_ambiguous_request_gets_the_strictest(target: bytes) -> None:
    """The values are those of the snapshot, and all who have a say are named."""
    odd = told(target)
    origin = "the strictest of quiet, loud, no route"
    assert odd["threshold"] == (0.9, origin)
    assert odd["inspect_body"] == (True, origin)
    assert odd["mode"][0] == "active"
