"""The EnvoyFilter: what istiod makes of its patches."""

import json
from typing import Any

from ctl.envoy.options import EnvoyOptions, read_address
from ctl.envoy.template import render_cluster, render_filters
from ctl.istio.options import IstioOptions
from ctl.istio.template import render_istio
from ctl.render_output import parse
from tests.istio import MANAGER, spliced

ENVOY = EnvoyOptions(ext_proc=(read_address("guard.ns.svc:50051"),), max_body_bytes=70000)
OPTIONS = IstioOptions(envoy=ENVOY, selector={"app": "true", "a/b": "1"})


def rendered(options: IstioOptions = OPTIONS) -> dict[str, Any]:
    """Return the object."""
    (value,) = parse(render_istio(options).text)
    assert isinstance(value, dict)
    return value


def sidecar() -> dict[str, Any]:
    """Return a sidecar's configuration with the patches."""
    found: dict[str, Any] = json.loads(spliced(rendered(), "80"))["static_resources"]
    return found


def test_labels_stay_text() -> None:
    """A label's value is a string, whatever it looks like."""
    assert rendered()["spec"]["workloadSelector"]["labels"] == {"app": "true", "a/b": "1"}
    assert "workloadSelector" not in rendered(IstioOptions(envoy=ENVOY))["spec"]


def test_parts_are_those_of_the_standalone_configuration() -> None:
    """Cluster and filters have one home: here they are the same, item for item."""
    patches = rendered()["spec"]["configPatches"]
    values = {kind: [p["patch"]["value"] for p in patches if p["applyTo"] == kind]
              for kind in ("CLUSTER", "HTTP_FILTER")}  # fmt: skip
    assert values["CLUSTER"] == parse(render_cluster(ENVOY))[0]
    assert values["HTTP_FILTER"] == parse(render_filters(ENVOY))[0]


def test_filters_come_right_before_the_router_in_order() -> None:
    """Claims are stripped before ext-proc may fail, and after every filter of Istio's own."""
    (listener,) = sidecar()["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    names = [entry["name"] for entry in manager["http_filters"]]
    assert names[-3:] == ["kysira.strip_headers", "kysira.ext_proc", "envoy.filters.http.router"]
    assert len(names) == len(set(names)) == 7


def test_limits_reach_listener_and_http2() -> None:
    """And what was set there before stays."""
    (listener,) = sidecar()["listeners"]
    assert listener["per_connection_buffer_limit_bytes"] == 70000
    manager = listener["filter_chains"][0]["filters"][0]
    assert manager["name"] == MANAGER
    assert manager["typed_config"]["http2_protocol_options"] == {
        "max_concurrent_streams": 1073741824,
        "initial_stream_window_size": 70000,
        "initial_connection_window_size": 1048576,
    }


def test_other_contexts_are_left_alone() -> None:
    """Patches for inbound traffic change nothing for a gateway."""
    text = spliced(rendered(), "80", "GATEWAY")
    assert "kysira" not in text
