"""The HTTP filters of a manager, and which of them are Kysira's."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ctl.doctor.dump import Dump, Manager, filter_config
from ctl.doctor.node import Node, flag, kind, message, node, rows, text

EXT_PROC = "ExternalProcessor"
EXT_AUTHZ = "ExtAuthz"
_OWN = "kysira"


@dataclass(frozen=True, slots=True)
class Filter:
    """An HTTP filter as it runs."""

    name: str
    kind: str
    """The name of its message, such as ``Router``."""
    package: str
    """The package of that, such as ``router``."""
    config: Node
    is_disabled: bool = False
    """True where it runs on the routes alone that say so."""
    is_matched: bool = False
    """True where a matcher decides for which requests it runs."""

    @property
    def cluster(self) -> str:
        """Return the cluster that its gRPC service is, "" for none."""
        return text(self.config, "grpc_service", "envoy_grpc", "cluster_name")


@dataclass(frozen=True, slots=True)
class FilterList:
    """The filters that requests of one sort go through, in order."""

    manager: Manager
    filters: tuple[Filter, ...]
    upgrade: str = ""
    """Which upgrades have it for themselves; "" for all requests."""

    @property
    def where(self) -> str:
        """Return for people which it is."""
        return self.manager.where + (f", upgrades to {self.upgrade}" if self.upgrade else "")


def filter_lists(manager: Manager, dump: Dump) -> Iterator[FilterList]:
    """Yield the manager's filters, then those of upgrades that have their own."""
    yield FilterList(manager, _filters(rows(manager.config, "http_filters"), dump))
    for row in rows(manager.config, "upgrade_configs"):
        if own := rows(row, "filters"):
            yield FilterList(manager, _filters(own, dump), text(row, "upgrade_type"))


def _filters(entries: Sequence[Node], dump: Dump) -> tuple[Filter, ...]:
    return tuple(_filter(entry, dump) for entry in entries)


def _filter(entry: Node, dump: Dump) -> Filter:
    name, config = text(entry, "name"), filter_config(entry, dump)
    is_matched = kind(config) == "ExtensionWithMatcher"
    if is_matched:
        config = message(node(config, "extension_config", "typed_config"))
    package, _, named = ("." * 3 + text(config, "@type")).split(".")[-3:]
    return Filter(name, named, package, config, flag(entry, "disabled"), is_matched)


def kysira_at(
    filters: Sequence[Filter], endpoints: Mapping[str, Collection[str]], hosts: Collection[str]
) -> list[int]:
    """Return the indices of the filters that ask Kysira: Envoy Gateway has one for each policy.

    It is one whose name or cluster is called so, or whose cluster's endpoints are on the hosts of
    the services.
    """
    found = []
    for index, each in enumerate(filters):
        if each.kind not in (EXT_PROC, EXT_AUTHZ):
            continue
        is_named = _OWN in each.name.lower() or _OWN in each.cluster.lower()
        if is_named or set(endpoints.get(each.cluster, ())) & set(hosts):
            found.append(index)
    return found
