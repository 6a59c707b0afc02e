"""Checks what the services say of themselves, and that they agree."""

import datetime as dt
from collections.abc import Mapping, Sequence

from ctl.doctor import codes
from ctl.doctor.codes import Code, Section
from ctl.doctor.node import flag, has, node, rows, text
from ctl.doctor.report import Chart
from ctl.doctor.service_facts import ServiceFacts

SOON = dt.timedelta(hours=1)
"""A flip that ends within this time is told of."""
WEEK = dt.timedelta(days=7)
_ENOUGH_REQUESTS = 100
_MOST_UNREAD = 0.01
_MOST_ERRORS = 0.001
_MEANT = ("upgrade", "policy")
"""Why a part is not read that nobody means to be read: no fault."""


def check_services(chart: Chart, services: Sequence[ServiceFacts], *, now: dt.datetime) -> None:
    """Chart every check of this section."""
    front_ends = [each for each in services if _is_there(chart, each)]
    if not front_ends:
        chart.skip_rest(Section.SERVICES, "no service answers as Kysira does")
        return
    for each in front_ends:
        _check_state(chart, each)
        _check_flip(chart, each, now)
        _check_token(chart, each)
        _check_numbers(chart, each)
    _check_agreement(chart, front_ends)
    _check_exclusions(chart, front_ends, now)


def _is_there(chart: Chart, service: ServiceFacts) -> bool:
    health = service.health
    if health.status == 0:
        chart.bad(codes.SERVICE_ANSWERS, f"{service.name}: {health.error}")
        return False
    chart.ok(codes.SERVICE_ANSWERS)
    if not service.is_front_end:
        said = health.error or "answered something else than a front-end's health"
        chart.bad(codes.SERVICE_IS_KYSIRA, f"{service.name}: {said}")
        return False
    chart.ok(codes.SERVICE_IS_KYSIRA)
    return True


def _check_state(chart: Chart, service: ServiceFacts) -> None:
    name, health = service.name, service.health.body
    status = text(health, "status")
    scorer = text(health, "inference")
    chart.judge(codes.SERVICE_READY, status == "ok", f"{name}: {status}, scoring by {scorer}")
    error = text(health, "policy_error")
    chart.judge(codes.POLICY_FILE_READ, not error, f"{name}: {error}")
    told = node(health, "detectors")
    if not told:
        where = f"scored by {scorer}" if scorer.startswith("http") else "it does not tell"
        chart.skip(codes.MODELS_LOADED, f"{name}: {where}")
    else:
        alone = sorted(slug for slug in _MODELLED if told.get(slug) == "regex")
        chart.judge(codes.MODELS_LOADED, not alone, f"{name}: by rules alone: {', '.join(alone)}")


_MODELLED = frozenset({"sqli", "prompt-injection"})
"""The detectors that have a model as installed."""


def _check_flip(chart: Chart, service: ServiceFacts, now: dt.datetime) -> None:
    name, said = service.name, service.mode.body
    if not service.mode.is_ok:
        for code in (codes.FLIP_LASTS, codes.FLIP_SAVED):
            chart.skip(code, f"{name}: {service.mode.error}")
        return
    ends = _time(text(said, "expires_at"))
    left = None if ends is None else ends - now
    what = f"{name}: {text(said, 'mode')} until {text(said, 'expires_at')}"
    chart.judge(codes.FLIP_LASTS, left is None or left > SOON, what, ok=what if left else "")
    is_saved = not has(said, "saved") or flag(said, "saved")
    chart.judge(codes.FLIP_SAVED, is_saved, f"{name}: the last flip could not be saved")


def _check_token(chart: Chart, service: ServiceFacts) -> None:
    name, stranger, ours = service.name, service.stranger, service.events
    if stranger.status in (200, 403):
        chart.bad(
            codes.TOKEN_SET, f"{name}: none is set; whoever is on its machine may flip the mode"
        )
    elif stranger.status == 401:
        chart.ok(codes.TOKEN_SET)
    else:
        chart.skip(codes.TOKEN_SET, f"{name}: {stranger.error}")
    if ours.is_ok:
        chart.ok(codes.TOKEN_ACCEPTED)
    elif ours.status == 401 and ours is not stranger:
        chart.bad(codes.TOKEN_ACCEPTED, f"{name}: it has another token")
    elif ours.status in (401, 403):
        chart.warn(
            codes.TOKEN_ACCEPTED, f"{name}: {ours.error}; events and policy could not be read"
        )
    else:
        chart.skip(codes.TOKEN_ACCEPTED, f"{name}: {ours.error}")


