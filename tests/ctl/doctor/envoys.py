"""Envoy configurations that doctor is tried with, and what an Envoy would say that runs one."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML

from ctl.doctor.envoy_facts import EnvoyFacts, read_facts
from ctl.envoy.options import EnvoyOptions
from ctl.envoy.template import render_envoy
from kysira.settings import OnFailure

Config = dict[str, Any]
TYPE = "type.googleapis.com/envoy."
FILTERS = f"{TYPE}extensions.filters.http."
HCM = f"{TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ADMIN = f"{TYPE}admin.v3."
VERSION = "0123abcd/1.40.0/Clean/RELEASE/BoringSSL"
OPTIONS = EnvoyOptions(on_failure=OnFailure.CLOSED)
"""Fails closed, so that each of the two ways to fail can be told from the other."""


def parsed(text: str) -> Config:
    """Return the configuration that the YAML holds."""
    config = YAML(typ="safe", pure=True).load(io.StringIO(text))
    assert isinstance(config, dict)
    return config


def rendered_config() -> Config:
    """Return what ``kysiractl render envoy`` prints; all is well with it."""
    return parsed(render_envoy(OPTIONS))


def listener(config: Config) -> Config:
    """Return its listener."""
    found: Config = config["static_resources"]["listeners"][0]
    return found


def manager(config: Config) -> Config:
    """Return its http_connection_manager."""
    found: Config = listener(config)["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def host(config: Config) -> Config:
    """Return its virtual host."""
    found: Config = manager(config)["route_config"]["virtual_hosts"][0]
    return found


def route(config: Config) -> Config:
    """Return its route."""
    found: Config = host(config)["routes"][0]
    return found


def filters(config: Config) -> list[Config]:
    """Return its HTTP filters: the one that strips headers, Kysira's, and the router."""
    found: list[Config] = manager(config)["http_filters"]
    return found


def own(config: Config) -> Config:
    """Return the settings of Kysira's filter."""
    found: Config = filters(config)[1]["typed_config"]
    return found


def cluster(config: Config) -> Config:
    """Return Kysira's cluster."""
    found: Config = config["static_resources"]["clusters"][1]
    return found


def server_info(state: str = "LIVE", version: str = VERSION) -> Config:
    """Return what /server_info says."""
    return {"state": state, "version": version}


def dump(config: Config) -> Config:
    """Return what /config_dump says of a configuration that is all static."""
    static = config["static_resources"]
    return {
        "configs": [
            {"@type": f"{ADMIN}BootstrapConfigDump", "bootstrap": config},
            {
                "@type": f"{ADMIN}ClustersConfigDump",
                "static_clusters": [{"cluster": each} for each in static.get("clusters", [])],
            },
            {
                "@type": f"{ADMIN}ListenersConfigDump",
                "static_listeners": [{"listener": each} for each in static.get("listeners", [])],
            },
            {"@type": f"{ADMIN}RoutesConfigDump"},
        ]
    }


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an Envoy tells beside its configuration."""

    info: Config = field(default_factory=server_info)
    ill: Mapping[str, Config] = field(default_factory=dict)
    """``host:port`` → its health status."""
    counters: Mapping[str, int] = field(default_factory=dict)


ALL_WELL = Told()


def facts(config: Config, told: Told = ALL_WELL) -> EnvoyFacts:
    """Return what an Envoy says that runs the configuration."""
    statuses = [_status(each, told.ill) for each in config["static_resources"].get("clusters", [])]
    listening = [
        {"name": each["name"], "local_address": each["address"]}
        for each in config["static_resources"].get("listeners", [])
    ]
    stats = [{"name": name, "value": count} for name, count in told.counters.items()]
    return read_facts(
        dump(config), {"cluster_statuses": statuses}, told.info, {"listener_statuses": listening},
        {"stats": stats},
    )  # fmt: skip


def _status(each: Config, ill: Mapping[str, Config]) -> Config:
    addresses = [
        endpoint["endpoint"]["address"]
        for group in each.get("load_assignment", {}).get("endpoints", [])
        for endpoint in group["lb_endpoints"]
    ]
    rows = [
        {"address": address, "health_status": ill.get(_name(address), {})} for address in addresses
    ]
    return {"name": each["name"], "host_statuses": rows}


def _name(address: Config) -> str:
    socket = address["socket_address"]
    return f"{socket['address']}:{socket['port_value']}"


Change = Callable[[Config], object]
"""Breaks a configuration."""
