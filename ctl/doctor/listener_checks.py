"""Checks what a listener holds of a body, and whom it takes a client for."""

from collections.abc import Iterator, Sequence

from ctl.doctor import codes
from ctl.doctor.dump import Manager, host_routes
from ctl.doctor.node import Node, flag, has, node, number, rows, text
from ctl.doctor.report import Chart
from ctl.doctor.routes import Use
from ctl.doctor.service_facts import Limits
from ctl.envoy.merge import DEFAULT_BUFFER_BYTES
from ctl.envoy.options import MIN_HTTP2_WINDOW

_BUFFER = "per_connection_buffer_limit_bytes"
_ROUTE_BUFFERS = ("request_body_buffer_limit", "per_request_buffer_limit_bytes")
_WINDOW = "initial_stream_window_size"
_DEFAULT_WINDOW = 256 << 20
_GENEROUS = 4
"""A window of so many buffers is no fault: proxies round up."""


def check_listener(
    chart: Chart, manager: Manager, uses: Sequence[Use], limits: Limits, *, is_sidecar: bool
) -> None:
    """Chart every check of a listener and manager, in which the filter runs in these ways."""
    buffer = number(manager.listener, _BUFFER, default=DEFAULT_BUFFER_BYTES)
    wanted = limits.max_body_bytes
    said = f"of {wanted} bytes ({limits.source} max_body_bytes)"
    for where, held in (*_held(manager, buffer), *_sent(uses)):
        is_enough = held >= wanted
        chart.judge(codes.BUFFER_HOLDS_BODY, is_enough, f"{where}: {held:.0f} bytes {said}")
    if not all(use.is_ext_authz for use in uses):
        _check_window(chart, manager, max(buffer, wanted, MIN_HTTP2_WINDOW))
    if is_sidecar:
        chart.skip(codes.REMOTE_ADDRESS, f"{manager.where}: a sidecar trusts its peer")
        return
    is_told = flag(manager.config, "use_remote_address") or has(
        manager.config, "original_ip_detection_extensions"
    )
    chart.judge(codes.REMOTE_ADDRESS, is_told, f"{manager.where}: X-Forwarded-For is believed")


def _held(manager: Manager, buffer: float) -> Iterator[tuple[str, float]]:
    """Yield how much of a body can be held: by the listener, and on routes that say otherwise."""
    yield manager.where, buffer
    for config in manager.routes:
        for host in rows(config, "virtual_hosts"):
            for part in (host, *host_routes(host)):
                for key in filter(part.__contains__, _ROUTE_BUFFERS):
                    where = f"{manager.where}, {key} of {text(host, 'name')}"
                    yield where, number(part, key)


def _sent(uses: Sequence[Use]) -> Iterator[tuple[str, float]]:
    """Yield how much of a body ext_authz sends."""
    for use in uses:
        if use.is_ext_authz and node(use.config, "with_request_body"):
            most = number(use.config, "with_request_body", "max_request_bytes")
            yield f"{use.where}, max_request_bytes", most


def _check_window(chart: Chart, manager: Manager, enough: float) -> None:
    config: Node = manager.config
    if text(config, "codec_type") == "HTTP1":
        chart.ok(codes.WINDOW_BOUNDED)
        return
    window = number(config, "http2_protocol_options", _WINDOW, default=_DEFAULT_WINDOW)
    is_ok = window <= enough * _GENEROUS
    chart.judge(codes.WINDOW_BOUNDED, is_ok, f"{manager.where}: {window:.0f} bytes")
