"""The whole examination: services, then Envoy, then the data path between client and app."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ctl.doctor import codes
from ctl.doctor.codes import Section
from ctl.doctor.dump import chains
from ctl.doctor.envoy_checks import app_managers, check_envoy
from ctl.doctor.envoy_facts import EnvoyFacts, envoy_facts
from ctl.doctor.node import has, text
from ctl.doctor.path_checks import check_path
from ctl.doctor.report import Chart, Report
from ctl.doctor.service_checks import check_services
from ctl.doctor.service_facts import ServiceFacts, limits, service_facts
from ctl.fleet.client import Reply
from ctl.fleet.open import fleet
from ctl.fleet.options import Which
from kysira.serving import address

_NO_ENVOY = "no --envoy-admin; in front of kysira-proxy and behind nginx there is none to look at"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be looked at."""

    which: Which
    envoy_admin: str = ""
    url: str = ""
    """The data path; "" takes Envoy's first listener that can be reached from here."""
    is_probing: bool = True


async def examine(order: Order, *, now: dt.datetime) -> Report:
    """Return how all checks ended; raises StartError when no service can be found at all."""
    chart, skipped = Chart(), dict[Section, str]()
    async with fleet(order.which, is_hinting=False) as found:  # a check says it
        services = await service_facts(
            found, order.which.timeout_s, has_token=bool(order.which.token)
        )
        check_services(chart, services, now=now)
        there = [each for each in services if each.is_front_end]
        facts = await _look_at_envoy(chart, order, there)
        if facts is None and not order.envoy_admin:
            skipped[Section.ENVOY] = _NO_ENVOY
        url = order.url or (first_url(facts, order.envoy_admin) if facts else "")
        if not order.is_probing:
            skipped[Section.DATA_PATH] = "--no-probe"
        elif not url:
            skipped[Section.DATA_PATH] = "no --url, and no listener of an Envoy to try"
        else:
            await check_path(chart, url, found.client, there, is_guess=not order.url)
    return Report(chart.checks(), skipped)


async def _look_at_envoy(
    chart: Chart, order: Order, services: list[ServiceFacts]
) -> EnvoyFacts | None:
    if not order.envoy_admin:
        return None
    facts = await envoy_facts(order.envoy_admin, order.which.timeout_s)
    if isinstance(facts, Reply):
        chart.bad(codes.ADMIN_ANSWERS, f"{order.envoy_admin}: {facts.error}")
        chart.skip_rest(Section.ENVOY, "its admin interface does not answer")
        return None
    chart.ok(codes.ADMIN_ANSWERS, order.envoy_admin)
    hosts = {urlsplit(each.target.url).hostname or "" for each in services}
    check_envoy(chart, facts, limits(services), {host for host in hosts if not _is_local(host)})
    return facts


def first_url(facts: EnvoyFacts, envoy_admin: str) -> str:
    """Return the URL of the first plain HTTP listener for an app that can be reached, "" for none.

    One on all addresses is tried where the admin interface is; one of another machine's loopback
    is not.
    """
    admin = urlsplit(envoy_admin).hostname or ""
    for manager in app_managers(facts.dump):
        host, port = facts.listening.get(text(manager.listener, "name"), ("", 0))
        is_tls = any(has(chain, "transport_socket") for _, chain in chains(manager.listener))
        if not port or is_tls or (_is_local(host) and not _is_local(admin)):
            continue
        return f"http://{address(admin if _is_any(host) else host, port)}/"
    return ""


def _is_local(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _is_any(host: str) -> bool:
    return _is_ip(host) and ipaddress.ip_address(host).is_unspecified


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
