"""How a filter runs on each route: turned off, with other settings, or as it is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from ctl.doctor.dump import Manager
from ctl.doctor.http_filters import EXT_AUTHZ, Filter, FilterList
from ctl.doctor.node import Node, flag, has, kind, node, rows, text

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Use:
    """A filter as it runs for some requests."""

    where: str
    config: Node
    is_ext_authz: bool
    manager: Manager

    @property
    def cluster(self) -> str:
        """Return the cluster that is asked."""
        return text(self.config, "grpc_service", "envoy_grpc", "cluster_name")


@dataclass(slots=True)
class Uses:
    """All ways in which a filter runs, and the routes where it does not."""

    uses: list[Use] = field(default_factory=list)
    off: list[str] = field(default_factory=list)


def uses(found: FilterList, own: Filter) -> Uses:
    """Return how the filter runs on the routes of its manager that lead to an app."""
    result = Uses()
    routes = list(app_routes(found.manager))
    configs = {} if routes or own.is_disabled else {_key(own.config): (own.config, [""])}
    for where, overrides in routes:
        chosen = next((part[own.name] for part in overrides if own.name in part), None)
        if own.is_disabled if chosen is None else flag(chosen, "disabled"):
            result.off.append(where)
            continue
        config = own.config if chosen is None else _overridden(own, chosen)
        configs.setdefault(_key(config), (config, []))[1].append(where)
    for config, wheres in configs.values():
        is_own = config is own.config
        where = found.where if is_own else f"{found.where}, {_listed(wheres)}"
        result.uses.append(Use(where, config, own.kind == EXT_AUTHZ, found.manager))
    return result


def _key(config: Node) -> str:
    return json.dumps(config, sort_keys=True)


def app_routes(manager: Manager) -> Iterator[tuple[str, list[Node]]]:
    """Yield each route to an app, with what it says of filters: the closest word first."""
    for config in manager.routes:
        for host in rows(config, "virtual_hosts"):
            for route in rows(host, "routes"):
                if not has(route, "route"):  # redirects and the like reach no app
                    continue
                above = [_per_filter(part) for part in (route, host, config)]
                where = f"{_route_name(route)} of {text(host, 'name') or 'a virtual host'}"
                weighted = rows(route, "route", "weighted_clusters", "clusters")
                for cluster in weighted or [{}]:
                    yield where, [_per_filter(cluster), *above]


def _per_filter(part: Node) -> Node:
    return node(part, "typed_per_filter_config")


def _route_name(route: Node) -> str:
    match = node(route, "match")
    for key in ("prefix", "path", "path_separated_prefix"):
        if has(match, key):
            return f"route {text(match, key)}"
    return f"route {text(route, 'name') or text(match, 'safe_regex', 'regex') or 'without a name'}"


def _overridden(own: Filter, override: Node) -> Node:
    """Return the filter's settings on a route that says something of them."""
    if kind(override) == "FilterConfig":  # the wrapper that can turn filters off and on
        override = node(override, "config")
    if own.kind != EXT_AUTHZ:
        said = node(override, "overrides")
        return {**own.config, **said} if said else own.config
    settings = node(override, "check_settings")
    if flag(settings, "disable_request_body_buffering"):
        return {key: value for key, value in own.config.items() if key != "with_request_body"}
    if has(settings, "with_request_body"):
        return {**own.config, "with_request_body": settings["with_request_body"]}
    return own.config


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
