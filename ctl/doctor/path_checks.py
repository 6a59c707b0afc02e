"""Checks what becomes of probes: attacks are found, the harmless one passes."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import aiohttp

from ctl.doctor import codes
from ctl.doctor.codes import Code, Section
from ctl.doctor.evidence import Evidence, gather
from ctl.doctor.node import number, text, texts
from ctl.doctor.probe import (
    USER_AGENT,
    Answer,
    Probe,
    attack_in_body,
    attack_in_query,
    benign,
    new_token,
    send,
)
from ctl.doctor.report import Chart
from ctl.doctor.service_facts import ServiceFacts
from ctl.fleet.client import FleetClient
from kysira.replies import NGINX_FORBIDDEN
from kysira.types import Mode, Uninspected

_NGINX_BLOCK = json.loads(NGINX_FORBIDDEN)
_PATIENCE_S = 10.0
"""Seconds an app may take to answer a probe."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A probe, its answer, and what the services know of it."""

    probe: Probe
    answer: Answer
    evidence: Evidence

    @property
    def is_blocked(self) -> bool:
        evidence = self.evidence
        # Anybody may cut a connection: where events can be read, ours has one.
        is_ours = not evidence.can_read or evidence.event(self.probe, self.answer) is not None
        return is_block(self.answer) or (self.answer.is_cut and is_ours)

    def said(self, key: str) -> str:
        return text(self.evidence.event(self.probe, self.answer), key)


def is_block(answer: Answer) -> bool:
    """Return True for the 403 of any of our front-ends.

    Many an app says "forbidden", too.
    """
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    is_ours = isinstance(body, dict) and (
        body.keys() >= {"error", "reason", "score"} or body == _NGINX_BLOCK
    )
    return answer.status == 403 and (is_ours or "x-kysira-killed" in answer.headers)


async def check_path(
    chart: Chart, url: str, client: FleetClient, services: Sequence[ServiceFacts],
    *, is_guess: bool,
) -> None:  # fmt: skip
    """Send the probes and chart what became of them.

    ``is_guess`` is for a URL that nobody named: that it does not answer is no finding then.
    """
    spoof = new_token()
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
        connector=aiohttp.TCPConnector(force_close=True),  # a cut connection is seen as one
    ) as session:  # fmt: skip
        harmless = benign(url, spoof)
        answer = await send(session, harmless, _PATIENCE_S)
        if answer.status == 0:
            said = f"{url}: {answer.error}"
            (chart.skip if is_guess else chart.bad)(codes.PATH_ANSWERS, said)
            chart.skip_rest(Section.DATA_PATH, "the data path did not answer")
            return
        chart.ok(codes.PATH_ANSWERS, url)
        attacks = (attack_in_query(url), attack_in_body(url))
        answers = [await send(session, attack, _PATIENCE_S) for attack in attacks]
    probes = [(harmless, answer), *zip(attacks, answers, strict=True)]
    evidence = await gather(client, services, probes)
    good, query, body = (_Sent(*each, evidence) for each in probes)
    _check_benign(chart, good)
    is_known = bool(services)
    for code, sent, nth in ((codes.ATTACK_SEEN, query, 1), (codes.BODY_ATTACK_SEEN, body, 2)):
        _check_attack(chart, code, sent, nth, is_known=is_known)
    _check_mode(chart, (query, body), {text(each.health.body, "mode") for each in services})
    _check_spoof(chart, answer, spoof)


def _check_benign(chart: Chart, sent: _Sent) -> None:
    status = sent.answer.status
    if is_block(sent.answer):
        chart.bad(codes.BENIGN_PASSES, f"blocked: {sent.said('reason') or 'as an attack'}")
    elif status >= 500:
        chart.bad(codes.BENIGN_PASSES, f"answered {status}")
    else:
        chart.ok(codes.BENIGN_PASSES, f"answered {status}")


def _check_attack(chart: Chart, code: Code, sent: _Sent, nth: int, *, is_known: bool) -> None:
    evidence = sent.evidence
    event = evidence.event(sent.probe, sent.answer)
    if event is not None and not sent.is_blocked:
        _judge_event(chart, code, sent)
    elif sent.is_blocked:
        chart.ok(code, f"blocked ({sent.answer.status or 'the connection was cut'})")
    elif not is_known:
        chart.skip(code, "it was not blocked, and no service could be asked whether it was seen")
    elif evidence.can_read:
        chart.bad(code, f"{_answered(sent)}; no service that was asked saw it")
    elif evidence.flagged is None:
        chart.skip(code, "it was not blocked; neither events nor metrics could be read")
    else:
        is_counted = evidence.flagged >= nth
        counted = f"{evidence.flagged} requests were flagged meanwhile, anybody's"
        chart.judge(code, is_counted, f"{_answered(sent)}; {counted}", ok=counted)


def _answered(sent: _Sent) -> str:
    return f"answered {sent.answer.status or sent.answer.error}"


def _judge_event(chart: Chart, code: Code, sent: _Sent) -> None:
    event = sent.evidence.event(sent.probe, sent.answer)
    action, unread = text(event, "action"), texts(event, "uninspected")
    if action == "shadow_kill":
        chart.ok(code, f"told, not blocked: shadow ({text(event, 'reason')})")
    elif action == "active_kill":
        chart.bad(code, f"it was to be blocked, and {_answered(sent)}")
    elif Uninspected.POLICY in unread:
        chart.warn(code, f"the policy leaves bodies unread here: route {text(event, 'route')}")
    else:
        why = f", not read: {', '.join(unread)}" if unread else ""
        chart.bad(code, f"seen and let pass: {action}, score {number(event, 'score'):g}{why}")


def _check_mode(chart: Chart, attacks: Sequence[_Sent], modes: Collection[str]) -> None:
    if not modes:
        chart.skip(codes.MODE_SEEN, "no service could be asked for its mode")
        return
    seen = {each.said("mode"): each.said("route") for each in attacks if each.said("mode")}
    if any(each.is_blocked for each in attacks):
        # What came too late to be obeyed is told as in shadow.
        seen = {Mode.ACTIVE.value: ""}
    if not seen:
        chart.skip(codes.MODE_SEEN, "no attack was blocked, and no event could be read")
        return
    odd = {mode: route for mode, route in seen.items() if mode not in modes}
    told = ", ".join(sorted(modes))
    if all(odd.values()):
        routes = [f"route {route} says {mode}" for mode, route in odd.items()]
        chart.ok(codes.MODE_SEEN, ", ".join(routes) or ", ".join(seen))
    else:
        chart.bad(codes.MODE_SEEN, f"it behaves as {', '.join(odd)}, the services say {told}")


def _check_spoof(chart: Chart, answer: Answer, spoof: str) -> None:
    if spoof.encode() in answer.body or spoof in answer.headers.values():
        chart.bad(codes.SPOOF_REMOVED, "the app got X-Kysira-Reason as the probe sent it")
    elif USER_AGENT.encode() in answer.body:
        chart.ok(codes.SPOOF_REMOVED, "the app shows the headers that it got")
    else:
        chart.skip(codes.SPOOF_REMOVED, "the app does not show which headers it got")