_NUMBERS = (codes.EVENTS_KEPT, codes.STATE_WRITTEN, codes.READ_WHOLE, codes.SCORING_WORKS)


def _check_numbers(chart: Chart, service: ServiceFacts) -> None:
    name = service.name
    if not service.samples("_requests_total"):
        for code in _NUMBERS:
            chart.skip(code, f"{name}: no metrics: {service.metrics.error or 'none of ours'}")
        return
    # Readers that were cut off lost what others have.
    lost = _counted(service.samples("_events_dropped_total"), but=("reader",))
    chart.judge(codes.EVENTS_KEPT, not lost, f"{name}: lost {_listed(lost)}")
    failures = service.total("_state_write_failures")
    chart.judge(
        codes.STATE_WRITTEN, failures == 0, f"{name}: {failures:.0f} flips were not written"
    )
    requests = service.total("_requests_total")
    unread = _counted(service.samples("_uninspected_total"), but=_MEANT)
    _judge_share(
        chart, codes.READ_WHOLE, service, sum(unread.values()) / max(requests, 1),
        most=_MOST_UNREAD, what=f"of {requests:.0f} not read whole: {_listed(unread)}",
    )  # fmt: skip
    errors = service.total("_inference_errors_total")
    _judge_share(
        chart, codes.SCORING_WORKS, service, errors / max(requests, 1), most=_MOST_ERRORS,
        what=f"{errors:.0f} of {requests:.0f} requests got no verdict",
    )  # fmt: skip


def _judge_share(
    chart: Chart, code: Code, service: ServiceFacts, share: float, *, most: float, what: str
) -> None:
    has_enough = service.total("_requests_total") >= _ENOUGH_REQUESTS
    is_ok = share <= most if has_enough else share < 1  # of a handful, one is a large share
    chart.judge(code, is_ok, f"{service.name}: {share:.2%}: {what}")


def _counted(samples: Mapping[str, float], *, but: Sequence[str]) -> dict[str, float]:
    """Return label value → count, of the counts that are not zero."""
    by_value = {label.partition('"')[2].rstrip('"'): value for label, value in samples.items()}
    return {label: value for label, value in by_value.items() if value and label not in but}


def _listed(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{label} {count:.0f}" for label, count in sorted(counts.items()))


def _check_agreement(chart: Chart, services: Sequence[ServiceFacts]) -> None:
    for code, key in (
        (codes.SAME_VERSION, "version"),
        (codes.SAME_POLICY, "policy"),
        (codes.SAME_MODE, "mode"),
    ):
        _judge_same(chart, code, {each.name: text(each.health.body, key) for each in services})


def _judge_same(chart: Chart, code: Code, said: Mapping[str, str]) -> None:
    names: dict[str, list[str]] = {}
    for name, what in said.items():
        names.setdefault(what, []).append(name)
    if silent := names.pop("", []):
        chart.skip(code, f"{', '.join(silent)}: it does not tell")
    if len(names) > 1:
        chart.bad(code, "; ".join(f"{what}: {', '.join(who)}" for what, who in names.items()))
    elif names:
        chart.ok(code, next(iter(names)))


def _check_exclusions(chart: Chart, services: Sequence[ServiceFacts], now: dt.datetime) -> None:
    for each in services:
        if not each.policy.is_ok:
            for code in (codes.EXCLUSIONS_IN_FORCE, codes.EXCLUSIONS_LAST):
                chart.skip(code, f"{each.name}: {each.policy.error}")
            continue
        chart.ok(codes.EXCLUSIONS_IN_FORCE)
        chart.ok(codes.EXCLUSIONS_LAST)
        for row in rows(each.policy.body, "exclusions"):
            what, ends = text(row, "name"), text(row, "expires")
            end = _end(ends)
            if flag(row, "expired") or (end is not None and end <= now):
                chart.bad(codes.EXCLUSIONS_IN_FORCE, f"{what} expired {ends}")
            elif end is not None and end - now <= WEEK:
                chart.bad(codes.EXCLUSIONS_LAST, f"{what} expires {ends}")


def _end(said: str) -> dt.datetime | None:
    """Return when an exclusion ends; a date is up to its end."""
    end = _time(said)
    return end if end is None or len(said) > len("2026-12-31") else end + dt.timedelta(days=1)


def _time(said: str) -> dt.datetime | None:
    try:
        time = dt.datetime.fromisoformat(said)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)
