"""How a filter runs on each route: turned off, with other settings, or as it is."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ctl.doctor.dump import Manager, host_routes
from ctl.doctor.http_filters import EXT_AUTHZ, Filter, FilterList
from ctl.doctor.node import Node, flag, has, kind, message, node, rows, text

_MOST_NAMED = 3
_AUTHZ_OVERRIDES = ("with_request_body", "grpc_service")


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


def uses(found: FilterList, owns: Sequence[Filter]) -> Uses:
    """Return how the filters run on the routes of their manager that lead to an app.

    A route where none of them runs is off.
    """
    result = Uses()
    routes = list(app_routes(found.manager))
    ways: dict[tuple[str, str], tuple[Filter, Node, list[str]]] = {}
    if not routes:
        ways = {(own.name, ""): (own, own.config, []) for own in owns if not own.is_disabled}
    for where, overrides in routes:
        running = [(own, config) for own in owns if (config := _on(own, overrides)) is not None]
        if not running:
            result.off.append(where)
        for own, config in running:
            key = "" if config is own.config else json.dumps(config, sort_keys=True)
            ways.setdefault((own.name, key), (own, config, []))[2].append(where)
    for own, config, wheres in ways.values():
        where = found.where if config is own.config else f"{found.where}, {_listed(wheres)}"
        result.uses.append(Use(where, config, own.kind == EXT_AUTHZ, found.manager))
    return result


def runs_somewhere(found: FilterList, each: Filter) -> bool:
    """Return False for a filter that is off on every route to an app."""
    routes = list(app_routes(found.manager))
    if not routes:
        return not each.is_disabled
    return any(_on(each, overrides) is not None for _, overrides in routes)


def runs_everywhere(found: FilterList, each: Filter) -> bool:
    """Return True for a filter that is on on every route to an app."""
    routes = list(app_routes(found.manager))
    if not routes:
        return not each.is_disabled
    return all(_on(each, overrides) is not None for _, overrides in routes)


def _on(own: Filter, overrides: Sequence[Node]) -> Node | None:
    """Return the filter's settings on a route, None where it is off there."""
    said = [node(part, own.name) for part in overrides if own.name in part]
    if not said:
        return None if own.is_disabled else own.config
    parts = [_unwrapped(each) for each in said]
    if flag(said[0], "disabled") or flag(parts[0], "disabled"):
        return None
    return _overridden(own, parts)


def _unwrapped(override: Node) -> Node:
    """Return what a route says of a filter, without the wrapper that turns filters off and on."""
    said = message(override)
    return message(node(said, "config")) if kind(said) == "FilterConfig" else said


def app_routes(manager: Manager) -> Iterator[tuple[str, list[Node]]]:
    """Yield each route to an app, with what it says of filters: the closest word first."""
    for config in manager.routes:
        for host in rows(config, "virtual_hosts"):
            for route in host_routes(host):
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


def _overridden(own: Filter, said: Sequence[Node]) -> Node:
    """Return the filter's settings on a route that says something of them, the closest word first.

    Of ext_proc's each key counts where it is said closest; of ext_authz's the closest word does.
    """
    if own.kind != EXT_AUTHZ:
        merged: dict[str, Any] = {}
        for each in reversed(said):
            merged.update(node(each, "overrides"))
        return {**own.config, **merged} if merged else own.config
    settings = node(said[0], "check_settings")
    if flag(settings, "disable_request_body_buffering"):
        return {key: value for key, value in own.config.items() if key != "with_request_body"}
    known = {key: settings[key] for key in _AUTHZ_OVERRIDES if has(settings, key)}
    return {**own.config, **known} if known else own.config


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
