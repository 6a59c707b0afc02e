"""An EnvoyFilter put into a sidecar's configuration, in the way istiod does it."""

import copy
import json
import string
from pathlib import Path
from typing import Any

from ctl.render_output import parse

SIDECAR = Path(__file__).parent / "data" / "envoy" / "istio_sidecar.yaml"
MANAGER = "envoy.filters.network.http_connection_manager"


def spliced(envoy_filter: dict[str, Any], app_port: str, context: str = "SIDECAR_INBOUND") -> str:
    """Return a sidecar's configuration with the patches for this context.

    Clusters first, then listeners, network filters and HTTP filters, each kind in its own order:
    pilot/pkg/networking/core/envoyfilter of istio/istio.
    """
    text = string.Template(SIDECAR.read_text()).substitute(APP_PORT=app_port)
    resources = (document := parse(text)[0])["static_resources"]
    patches = [
        patch
        for patch in envoy_filter["spec"]["configPatches"]
        if patch["match"]["context"] in (context, "ANY")
    ]
    for patch in _of(patches, "CLUSTER", "ADD"):
        resources["clusters"].append(copy.deepcopy(patch["patch"]["value"]))
    for listener in resources["listeners"]:
        for patch in _of(patches, "LISTENER", "MERGE"):
            _merge(listener, patch["patch"]["value"])
        for chain in listener["filter_chains"]:
            for network_filter in chain["filters"]:
                _patch_filter(network_filter, patches)
    return json.dumps(document)


def _of(patches: list[dict[str, Any]], kind: str, operation: str) -> list[dict[str, Any]]:
    found = [patch for patch in patches if patch["applyTo"] == kind]
    assert all(patch["patch"]["operation"] == operation for patch in found), kind
    return found


def _patch_filter(network_filter: dict[str, Any], patches: list[dict[str, Any]]) -> None:
    for patch in _of(patches, "NETWORK_FILTER", "MERGE"):
        if _wanted(patch)["name"] == network_filter["name"]:
            _merge(network_filter, patch["patch"]["value"])
    if network_filter["name"] != MANAGER:
        return
    filters = network_filter["typed_config"]["http_filters"]
    for patch in _of(patches, "HTTP_FILTER", "INSERT_BEFORE"):
        names = [entry["name"] for entry in filters]
        if (name := _wanted(patch)["subFilter"]["name"]) in names:
            filters.insert(names.index(name), copy.deepcopy(patch["patch"]["value"]))


def _wanted(patch: dict[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = patch["match"]["listener"]["filterChain"]["filter"]
    return wanted


def _merge(into: dict[str, Any], value: dict[str, Any]) -> None:
    """Merge as protobuf does: messages into messages, lists after lists, scalars over scalars."""
    for key, new in value.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            _merge(old, new)
        elif isinstance(old, list):
            into[key] = old + copy.deepcopy(new)
        else:
            into[key] = copy.deepcopy(new)
