"""Decides a request again that was kept whole: it is scored here."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ctl.policy.deciding import decided
from ctl.replay.item import Item
from ctl.replay.outcome import Outcome, side
from kysira.policy import Policy
from kysira.types import Mode

if TYPE_CHECKING:
    from ctl.engine import Scoring


def rescorer(
    scoring: "Scoring", after: Policy, before: Policy, modes: tuple[Mode, Mode]
) -> Callable[[Item], Outcome]:
    """Return what decides a request by both policies; ``modes`` are in force before and after."""

    def outcome(item: Item) -> Outcome:
        request = item.request
        second = decided(request, after.snapshot_for(request, modes[1]), scoring)
        first = decided(request, before.snapshot_for(request, modes[0]), scoring)
        return Outcome(
            item.where, request.method, item.path, request.source_ip, side(first), side(second)
        )

    return outcome
