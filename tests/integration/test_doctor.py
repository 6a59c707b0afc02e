"""doctor against real services and real Envoys: well ones, and ones broken in each way it sees."""

import json
import os
import socket
import string
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ctl.config.load import config as ctl_config
from ctl.envoy.options import EnvoyOptions, read_address
from ctl.envoy.template import render_envoy
from kysira.settings import OnFailure
from tests.ctl.command import run
from tests.ctl.doctor import breakages
from tests.ctl.doctor.breakages import Breakage
from tests.ctl.doctor.envoys import Config, cluster, own, parsed
from tests.envoy import Envoy
from tests.processes import ExtProc

TOKEN = "s3cret"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Give kysiractl the token, and nothing of this machine's own configuration."""
    for name in [name for name in os.environ if name.startswith("KYSIRA")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("KYSIRA_ADMIN_TOKEN", TOKEN)
    ctl_config.cache_clear()
    yield
    ctl_config.cache_clear()


@pytest.fixture(scope="module")
def ext_proc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExtProc]:
    """Return an ext-proc that is in good order."""
    with ExtProc(
        tmp_path_factory.mktemp("state"), KYSIRA_ADMIN_TOKEN=TOKEN, KYSIRA_ON_FAILURE="closed"
    ) as found:
        yield found


def rendered(ext_proc: ExtProc) -> Config:
    """Return what kysiractl renders for it, on free ports."""
    return parsed(
        render_envoy(
            EnvoyOptions(
                listen_address="127.0.0.1", port=0, admin_port=0, on_failure=OnFailure.CLOSED,
                ext_proc=(read_address(ext_proc.grpc),),
            )
        )
    )  # fmt: skip


def started(config: Config, folder: Path) -> Envoy:
    """Return an Envoy that runs the configuration."""
    path = folder / "config.yaml"
    with path.open("w") as file:
        YAML().dump(config, file)
    return Envoy(path.read_text(), folder)


def doctor(ext_proc: ExtProc, envoy: Envoy, *options: str) -> Config:
    """Return what doctor says as JSON."""
    done = run(
        "doctor", "--target", ext_proc.http, "--envoy-admin", envoy.admin_address, "-o", "json",
        *options,
    )  # fmt: skip
    report: Config = json.loads(done.out)
    assert done.code == report["summary"]["exit_code"], done.err
    return report


def said(report: Config) -> dict[str, str]:
    """Return code → status of what is neither well nor skipped."""
    return {
        each["code"]: each["status"]
        for each in report["checks"]
        if each["status"] in ("failure", "warning")
    }


@pytest.mark.parametrize("broken", breakages.CONFIGURATIONS, ids=lambda each: each.name)
def test_broken_envoy_is_told(broken: Breakage, ext_proc: ExtProc, tmp_path: Path) -> None:
    """A real Envoy that runs each broken configuration is told by that code, and no other."""
    config = rendered(ext_proc)
    broken.change(config)
    with started(config, tmp_path) as envoy:
        if "KYS0104" not in broken.said:
            envoy.wait_until_healthy("kysira_ext_proc")
        assert said(doctor(ext_proc, envoy, "--no-probe")) == broken.said


def ask(url: str, method: str = "GET") -> None:
    """Send a request, whatever becomes of it."""
    with suppress(urllib.error.URLError):
        urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10).close()


@pytest.mark.parametrize("broken", [breakages.DEAD, breakages.ONE_DEAD], ids=lambda b: b.name)
def test_dead_endpoints_are_told(broken: Breakage, ext_proc: ExtProc, tmp_path: Path) -> None:
    """None left is a failure, one of two a warning."""
    config = rendered(ext_proc)
    broken.change(config)
    with started(config, tmp_path) as envoy:
        if broken is breakages.ONE_DEAD:
            envoy.wait_until_healthy("kysira_ext_proc")
        assert said(doctor(ext_proc, envoy, "--no-probe")) == broken.said


def test_draining_envoy_is_told(ext_proc: ExtProc, tmp_path: Path) -> None:
    """One that is about to leave says so."""
    with started(rendered(ext_proc), tmp_path) as envoy:
        envoy.wait_until_healthy("kysira_ext_proc")
        ask(f"http://{envoy.admin_address}/healthcheck/fail", method="POST")
        assert said(doctor(ext_proc, envoy, "--no-probe")) == {"KYS0103": "failure"}


