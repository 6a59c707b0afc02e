"""Every error knows the status that tells of it."""

from adapter.proxy.errors import MessageError, ProxyError, StaleError, UpstreamError


def test_errors_have_a_status() -> None:
    """Their kind's, unless they say another."""
    assert (ProxyError("x").status, MessageError("x").status) == (500, 400)
    assert (UpstreamError("x").status, UpstreamError("x", 504).status) == (502, 504)
    assert StaleError("gone").detail == str(StaleError("gone")) == "gone"
