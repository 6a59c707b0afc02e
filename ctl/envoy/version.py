"""What the versions of Envoy can do; the reader raises ValueError saying what to do.

``allowed_override_modes`` came with 1.32.0 and ``%PATH%`` with 1.34.0, by their release notes. The
rest is in no notes up to 1.34, and was proven on Envoy 1.36.2 (https://www.envoyproxy.io/docs/envoy/
latest/version_history/version_history).
"""

import re
from dataclasses import dataclass

from kysira.errors import RenderError

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?")


@dataclass(frozen=True, slots=True, order=True)
class EnvoyVersion:
    """A version of Envoy."""

    major: int = 1
    minor: int = 40

    @property
    def logs_paths(self) -> bool:
        """Return True where an access log can hold the path without its query."""
        return self >= EnvoyVersion(1, 34)

    @property
    def matches_names(self) -> bool:
        """Return True where headers can be removed by a pattern of their names."""
        return self >= EnvoyVersion(1, 36)

    @property
    def mutates_trailers(self) -> bool:
        """Return True where trailers of a request can be removed."""
        return self >= EnvoyVersion(1, 36)

    @property
    def has_status_on_error(self) -> bool:
        """Return True where the status of a refusal while ext-proc is down can be chosen."""
        return self >= EnvoyVersion(1, 36)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OLDEST = EnvoyVersion(1, 32)
NEWEST = EnvoyVersion()
"""What is rendered for unless said otherwise; all of it is proven on this one."""


def read_version(text: str) -> EnvoyVersion:
    """Return the version of ``1.36`` or ``v1.36.2``."""
    match = _VERSION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a version of Envoy, such as 1.36 or 1.36.2")
    return EnvoyVersion(int(match[1]), int(match[2]))


def version_notes(
    version: EnvoyVersion, *, is_fail_open: bool, access_log: bool = False
) -> tuple[str, ...]:
    """Return what is left out for this version; raises RenderError where it can't be guarded."""
    if version < OLDEST:
        raise RenderError(
            f"Envoy {version} has no allowed_override_modes, without which ext-proc can't ask for "
            f"bodies one request at a time: {OLDEST} is the oldest that works"
        )
    notes = []
    if not version.matches_names:
        notes.append(
            "only the X-Kysira-* headers that Kysira itself sets are stripped from requests: "
            "patterns need 1.36"
        )
    if not version.mutates_trailers:
        notes.append("X-Kysira-* trailers of requests are not stripped: that needs 1.36")
    if not version.has_status_on_error and not is_fail_open:
        notes.append("--status-on-error has no effect, refusals are 500s: the choice needs 1.36")
    if not version.logs_paths and access_log:
        notes.append("--access-log leaves paths out: without their query they need 1.34")
    return tuple(f"Envoy {version}: {note}" for note in notes)
