"""What the policies are rendered from."""

from ctl.envoy_gateway.options import GatewayOptions
from ctl.kubernetes.names import Service
from kysira.settings import OnFailure

NEAR, FAR = Service("guard", "default", 1), Service("guard", "kysira", 2)


def options(**more: object) -> GatewayOptions:
    """Return options of a Gateway in the namespace default."""
    return GatewayOptions(gateway="eg", namespace="default", services=(NEAR, FAR), **more)  # type: ignore[arg-type]


def test_only_other_namespaces_need_a_grant() -> None:
    """A Service beside the policy does not."""
    assert options().foreign_services == (FAR,)


def test_durations_are_whole_milliseconds() -> None:
    """Gateway API has no fractions; 0 would be no timeout."""
    assert options(message_timeout=0.7).message_timeout_ms == 700
    assert options(message_timeout=0.0011).message_timeout_ms == 1


def test_http2_window_is_one_that_envoy_takes() -> None:
    """Not under the least that HTTP/2 allows."""
    assert options(max_body_bytes=1).http2_window_bytes == 65535
    assert options(max_body_bytes=1 << 20).http2_window_bytes == 1 << 20


def test_failing_closed_is_not_open() -> None:
    """Open unless said otherwise."""
    assert options().is_fail_open
    assert not options(on_failure=OnFailure.CLOSED).is_fail_open
