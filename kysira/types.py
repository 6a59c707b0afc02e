"""The vocabulary that crosses file boundaries: requests, findings, verdicts and decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

DEFAULT_THRESHOLD = 0.95
"""A probability in [0, 1]; a request is over it when ``score >= threshold``."""

MAX_MATCHED = 64
"""Characters of a match that are kept."""

DETECTORS = (
    "sqli", "xss", "prompt-injection", "nosqli", "command-injection", "ssti", "path-traversal",
    "ldap-injection", "xpath-injection", "ssrf", "xxe", "deserialization", "open-redirect", "crlf",
)  # fmt: skip
"""The slugs that a policy may name: the engine's."""

_EMPTY: Mapping[str, float] = MappingProxyType({})


def _no_scores() -> Mapping[str, float]:
    return _EMPTY


class Mode(StrEnum):
    """What happens to a request over the threshold: told and logged, or blocked."""

    SHADOW = "shadow"
    ACTIVE = "active"


class Action(StrEnum):
    """What became of a request; the values of the metrics' ``action`` label."""

    PASSED = "passed"
    SHADOW_KILL = "shadow_kill"
    ACTIVE_KILL = "active_kill"
    ERROR = "error"
    SKIPPED = "skipped"


class Uninspected(StrEnum):
    """Why some part of a request was not read."""

    TIMEOUT = "timeout"
    OVERSIZE = "oversize"
    OVERLOAD = "overload"
    PARSE = "parse"
    ENCODING = "encoding"
    UPGRADE = "upgrade"
    BUDGET = "budget"
    POLICY = "policy"
    ERROR = "error"


class Place(StrEnum):
    """The part of a request that a value was taken from."""

    PATH = "path"
    QUERY = "query"
    FORM = "form"
    JSON = "json"
    XML = "xml"
    MULTIPART = "multipart"
    BODY = "body"
    HEADER = "header"
    COOKIE = "cookie"
    CHAT = "chat"
    """A message of several parts, in a chat body, as the model behind it reads it."""
    TOOL = "tool"
    """A tool's result or a document, in a chat body: text that gives no orders."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a front-end saw it, before any decoding.

    ``target`` is the request target as sent (path and query, percent-encoding kept); header names
    are lower case and values raw bytes; ``body`` holds at most the inspection limit.
    """

    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""
    body_truncated: bool = False
    source_ip: str = ""
    free_text: bool = False
    """True for a text that has no request line: it is scored whole, as one value."""

    def header(self, name: str) -> bytes:
        """Return the first value of the header called ``name`` (lower case), or ``b""``."""
        for key, value in self.headers:
            if key == name:
                return value
        return b""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Findings of ``detector`` in ``location`` under ``path_prefix`` are dropped; "*" is any."""

    path_prefix: str = "/"
    """By whole segments: ``/api`` is ``/api`` and ``/api/x``, never ``/apis``."""
    location: str = "*"
    """A shell pattern over locations."""
    detector: str = "*"
    name: str = ""
    """What its hits are told by."""
    expires: float | None = None
    """Unix seconds; None is never. The engine has no clock: whoever passes it on looks."""
    reason: str = ""
    """Why it is there, for people."""

    def has_expired(self, unix_seconds: float) -> bool:
        """Return True from the moment on at which it no longer holds."""
        return self.expires is not None and unix_seconds >= self.expires


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """What a policy asks of one scoring: thresholds, detectors left out, findings dropped."""

    threshold: float = DEFAULT_THRESHOLD
    thresholds: Mapping[str, float] = field(default_factory=_no_scores)
    """Detector slug → threshold, where it differs from ``threshold``."""
    disabled: frozenset[str] = frozenset()
    exclusions: tuple[Exclusion, ...] = ()

    def threshold_of(self, detector: str) -> float:
        """Return the threshold in force for the detector."""
        return self.thresholds.get(detector, self.threshold)


@dataclass(frozen=True, slots=True)
class Finding:
    """One detector's suspicion about one value."""

    detector: str
    score: float
    """Probability in [0, 1]."""
    reason: str
    """For people, e.g. ``sqli:union_select``."""
    location: str
    """Place and name of the value, e.g. ``query:q`` or ``json:user.name``."""
    steps: tuple[str, ...] = ()
    """Decoding steps taken before the match, in order, e.g. ``("percent", "base64")``."""
    span: tuple[int, int] = (0, 0)
    """Byte offsets of the match in the decoded value."""
    matched: str = ""
    """The text there, at most MAX_MATCHED characters. It may be a secret: never to be logged."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the detectors say of one request."""

    score: float = 0.0
    """The highest score of all detectors."""
    reason: str = ""
    detector: str = ""
    """Slug behind ``score``; "" when nothing was found."""
    breakdown: Mapping[str, float] = field(default_factory=_no_scores)
    """Detector slug → score; detectors that were not run are absent."""
    findings: tuple[Finding, ...] = ()
    """The best finding of each detector that has one, highest score first."""
    uninspected: tuple[Uninspected, ...] = ()
    excluded: tuple[str, ...] = ()
    """Names of the exclusions that dropped a finding, or kept a value from a model."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one request, and the values that say why."""

    action: Action
    mode: Mode
    threshold: float = DEFAULT_THRESHOLD
    """The threshold that the score was compared with."""
    score: float | None = None
    """The value that was compared; None when the request was not scored."""
    reason: str = ""
    refuse_status: int | None = None
    """HTTP status to refuse with; None forwards the request."""
    verdict: Verdict = field(default_factory=Verdict)
    finding: Finding | None = None
    """What ``score`` and ``reason`` are of; None when nothing was found."""
    event_id: str = ""
    """What a person asks about the request by; "" before it is told."""
    route: str = ""
    """The name of the policy's route that it was decided by; "" for none."""
    policy: str = ""
    """The hash of the policy that it was decided by."""

    @property
    def is_refused(self) -> bool:
        """True when the request must not reach the app."""
        return self.refuse_status is not None
