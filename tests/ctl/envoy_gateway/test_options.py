"""What the policies are rendered from."""

import pytest

from ctl.envoy_gateway.options import GatewayOptions
from ctl.kubernetes.names import Service
from kysira.settings import OnFailure

NEAR, FAR = Service("guard", "default", 1), Service("guard", "kysira", 2)


def options(**more: object) -> GatewayOptions:
    """Return options of a Gateway in the namespace default."""
    services = more.pop("services", (NEAR, FAR))
    return GatewayOptions(gateway="eg", namespace="default", services=services, **more)  # type: ignore[arg-type]


def test_only_other_namespaces_need_a_grant() -> None:
    """A Service beside the policy does not."""
    assert options().foreign_services == (FAR,)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.7, "700ms"), (0.0011, "1ms"), (0.0001, "1ms"), (99.999, "99999ms"), (100, "100s"),
        (100.5, "100s500ms"), (3600, "3600s"),
    ],
)  # fmt: skip
def test_duration_is_the_gateway_apis(seconds: float, text: str) -> None:
    """No fractions, five digits at most; 0 would be no timeout."""
    assert options(message_timeout=seconds).message_duration == text


def test_ports_of_a_service_are_one_service() -> None:
    """For grants and TLS, which are about a Service."""
    other = Service("guard", "kysira", 3)
    services = options(services=(NEAR, FAR, other))
    assert [each.namespace for each in services.named_services] == ["default", "kysira"]
    assert len(services.foreign_services) == 1


def test_http2_window_is_one_that_envoy_takes() -> None:
    """Not under the least that HTTP/2 allows."""
    assert options(max_body_bytes=1).http2_window_bytes == 65535
    assert options(max_body_bytes=1 << 20).http2_window_bytes == 1 << 20


def test_failing_closed_is_not_open() -> None:
    """Open unless said otherwise."""
    assert options().is_fail_open
    assert not options(on_failure=OnFailure.CLOSED).is_fail_open