def test_unchecked_requests_are_told(ext_proc: ExtProc, tmp_path: Path) -> None:
    """What passed while no ext-proc was there was counted by Envoy."""
    config = rendered(ext_proc)
    breakages.OPEN(config)
    breakages.DEAD.change(config)
    with started(config, tmp_path) as envoy:
        ask(envoy.url)
        assert said(doctor(ext_proc, envoy, "--no-probe")) == {
            "KYS0112": "failure", "KYS0132": "failure", "KYS0140": "warning",
        }  # fmt: skip


def test_timeouts_are_told(ext_proc: ExtProc, tmp_path: Path) -> None:
    """A hung ext-proc is seen by the counter, where no health check finds it."""
    config = rendered(ext_proc)
    del cluster(config)["health_checks"]
    with socket.create_server(("127.0.0.1", 0)) as hung:
        address = cluster(config)["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
        address["endpoint"]["address"]["socket_address"]["port_value"] = hung.getsockname()[1]
        with started(config, tmp_path) as envoy:
            ask(envoy.url)
            assert said(doctor(ext_proc, envoy, "--no-probe")) == {
                "KYS0133": "warning", "KYS0141": "warning",
            }  # fmt: skip


def test_overflow_is_told(ext_proc: ExtProc, tmp_path: Path) -> None:
    """A breaker that opened is seen, and why."""
    config = rendered(ext_proc)
    cluster(config)["circuit_breakers"]["thresholds"][0]["max_pending_requests"] = 0
    with started(config, tmp_path) as envoy:
        envoy.wait_until_healthy("kysira_ext_proc")
        ask(envoy.url)
        assert said(doctor(ext_proc, envoy, "--no-probe")) == {
            "KYS0136": "failure", "KYS0142": "warning",
        }  # fmt: skip


def test_rejected_headers_are_told(ext_proc: ExtProc, tmp_path: Path) -> None:
    """What Envoy would not let ext-proc set was counted."""
    config = rendered(ext_proc)
    own(config)["mutation_rules"] = {"disallow_all": True}
    with started(config, tmp_path) as envoy:
        envoy.wait_until_healthy("kysira_ext_proc")
        ask(envoy.url)
        assert said(doctor(ext_proc, envoy, "--no-probe")) == {
            "KYS0120": "failure", "KYS0143": "warning",
        }  # fmt: skip


CONTOUR = Path(__file__).parents[1] / "data" / "envoy" / "contour.yaml"
CONTOUR_VALUES = {
    "NORMALIZE_PATH": "true", "MERGE_SLASHES": "true", "REMOVE": "[]", "TIMEOUT": "0.5s",
    "FAIL_OPEN": "false", "RAW_HEADERS": "false", "APP_PORT": "1",
    "BODY": "{max_request_bytes: 131072, allow_partial_message: true, pack_as_bytes: true}",
}  # fmt: skip
CONTOUR_CAN_NOT = {
    "KYS0107": "failure",  # the route /unchecked/
    "KYS0111": "warning", "KYS0113": "warning", "KYS0133": "warning", "KYS0135": "warning",
    "KYS0136": "failure", "KYS0137": "warning",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "more"),
    [
        ({}, {}),
        ({"FAIL_OPEN": "true"}, {"KYS0111": "failure", "KYS0112": "failure"}),
        ({"TIMEOUT": "0.2s"}, {"KYS0114": "failure"}),
        ({"BODY": "null"}, {"KYS0117": "failure"}),
        ({"BODY": "{max_request_bytes: 1024, allow_partial_message: true}"},
         {"KYS0125": "failure"}),
        ({"BODY": "{max_request_bytes: 131072}"}, {"KYS0116": "failure"}),
    ],
    ids=["as it is", "open", "hasty", "no body", "small body", "413"],
)  # fmt: skip
def test_contour_is_told_what_it_lacks(
    values: dict[str, str], more: dict[str, str], ext_proc: ExtProc, tmp_path: Path
) -> None:
    """Behind Contour, which asks by ext_authz: what it can't do, and what is set up wrong."""
    port = ext_proc.grpc.rpartition(":")[2]
    told = {**CONTOUR_VALUES, "EXT_PROC_PORT": port, **values}
    text = string.Template(CONTOUR.read_text()).substitute(told)
    with started(parsed(text), tmp_path) as envoy:
        expected = {**CONTOUR_CAN_NOT, **more}
        if values.get("FAIL_OPEN"):
            del expected["KYS0113"]  # nothing is refused then
        assert said(doctor(ext_proc, envoy, "--no-probe")) == expected
