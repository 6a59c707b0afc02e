"""Asking services: everything once, nothing changed, and what their policies ask of Envoy."""

import pytest

from ctl.doctor.service_facts import Limits, limits, service_facts
from ctl.fleet.open import fleet
from ctl.fleet.options import Which
from ctl.fleet.target import read_target
from kysira.settings import OnFailure
from tests.ctl.doctor.services import POLICY, TOKEN, Says, facts, service


def which(*urls: str, token: str = TOKEN) -> Which:
    """Return these services, asked with the token."""
    return Which(tuple(map(read_target, urls)), "", "", "", token, 5.0)


async def test_service_is_asked_all() -> None:
    """Each answer is kept, with the token and without it."""
    async with service(Says()) as url, fleet(which(url)) as found:
        [told] = await service_facts(found, 5.0, has_token=True)
    assert told.is_front_end
    assert told.mode.body == {"mode": "shadow"}
    assert told.policy.is_ok
    assert told.events.is_ok
    assert told.stranger.status == 401


async def test_without_token_it_is_not_asked_twice() -> None:
    """Then what a stranger gets is what we get."""
    async with service(Says()) as url, fleet(which(url, token="")) as found:
        [told] = await service_facts(found, 5.0, has_token=False)
    assert told.events is told.stranger
    assert told.policy.status == 401


def test_metrics_are_read_by_what_they_end_with() -> None:
    """Each front-end has a prefix of its own."""
    told = facts(Says(metrics=(
        'kysira_proxy_requests_total{action="passed"} 3.0\n'
        'kysira_proxy_requests_total{action="error"} 1.0\n'
        "kysira_proxy_flagged_total NaN?\nother_requests_total 9\n# kysira_x_requests_total 5\n"
    )))  # fmt: skip
    assert told.samples("_requests_total") == {'action="passed"': 3.0, 'action="error"': 1.0}
    assert told.total("_requests_total") == 4
    assert told.total("_flagged_total") == 0


@pytest.mark.parametrize(
    "health",
    [None, "text", [], {}, {"service": "kysira-proxy"}, {"service": "x", "mode": "shadow"},
     {"service": "kysira-proxy", "mode": "what"}],
)  # fmt: skip
def test_something_else_is_no_front_end(health: object) -> None:
    """A port that answers is not enough."""
    assert not facts(Says(health=health)).is_front_end


def test_strictest_policy_counts() -> None:
    """Envoy must fit them all: the longest time, the largest body, closed if any says so."""
    other = {**POLICY, "policy": {"timeout_ms": 500, "max_body_bytes": 1024, "on_failure": "open"}}
    assert limits([facts(), facts(Says(policy=other))]) == Limits(OnFailure.OPEN, 0.5, 131072)
    routed = {"policy": {**POLICY["policy"], "routes": [{"name": "pay", "on_failure": "closed"}]}}
    assert limits([facts(), facts(Says(policy=routed))]).on_failure is OnFailure.CLOSED


def test_unreadable_policies_leave_defaults() -> None:
    """An older service, or one that we may not ask."""
    for told in (limits([]), limits([facts(Says(policy=None))]), limits([facts(token="")])):
        assert told == Limits(None, 0.3, 131072)
        assert not told.is_known
