"""The HTTP filters of a manager, however they are written, and which are Kysira's."""

from ctl.doctor.dump import Dump, Manager
from ctl.doctor.http_filters import Filter, filter_lists, kysira_at
from tests.ctl.doctor.envoys import FILTERS, TYPE, Config

EXT_PROC = f"{FILTERS}ext_proc.v3.ExternalProcessor"
ASKS = {"@type": EXT_PROC, "grpc_service": {"envoy_grpc": {"cluster_name": "waf"}}}


def filter_of(entry: Config, **extensions: Config) -> Filter:
    """Return the filter that an entry of http_filters is."""
    manager = Manager("it", {}, {"http_filters": [entry]})
    [found] = filter_lists(manager, Dump(extensions=extensions))
    return found.filters[0]


def test_plain_filter_is_read() -> None:
    """Its name, what it is, and whom it asks."""
    found = filter_of({"name": "x", "typed_config": ASKS, "disabled": True})
    assert (found.name, found.kind, found.package) == ("x", "ExternalProcessor", "ext_proc")
    assert found.cluster == "waf"
    assert found.is_disabled
    assert not found.is_matched


def test_wrapped_filters_are_read() -> None:
    """By ECDS, its default, a matcher, or as a struct: it is the same filter."""
    by_ecds = {"name": "x", "config_discovery": {}}
    default = {"name": "y", "config_discovery": {"default_config": ASKS}}
    matched = {
        "@type": f"{TYPE}extensions.common.matching.v3.ExtensionWithMatcher",
        "extension_config": {"typed_config": ASKS},
    }
    struct = {
        "@type": "type.googleapis.com/xds.type.v3.TypedStruct", "type_url": EXT_PROC,
        "value": {"grpc_service": ASKS["grpc_service"]},
    }  # fmt: skip
    for entry in (by_ecds, default, {"typed_config": matched}, {"typed_config": struct}):
        found = filter_of(entry, x=ASKS)
        assert (found.kind, found.cluster) == ("ExternalProcessor", "waf"), entry
        assert found.is_matched == (entry.get("typed_config") is matched)


def test_upgrades_have_their_own_list() -> None:
    """Where an upgrade has filters, they are told apart; where it has none, there is no list."""
    config = {
        "http_filters": [{"name": "a"}],
        "upgrade_configs": [
            {"upgrade_type": "websocket", "filters": [{"name": "b"}]}, {"upgrade_type": "x"},
        ],
    }  # fmt: skip
    found = list(filter_lists(Manager("listener it", {}, config), Dump()))
    assert [each.where for each in found] == ["listener it", "listener it, upgrades to websocket"]


def asking(name: str, cluster: str) -> Filter:
    """Return an ext_proc filter."""
    config = {"grpc_service": {"envoy_grpc": {"cluster_name": cluster}}}
    return Filter(name, "ExternalProcessor", "ext_proc", config)


def test_kysira_is_known_by_name_or_address() -> None:
    """Its name, its cluster's, or that its endpoints are where the services are."""
    other = asking("other", "ratings")
    router = Filter("kysira-router", "Router", "router", {})
    for own in (asking("kysira.ext_proc", "x"), asking("x", "outbound|50051||kysira.waf.svc")):
        assert kysira_at([router, other, own], {}, ()) == [2]
    endpoints = {"ratings": ["10.0.0.9"], "x": ["10.0.0.7"]}
    assert kysira_at([other, asking("y", "x")], endpoints, {"10.0.0.7"}) == [1]
    assert kysira_at([other, router], endpoints, {"10.0.0.7"}) == []
