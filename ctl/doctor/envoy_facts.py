"""Asks an Envoy's admin interface for what it runs, and how that goes."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ctl.doctor.dump import Dump, read_dump
from ctl.doctor.node import Node, flag, node, number, rows, text
from ctl.fleet.client import Reply, fleet_client
from ctl.fleet.target import Target

PATIENCE_S = 10.0
"""The configuration of a large mesh takes its time."""
_MOST_BYTES = 512 << 20
"""Its dump holds every route and secret's name of that."""
_COUNTERS = "ext_proc|ext_authz|upstream_rq_pending_overflow|upstream_rq_retry_overflow"
_PATHS = (
    "/config_dump", "/clusters?format=json", "/server_info", "/listeners?format=json",
    f"/stats?format=json&filter={_COUNTERS}",
)  # fmt: skip
_VERSION = re.compile(r"/(\d+)\.(\d+)\.(\d+)[^/]*/")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a cluster, and whether Envoy sends requests to it."""

    host: str
    port: int
    trouble: str = ""
    """Why it is thought unhealthy; "" when it is not."""


@dataclass(frozen=True, slots=True)
class EnvoyFacts:
    """What an Envoy said."""

    dump: Dump
    state: str
    version: tuple[int, ...]
    """Empty where it can't be told."""
    endpoints: Mapping[str, tuple[Endpoint, ...]]
    """Cluster → where it is."""
    counters: Mapping[str, int]
    listening: Mapping[str, tuple[str, int]]
    """Listener → the address and port it has."""

    @property
    def hosts(self) -> dict[str, list[str]]:
        """Return the IP addresses of each cluster."""
        return {name: [each.host for each in found] for name, found in self.endpoints.items()}


async def envoy_facts(url: str, timeout_s: float) -> EnvoyFacts | Reply:
    """Return what the Envoy with this admin interface says, or the first reply that failed."""
    target = Target(urlsplit(url).netloc, url.rstrip("/"))
    async with fleet_client("", max(timeout_s, PATIENCE_S), _MOST_BYTES) as client:
        replies = await asyncio.gather(*(client.ask(target, path) for path in _PATHS))
    for reply in replies:
        if not reply.is_ok:
            return reply
        if not isinstance(reply.body, dict):
            return Reply(target, reply.status, error="it is no admin interface of Envoy")
    return read_facts(*(reply.body for reply in replies))


def read_facts(
    config_dump: Node, clusters: Node, server_info: Node, listeners: Node, stats: Node
) -> EnvoyFacts:
    """Return what the answers of the admin interface say."""
    match = _VERSION.search(text(server_info, "version"))
    return EnvoyFacts(
        dump=read_dump(config_dump),
        state=text(server_info, "state"),
        version=tuple(map(int, match.groups())) if match else (),
        endpoints={
            text(row, "name"): tuple(map(_endpoint, rows(row, "host_statuses")))
            for row in rows(clusters, "cluster_statuses")
        },
        counters={
            text(row, "name"): int(number(row, "value"))
            for row in rows(stats, "stats")
            if "name" in row
        },
        listening={
            text(row, "name"): _address(node(row, "local_address"))
            for row in rows(listeners, "listener_statuses")
        },
    )


_TROUBLES = (
    ("failed_active_health_check", "its health check fails"),
    ("failed_outlier_check", "put aside by outlier detection"),
    ("pending_active_hc", "not checked yet"),
)


def _endpoint(row: Node) -> Endpoint:
    health = node(row, "health_status")
    troubles = [said for key, said in _TROUBLES if flag(health, key)]
    told = text(health, "eds_health_status", default="HEALTHY")
    if told not in ("HEALTHY", "UNKNOWN", "DEGRADED"):
        troubles.append(f"its control plane calls it {told.lower()}")
    return Endpoint(*_address(node(row, "address")), ", ".join(troubles))


def _address(row: Node) -> tuple[str, int]:
    socket = node(row, "socket_address")
    if pipe := text(row, "pipe", "path"):
        return pipe, 0
    return text(socket, "address"), int(number(socket, "port_value"))
