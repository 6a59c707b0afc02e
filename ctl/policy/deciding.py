"""Decides a request by a policy, as the front-ends do."""

import dataclasses
from typing import TYPE_CHECKING

from ctl import console
from kysira.policy import Snapshot, decide, inspected_part, noting, without_body
from kysira.settings import NO_MODEL, EngineSettings, load
from kysira.types import Action, Decision, Mode, Request, Uninspected

if TYPE_CHECKING:
    from ctl.engine import Scoring


def load_scoring(*, has_models: bool) -> "Scoring":
    """Return the engine that KYSIRA_* variables describe, with every detector.

    Raises SettingsError and ModelError. It takes a second, and says so on a terminal.
    """
    settings = load(EngineSettings, "kysiractl", argv=[])
    settings = dataclasses.replace(settings, disabled_detectors=())  # that is the policy's to say
    if not has_models:
        settings = dataclasses.replace(settings, sqli_model=NO_MODEL, pi_model=NO_MODEL)
    with console.waiting("loading the engine …"):
        from ctl.engine import load_scoring as load_engine  # noqa: PLC0415 - it takes a second

        return load_engine(settings)


def readable(request: Request, snapshot: Snapshot) -> tuple[Request, Uninspected | None]:
    """Return what of a request its route lets be read, and why the rest is not."""
    if snapshot.inspects_body or not (request.body or request.body_truncated):
        return request, None
    return without_body(request), Uninspected.POLICY


def decided(request: Request, snapshot: Snapshot, scoring: "Scoring") -> Decision:
    """Return the decision on a request, all of which is read that may be."""
    request, unread = readable(request, snapshot)
    policy = snapshot.policy
    verdict = scoring(inspected_part(request, policy), policy.options)
    decision = decide(verdict, snapshot)
    return noting(decision, unread) if unread else decision


def decided_by_head(request: Request, snapshot: Snapshot, scoring: "Scoring") -> Decision | None:
    """Return the refusal that a request gets before its body is read, None where there is none.

    ext-proc and the proxy refuse so; nginx hands its adapter head and body at once.
    """
    if snapshot.mode is not Mode.ACTIVE or not snapshot.inspects_body or not request.body:
        return None
    decision = decide(scoring(without_body(request), snapshot.policy.options), snapshot)
    return decision if decision.action is Action.ACTIVE_KILL else None
