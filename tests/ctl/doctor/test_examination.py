"""The whole examination: what is looked at, and where the data path is looked for."""

import datetime as dt

import pytest

from ctl.doctor.codes import Section
from ctl.doctor.examination import Order, examine, first_url
from ctl.exits import Exit
from tests.ctl.doctor.closing import closing_server
from tests.ctl.doctor.envoys import facts, listener, rendered_config
from tests.ctl.doctor.services import HEALTH, Says, service
from tests.ctl.doctor.test_path_checks import Way, running
from tests.ctl.doctor.test_service_facts import which

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


async def test_envoy_is_not_needed() -> None:
    """Behind nginx, or with the proxy, the other sections are looked at; that is said once."""
    says = Says()
    async with service(says) as target, running(Way(), says) as url:
        report = await examine(Order(which(target), url=url), now=NOW)
    assert set(report.skipped) == {Section.ENVOY}
    assert {check.code.section for check in report.checks} == {
        Section.SERVICES, Section.DATA_PATH,
    }  # fmt: skip
    assert report.exit_code is Exit.OK


async def test_nothing_is_sent_unless_asked() -> None:
    """--no-probe, and no URL to send to."""
    async with service(Says()) as target:
        without = await examine(Order(which(target), url="http://x/", is_probing=False), now=NOW)
        nowhere = await examine(Order(which(target)), now=NOW)
    assert without.skipped[Section.DATA_PATH] == "--no-probe"
    assert "no --url" in nowhere.skipped[Section.DATA_PATH]


async def test_silent_admin_is_exit_3() -> None:
    """An Envoy that was named and does not answer leaves its section open."""
    async with service(Says()) as target, closing_server() as admin:
        report = await examine(Order(which(target), admin), now=NOW)
    assert report.exit_code is Exit.UNREACHABLE
    found = {check.code.id: check for check in report.checks}
    assert found["KYS0101"].found[0].startswith(admin)
    assert found["KYS0105"].found == ("its admin interface does not answer",)


async def test_three_services_that_disagree() -> None:
    """Another policy and version, one loading in another mode, one down: all is told at once."""
    other = Says(health={**HEALTH, "policy": "0123456789ab", "version": "1.2.2"})
    late = Says(health={**HEALTH, "status": "loading", "mode": "active"})
    async with closing_server() as down:
        pass
    async with service(Says()) as one, service(other) as two, service(late) as three:
        report = await examine(Order(which(one, two, three, down)), now=NOW)
    bad = {check.code.id for check in report.checks if check.status == "failure"}
    assert bad == {"KYS0001", "KYS0003", "KYS0005", "KYS0007"}
    [warned] = [check for check in report.checks if check.code.id == "KYS0004"]
    assert warned.status == "warning"
    assert warned.found[0].startswith("1.2.3: ")
    assert "; 1.2.2: " in warned.found[0]
    assert report.exit_code is Exit.UNREACHABLE


@pytest.mark.parametrize(
    ("host", "admin", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:9901", "http://127.0.0.1:10000/"),
        ("0.0.0.0", "http://envoy.example:9901", "http://envoy.example:10000/"),
        ("::", "http://[::1]:9901", "http://[::1]:10000/"),
        ("10.0.0.7", "http://127.0.0.1:9901", "http://10.0.0.7:10000/"),
        ("127.0.0.1", "http://localhost:9901", "http://127.0.0.1:10000/"),
        ("127.0.0.1", "http://envoy.example:9901", ""),  # another machine's loopback
    ],
)
def test_data_path_is_first_listener(host: str, admin: str, url: str) -> None:
    """It is tried where it can be reached from here, and nowhere else."""
    config = rendered_config()
    listener(config)["address"]["socket_address"]["address"] = host
    assert first_url(facts(config), admin) == url


def test_tls_listener_is_not_guessed() -> None:
    """Nobody knows its host name."""
    config = rendered_config()
    listener(config)["filter_chains"][0]["transport_socket"] = {"name": "tls"}
    assert first_url(facts(config), "http://127.0.0.1:9901") == ""
