"""What Contour's objects are rendered from."""

import pytest

from ctl.contour.options import Backend, ContourOptions, read_backend
from ctl.kubernetes.names import Service

GUARD = Service("guard", "kysira", 50051)


def test_backend_is_read() -> None:
    """A Service beside the HTTPProxy, and its port."""
    assert read_backend("shop:80") == Backend("shop", 80)


@pytest.mark.parametrize("text", ["shop", "a:", "a:0", "a:x", "a:65536", "a.b:80", "a:²"])
def test_bad_backend_is_refused(text: str) -> None:
    """In words."""
    with pytest.raises(ValueError, match=r"is not a Service|is not a name"):
        read_backend(text)


def test_extension_service_lies_beside_the_service() -> None:
    """Contour looks for the Service in that namespace alone."""
    assert ContourOptions(services=(GUARD,)).service_namespace == "kysira"


def test_server_name_is_the_services_unless_given() -> None:
    """As cluster DNS knows it."""
    assert ContourOptions(services=(GUARD,)).server_name == "guard.kysira.svc.cluster.local"
    assert ContourOptions(services=(GUARD,), tls_server_name="a").server_name == "a"


def test_timeout_is_never_none() -> None:
    """0 would be no timeout."""
    assert ContourOptions(services=(GUARD,), message_timeout=0.0001).message_timeout_ms == 1
