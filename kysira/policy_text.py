"""A policy as ``kysira.yaml`` would say it, with everything that holds."""

from time import gmtime, strftime
from typing import Any

from kysira.policy import Policy
from kysira.routes import Route
from kysira.types import Exclusion


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """Return the keys and values of a file that declares the whole policy, defaults too."""
    options = policy.options
    slugs = sorted({*options.thresholds, *options.disabled})
    return {
        "mode": policy.mode.value,
        "threshold": options.threshold,
        "timeout_ms": round(policy.timeout_s * 1000),
        "max_body_bytes": policy.max_body_bytes,
        "on_oversize": policy.on_oversize.value,
        "on_failure": policy.on_failure.value,
        "trusted_proxies": [str(network) for network in policy.trusted_proxies],
        "client_address_headers": list(policy.client_address_headers),
        "detectors": {slug: _detector(policy, slug) for slug in slugs},
        "routes": [route_to_json(route) for route in policy.routes],
        "exclusions": [exclusion_to_json(each) for each in policy.exclusions],
    }


def _detector(policy: Policy, slug: str) -> dict[str, Any]:
    said: dict[str, Any] = {"enabled": False} if slug in policy.options.disabled else {}
    if slug in policy.options.thresholds:
        said["threshold"] = policy.options.thresholds[slug]
    return said


def route_to_json(route: Route) -> dict[str, Any]:
    """Return what a file says of a route: what it leaves out is inherited."""
    match: dict[str, Any] = {"host": route.host} if route.host else {}
    if route.path != "/" or not (route.host or route.methods):
        match["path"] = route.path
    if route.methods:
        match["methods"] = sorted(route.methods)
    said = {
        "mode": route.mode and route.mode.value,
        "threshold": route.threshold,
        "inspect_body": route.inspect_body,
        "on_failure": route.on_failure and route.on_failure.value,
    }
    told = {key: value for key, value in said.items() if value is not None}
    return {"name": route.name, "match": match, **told}


def exclusion_to_json(exclusion: Exclusion) -> dict[str, Any]:
    """Return what a file says of an exclusion."""
    said: dict[str, Any] = {
        "name": exclusion.name,
        "path": exclusion.path_prefix,
        "location": exclusion.location,
        "detector": exclusion.detector,
    }
    if exclusion.expires is not None:
        said["expires"] = timestamp(exclusion.expires)
    return {**said, "reason": exclusion.reason} if exclusion.reason else said


def timestamp(unix_seconds: float) -> str:
    """Return a time as people write it in a file: RFC 3339, UTC, to the second."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(unix_seconds))
