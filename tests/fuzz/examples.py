"""How many examples each property is tried on, in CI and by hand.

CI runs the same examples each time. ``HYPOTHESIS_PROFILE=more`` runs new ones, twenty times as
many, and remembers those that failed.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

Test = TypeVar("Test", bound=Callable[..., Any])
_HURRIES_NOBODY = (HealthCheck.too_slow, HealthCheck.data_too_large)
PROFILES = {
    "ci": settings(
        deadline=None, derandomize=True, database=None, print_blob=True,
        suppress_health_check=_HURRIES_NOBODY,
    ),
    "more": settings(
        deadline=None, derandomize=False, print_blob=True, suppress_health_check=_HURRIES_NOBODY,
        database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
    ),
}  # fmt: skip
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
TIMES = {"ci": 1, "more": 20}
EXAMPLES: dict[str, int] = {}
"""Test → its examples in CI; filled where the tests are defined."""


def examples(number: int) -> Callable[[Test], Test]:
    """Return the decorator of a property that is tried on so many examples; raises KeyError."""
    chosen = settings(PROFILES[PROFILE], max_examples=number * TIMES[PROFILE])

    def decorate(test: Test) -> Test:
        EXAMPLES[f"{test.__module__}.{test.__name__}"] = number
        return chosen(test)

    return decorate
