"""What /config_dump holds, static and dynamic alike: listeners, routes, clusters, extensions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ctl.doctor.node import Node, has, kind, message, node, rows, text

_MANAGER = "HttpConnectionManager"


@dataclass(frozen=True, slots=True)
class Dump:
    """The configuration that an Envoy runs now, whoever gave it."""

    listeners: tuple[Node, ...] = ()
    routes: Mapping[str, Node] = field(default_factory=dict)
    """Those that come by RDS, by name."""
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Scoped routes → the names of the route configurations that they lead to."""
    clusters: Mapping[str, Node] = field(default_factory=dict)
    extensions: Mapping[str, Node] = field(default_factory=dict)
    """Filters that come by ECDS, by name."""
    bootstrap: Node = field(default_factory=dict)

    @property
    def node_id(self) -> str:
        """Return what Envoy calls itself to its control plane."""
        return text(self.bootstrap, "node", "id")

    @property
    def is_sidecar(self) -> bool:
        """Return True for an Istio sidecar."""
        return self.node_id.startswith("sidecar~")


@dataclass(frozen=True, slots=True)
class Manager:
    """An http_connection_manager, the listener it is in, and the routes it follows."""

    where: str
    """For people: its listener, and its filter chain where there are several."""
    listener: Node
    config: Node
    routes: tuple[Node, ...] = ()
    pending: tuple[str, ...] = ()
    """Route configurations that have not come yet."""


def read_dump(document: Node) -> Dump:
    """Return what the JSON of /config_dump says; parts that are missing are empty."""
    parts = {kind(part): part for part in rows(document, "configs")}
    listeners = parts.get("ListenersConfigDump")
    routes = parts.get("RoutesConfigDump")
    clusters = parts.get("ClustersConfigDump")
    scopes = parts.get("ScopedRoutesConfigDump")
    extensions = parts.get("EcdsConfigDump")
    return Dump(
        listeners=tuple(_listeners(listeners)),
        routes={
            text(row, "route_config", "name"): node(row, "route_config")
            for row in rows(routes, "dynamic_route_configs")
        },
        scopes={
            text(row, "name"): tuple(_targets(rows(row, "scoped_route_configs")))
            for key in ("inline_scoped_route_configs", "dynamic_scoped_route_configs")
            for row in rows(scopes, key)
        },
        clusters={
            text(row, "cluster", "name"): node(row, "cluster")
            for key in ("static_clusters", "dynamic_active_clusters")
            for row in rows(clusters, key)
        },
        extensions={
            text(row, "ecds_filter", "name"): node(row, "ecds_filter", "typed_config")
            for row in rows(extensions, "ecds_filters")
        },
        bootstrap=node(parts.get("BootstrapConfigDump"), "bootstrap"),
    )


def _listeners(part: object) -> Iterator[Node]:
    for row in rows(part, "static_listeners"):
        yield node(row, "listener")
    for row in rows(part, "dynamic_listeners"):
        if active := node(row, "active_state", "listener"):  # one that warms up takes no requests
            yield active


def _targets(scopes: list[Node]) -> Iterator[str]:
    for scope in scopes:
        if name := text(scope, "route_configuration_name"):
            yield name


def chains(listener: Node) -> Iterator[tuple[str, Node]]:
    """Yield the filter chains of a listener, each with a name for people, "" for an only one."""
    named = rows(listener, "filter_chains")
    default = node(listener, "default_filter_chain")
    is_one = len(named) + bool(default) == 1
    for index, chain in enumerate(named):
        name = text(chain, "name") or str(index + 1)
        yield "" if is_one else f", filter chain {name}", chain
    if default:
        yield "" if is_one else ", default filter chain", default


def listener_name(listener: Node) -> str:
    """Return what people call the listener."""
    address = node(listener, "address", "socket_address")
    port = f"{text(address, 'address')}:{address.get('port_value', 0)}"
    return f"listener {text(listener, 'name') or port}"


def managers(dump: Dump) -> Iterator[Manager]:
    """Yield every http_connection_manager of every filter chain."""
    for listener in dump.listeners:
        for chain_name, chain in chains(listener):
            for config in _configs(chain, dump):
                if kind(config) == _MANAGER:
                    found, pending = _routes_of(config, dump)
                    where = listener_name(listener) + chain_name
                    yield Manager(where, listener, config, tuple(found), tuple(pending))


def tcp_chains(dump: Dump) -> Iterator[tuple[str, Node]]:
    """Yield the filter chains that pass connections on without reading HTTP, and their listener."""
    for listener in dump.listeners:
        for chain_name, chain in chains(listener):
            configs = list(_configs(chain, dump))
            proxies = [config for config in configs if kind(config) == "TcpProxy"]
            is_http = any(kind(config) == _MANAGER for config in configs)
            if not is_http and any(not _is_dead_end(proxy, dump) for proxy in proxies):
                yield listener_name(listener) + chain_name, listener


def _is_dead_end(proxy: Node, dump: Dump) -> bool:
    """Return True where connections are sent to nobody, as Istio does with unwanted ones."""
    cluster = dump.clusters.get(text(proxy, "cluster"))
    return (
        cluster is not None
        and text(cluster, "type", default="STATIC") == "STATIC"
        and not has(cluster, "cluster_type")
        and not rows(cluster, "load_assignment", "endpoints")
    )


def _configs(chain: Node, dump: Dump) -> Iterator[Node]:
    for entry in rows(chain, "filters"):
        yield filter_config(entry, dump)


def filter_config(entry: Node, dump: Dump) -> Node:
    """Return the settings of a filter as they are now: it may come by ECDS."""
    config = node(entry, "typed_config")
    if has(entry, "config_discovery"):
        default = node(entry, "config_discovery", "default_config")
        config = dump.extensions.get(text(entry, "name"), default)
    return message(config)


def host_routes(host: Node) -> Iterator[Node]:
    """Yield the routes of a virtual host: those in its list, or those that a matcher leads to."""
    yield from rows(host, "routes")
    yield from _matched(host.get("matcher"))


def _matched(part: object) -> Iterator[Node]:
    if isinstance(part, list):
        for each in part:
            yield from _matched(each)
    elif isinstance(part, dict):
        name = text(part, "@type")
        if name.endswith("config.route.v3.Route"):
            yield part
        elif name.endswith("config.route.v3.RouteList"):
            yield from rows(part, "routes")
        else:
            yield from _matched(list(part.values()))


def _routes_of(config: Node, dump: Dump) -> tuple[list[Node], list[str]]:
    if has(config, "route_config"):
        return [node(config, "route_config")], []
    name = text(config, "rds", "route_config_name")
    names = [name] if name else list(_scoped(node(config, "scoped_routes"), dump))
    found = [dump.routes[each] for each in names if each in dump.routes]
    found += [
        node(scope, "route_configuration")
        for scope in _listed(node(config, "scoped_routes"))
        if has(scope, "route_configuration")
    ]
    return found, [each for each in names if each not in dump.routes]


def _scoped(scoped: Node, dump: Dump) -> Iterator[str]:
    """Yield the names of all route configurations of scoped routes: which one counts is runtime."""
    listed = _listed(scoped)
    yield from _targets(listed)
    if not listed:
        yield from dump.scopes.get(text(scoped, "name"), ())


def _listed(scoped: Node) -> list[Node]:
    return rows(scoped, "scoped_route_configurations_list", "scoped_route_configurations")
