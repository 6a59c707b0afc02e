"""Checks Envoy YAML against Envoy's own message types, nested ones included, without Envoy."""

import importlib
import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kysira.errors import RenderError

_EXTENSIONS = (
    "extensions.access_loggers.stream.v3",
    "extensions.filters.http.ext_proc.v3",
    "extensions.filters.http.header_mutation.v3",
    "extensions.filters.http.router.v3",
    "extensions.filters.network.http_connection_manager.v3",
    "extensions.resource_monitors.downstream_connections.v3",
    "extensions.transport_sockets.tls.v3",
    "extensions.upstreams.http.v3",
)
"""Packages whose messages are looked up by "@type" once they are imported."""
_MISREAD = "enforcing_consecutive_5xx"
"""betterproto2 takes this name for enforcing_consecutive_5_xx; it is left out of the check."""


def check_envoy(text: str) -> None:
    """Raise RenderError unless the text is a configuration that Envoy's types can hold."""
    _check(_parse(text))


def check_parts(cluster: str, filters: str) -> None:
    """Raise RenderError unless the YAML lists hold valid clusters and HTTP filters."""
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network"
        ".http_connection_manager.v3.HttpConnectionManager",
        "http_filters": _parse(filters),
    }
    chain = {"filters": [{"name": "manager", "typed_config": manager}]}
    listener = {"name": "listener", "filter_chains": [chain]}
    _check({"static_resources": {"listeners": [listener], "clusters": _parse(cluster)}})


def _parse(text: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(io.StringIO(text))
    except YAMLError as error:
        why = " ".join(str(error).split())
        raise RenderError(f"what was rendered is not YAML; please report it: {why}") from error


def _check(document: Any) -> None:
    # Half a second: only what renders pays for it.
    from envoy_data_plane.envoy.config.bootstrap.v3 import Bootstrap  # noqa: PLC0415

    for name in _EXTENSIONS:
        importlib.import_module(f"envoy_data_plane.envoy.{name}")
    try:
        Bootstrap.from_dict(_without(document, _MISREAD))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise RenderError(f"what was rendered is not Envoy's; please report it: {why}") from error


def _without(node: Any, key: str) -> Any:
    if isinstance(node, dict):
        return {name: _without(value, key) for name, value in node.items() if name != key}
    if isinstance(node, list):
        return [_without(item, key) for item in node]
    return node
