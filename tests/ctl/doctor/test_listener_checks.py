"""What a listener holds of a body, and whom it takes a client for."""

import pytest

from ctl.doctor.codes import Status
from ctl.doctor.dump import Manager
from ctl.doctor.listener_checks import check_listener
from ctl.doctor.report import Chart, Check
from ctl.doctor.routes import Use
from ctl.doctor.service_facts import Limits
from tests.ctl.doctor.envoys import Config


def checks(
    listener: Config | None = None, manager: Config | None = None, *, route: Config | None = None,
    is_sidecar: bool = False, limit: int = 131072,
) -> dict[str, Check]:  # fmt: skip
    """Return how each check of a listener ended."""
    routes = {"virtual_hosts": [{"name": "shop", "routes": [route or {}]}]}
    place = Manager("it", listener or {}, manager or {}, (routes,))
    chart = Chart()
    uses = [Use("it", {}, False, place)]
    check_listener(chart, place, uses, Limits(max_body_bytes=limit), is_sidecar=is_sidecar)
    return {check.code.id: check for check in chart.checks()}


def test_default_buffer_is_a_megabyte() -> None:
    """A listener that says nothing holds enough for the default policy, not for any."""
    assert checks()["KYS0125"].status is Status.OK
    found = checks(limit=2 << 20)["KYS0125"]
    assert found.status is Status.FAILURE
    assert "1048576 bytes of 2097152 bytes (the default max_body_bytes)" in found.found[0]


@pytest.mark.parametrize("key", ["request_body_buffer_limit", "per_request_buffer_limit_bytes"])
def test_route_may_hold_less(key: str) -> None:
    """The limit of a route beats the listener's."""
    assert key in checks(route={key: 4096})["KYS0125"].found[0]
    assert checks(route={key: 1 << 20})["KYS0125"].status is Status.OK


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        ({}, Status.WARNING),  # 256 MiB
        ({"codec_type": "HTTP1"}, Status.OK),
        ({"http2_protocol_options": {"initial_stream_window_size": 65536}}, Status.OK),
        ({"http2_protocol_options": {"initial_stream_window_size": 16 << 20}}, Status.WARNING),
    ],
)
def test_window_bounds_what_is_sent(manager: Config, expected: Status) -> None:
    """A window far over the buffer sends whole uploads to Kysira."""
    assert checks(manager=manager)["KYS0126"].status is expected


def test_address_may_be_found_otherwise() -> None:
    """Detection extensions take the place of use_remote_address; a sidecar is behind a proxy."""
    assert checks()["KYS0127"].status is Status.WARNING
    told = {"original_ip_detection_extensions": [{"name": "x"}]}
    assert checks(manager=told)["KYS0127"].status is Status.OK
    assert checks(is_sidecar=True)["KYS0127"].status is Status.SKIPPED
