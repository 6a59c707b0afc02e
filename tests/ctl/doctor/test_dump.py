"""Reading /config_dump: static resources, and those of a control plane."""

from ctl.doctor.dump import Manager, managers, read_dump, tcp_chains
from tests.ctl.doctor.envoys import ADMIN, HCM, TYPE, Config

TCP = f"{TYPE}extensions.filters.network.tcp_proxy.v3.TcpProxy"


def listener(name: str, *chains: Config, **more: object) -> Config:
    """Return a listener with these filter chains."""
    return {"name": name, "filter_chains": list(chains), **more}


def chain(kind: str = HCM, **config: object) -> Config:
    """Return a filter chain with one network filter."""
    return {"filters": [{"name": "it", "typed_config": {"@type": kind, **config}}]}


def part(name: str, **rows: object) -> Config:
    """Return a part of the dump."""
    return {"@type": f"{ADMIN}{name}", **rows}


def found(*parts: Config) -> list[Manager]:
    """Return the managers of a dump."""
    return list(managers(read_dump({"configs": list(parts)})))


def test_every_chain_is_found() -> None:
    """Managers of all chains, the default one too, are told apart."""
    both = listener("both", chain(), chain(), default_filter_chain=chain())
    both["filter_chains"][1]["name"] = "tls"
    static = part("ListenersConfigDump", static_listeners=[{"listener": both}])
    assert [each.where for each in found(static)] == [
        "listener both, filter chain 1", "listener both, filter chain tls",
        "listener both, default filter chain",
    ]  # fmt: skip


def test_dynamic_listener_counts_when_active() -> None:
    """One that is given by LDS counts as it is now, not as it will be."""
    rows = [
        {"name": "a", "active_state": {"listener": listener("a", chain())}},
        {"name": "b", "warming_state": {"listener": listener("b", chain())}},
        {"name": "c", "draining_state": {"listener": listener("c", chain())}},
    ]
    told = found(part("ListenersConfigDump", dynamic_listeners=rows))
    assert [each.where for each in told] == ["listener a"]


def test_listener_without_name_is_called_by_address() -> None:
    """There is always something to call it by."""
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    rows = [{"listener": {"address": address, "filter_chains": [chain()]}}]
    [told] = found(part("ListenersConfigDump", static_listeners=rows))
    assert told.where == "listener 10.0.0.1:80"


def test_routes_come_from_where_they_are_kept() -> None:
    """Inline, by RDS, or by a scope; what has not come is pending."""
    rds = {"rds": {"route_config_name": "web"}}
    late = {"rds": {"route_config_name": "late"}}
    by_scope = {"scoped_routes": {"name": "scopes"}}
    listed = {
        "scoped_routes": {
            "name": "x",
            "scoped_route_configurations_list": {
                "scoped_route_configurations": [{"route_configuration_name": "web"}]
            },
        }
    }
    inline = {"route_config": {"name": "own"}}
    rows = [
        {"listener": listener(str(index), chain(**config))}
        for index, config in enumerate([rds, late, by_scope, listed, inline])
    ]
    scopes = [
        {
            "name": "scopes",
            "scoped_route_configs": [
                {"route_configuration_name": "web"}, {"route_configuration_name": "gone"},
            ],
        }
    ]  # fmt: skip
    told = found(
        part("ListenersConfigDump", static_listeners=rows),
        part("RoutesConfigDump", dynamic_route_configs=[{"route_config": {"name": "web"}}]),
        part("ScopedRoutesConfigDump", dynamic_scoped_route_configs=scopes),
    )
    names = [[route["name"] for route in each.routes] for each in told]
    assert names == [["web"], [], ["web"], ["web"], ["own"]]
    assert [each.pending for each in told] == [(), ("late",), ("gone",), (), ()]


def test_raw_chains_are_found() -> None:
    """What passes connections on without reading HTTP is told."""
    rows = [{"listener": listener("raw", chain(TCP))}, {"listener": listener("web", chain())}]
    dump = read_dump({"configs": [part("ListenersConfigDump", static_listeners=rows)]})
    assert [where for where, _ in tcp_chains(dump)] == ["listener raw"]


def test_clusters_of_both_sorts_are_known() -> None:
    """Static ones, and those that CDS gave."""
    clusters = part(
        "ClustersConfigDump", static_clusters=[{"cluster": {"name": "a"}}],
        dynamic_active_clusters=[{"cluster": {"name": "b"}}],
        dynamic_warming_clusters=[{"cluster": {"name": "c"}}],
    )  # fmt: skip
    assert set(read_dump({"configs": [clusters]}).clusters) == {"a", "b"}


def test_empty_dump_holds_nothing() -> None:
    """An answer that says nothing is no error."""
    assert found() == []
    assert read_dump({}).clusters == {}


def test_connections_to_nobody_are_no_bypass() -> None:
    """Istio sends what it does not want to a cluster without endpoints."""
    hole, real = (chain(TCP, cluster=name) for name in ("BlackHoleCluster", "app"))
    both = listener("virtualInbound", hole, real)
    dump = read_dump(
        {
            "configs": [
                part("ListenersConfigDump", static_listeners=[{"listener": both}]),
                part(
                    "ClustersConfigDump",
                    dynamic_active_clusters=[
                        {"cluster": {"name": "BlackHoleCluster", "type": "STATIC"}},
                        {"cluster": {"name": "app", "type": "EDS"}},
                    ],
                ),
            ]
        }
    )
    assert [where for where, _ in tcp_chains(dump)] == ["listener virtualInbound, filter chain 2"]


def test_network_filters_may_come_by_ecds() -> None:
    """A manager that is discovered is as good as one that is written."""
    discovered = {"name": "hcm", "config_discovery": {"type_urls": [HCM]}}
    one = listener("it", {"filters": [discovered]})
    ecds = {"ecds_filter": {"name": "hcm", "typed_config": {"@type": HCM, "codec_type": "HTTP1"}}}
    [manager] = found(
        part("ListenersConfigDump", static_listeners=[{"listener": one}]),
        part("EcdsConfigDump", ecds_filters=[ecds]),
    )
    assert manager.config["codec_type"] == "HTTP1"


def test_scoped_routes_may_be_written_in_place() -> None:
    """A scope can hold its routes itself instead of naming them."""
    scope = {"name": "a", "route_configuration": {"name": "here"}}
    config = {
        "scoped_routes": {
            "name": "scopes",
            "scoped_route_configurations_list": {"scoped_route_configurations": [scope]},
        }
    }
    one = listener("it", chain(**config))
    [manager] = found(part("ListenersConfigDump", static_listeners=[{"listener": one}]))
    assert [each["name"] for each in manager.routes] == ["here"]
    assert manager.pending == ()
