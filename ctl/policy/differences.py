"""How two policies differ in what they do, whatever their files look like."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kysira.policy import Policy
from kysira.policy_text import policy_to_json

_LISTS = ("routes", "exclusions")
_UNORDERED = frozenset({"trusted_proxies"})
"""Lists that mean the same in any order."""
_FOR_PEOPLE = "reason"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; None is what is not there."""

    at: str
    """``threshold``, ``routes.uploads.mode``, ``exclusions.cms``."""
    before: Any
    after: Any
    matters: bool = True
    """False for what only people read."""

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"at": self.at, "before": self.before, "after": self.after}


def differences(before: Policy, after: Policy) -> list[Difference]:
    """Return what differs, in the order of a file; nothing where both decide the same."""
    one, other = policy_to_json(before), policy_to_json(after)
    found: list[Difference] = []
    for key in one:
        if key in _LISTS:
            found += _of_named(key, one[key], other[key])
        elif key == "detectors":
            found += _of_mapping(key, one[key], other[key])
        elif key in _UNORDERED:
            found += _of_values(key, sorted(one[key]), sorted(other[key]))
        else:
            found += _of_values(key, one[key], other[key])
    return found


def _of_values(at: str, before: Any, after: Any) -> Iterator[Difference]:
    if before != after:
        yield Difference(at, before, after, matters=not at.endswith(f".{_FOR_PEOPLE}"))


def _of_mapping(
    at: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    for key in dict.fromkeys([*before, *after]):
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _of_mapping(f"{at}.{key}", one, other)
        else:
            yield from _of_values(f"{at}.{key}", one, other)


def _of_named(
    at: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    one, other = ({each["name"]: each for each in rows} for rows in (before, after))
    yield from _of_mapping(at, one, other)
    common = [[name for name in rows if name in one and name in other] for rows in (one, other)]
    yield from _of_values(f"{at} (order)", *common)
