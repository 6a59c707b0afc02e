"""What ``kysira.yaml`` may hold."""

import datetime
import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from kysira.client_address import SAID_BY_PROXIES
from kysira.detector_names import suggestion
from kysira.paths import read_prefix
from kysira.settings import OnFailure, OnOversize
from kysira.types import DETECTORS, Mode

MAX_ROUTES = 256
"""A request is compared with each until one matches."""
MAX_EXCLUSIONS = 1000
METHOD = "^[A-Z][A-Z-]*$"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_S = 24 * 3600
_LAST_S = 253_402_300_799
"""9999-12-31T23:59:59Z."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]")


def _detector(text: str) -> str:
    if text not in DETECTORS:
        raise ValueError(f"{text!r} is no detector; {suggestion(text, DETECTORS)}")
    return text


def _detector_or_any(text: str) -> str:
    return text if text == "*" else _detector(text)


def _host(text: str) -> str:
    name = text.lower().removesuffix(".")
    if not _HOST.fullmatch(name) and not _IPV6.fullmatch(name):
        raise ValueError(f"{text!r} must be a host's name without a port, or *.name")
    return name


def _location(text: str) -> str:
    if not text.isprintable() or not text:
        raise ValueError(f"{text!r} must be a pattern such as query:q or form:*")
    return text


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no address or network, such as 10.0.0.0/8") from None
    return text


def _header(text: str) -> str:
    name = text.strip().lower()
    if name not in SAID_BY_PROXIES:
        raise ValueError(f"{text!r} names no client; list some of {', '.join(SAID_BY_PROXIES)}")
    return name


def _moment(text: str) -> str:
    try:
        read_moment(text)
    except ValueError:
        raise ValueError(f"{text!r} must be a date or a time: 2026-12-31T18:00:00Z") from None
    return text


def read_moment(text: str) -> float:
    """Return a time in Unix seconds; a date is its end. In UTC, when no zone is given.

    Raises ValueError.
    """
    is_day = _DAY.fullmatch(text)
    if not is_day and not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is no time")
    moment = datetime.datetime.fromisoformat(text.upper())
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()
    # To the second, as it is shown, and within the years that can be written.
    return float(max(0, min(int(seconds) + (_DAY_S if is_day else 0), _LAST_S)))


def _choice(*names: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(names)})


Threshold = Annotated[float, Field(ge=0, le=1, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Slug = Annotated[str, AfterValidator(_detector), _choice(*DETECTORS)]
SlugOrAny = Annotated[str, AfterValidator(_detector_or_any), _choice(*DETECTORS, "*")]
Prefix = Annotated[str, AfterValidator(read_prefix), Field(max_length=1024)]
Host = Annotated[str, AfterValidator(_host), Field(max_length=255)]
Method = Annotated[str, Field(pattern=METHOD, max_length=32)]
Location = Annotated[str, AfterValidator(_location), Field(max_length=256)]
Moment = Annotated[
    str,
    AfterValidator(_moment),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DetectorPart(_Part):
    """What differs for one detector."""

    enabled: Switch = Field(default=True, description="false leaves it out.")
    threshold: Threshold | None = Field(default=None, description="In place of the common one.")


class MatchPart(_Part):
    """Which requests a route is for: those that fit all that is said, at least one thing."""

    host: Host | None = Field(default=None, description="A name; *.name is all below it.")
    path: Prefix | None = Field(default=None, description="A prefix by whole segments.")
    methods: tuple[Method, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> "MatchPart":
        if self.host is None and self.path is None and self.methods is None:
            raise ValueError("must say host, path or methods")
        return self


class RoutePart(_Part):
    """What differs for some requests; of several routes the first that matches holds."""

    name: Name
    match: MatchPart
    mode: Mode | None = Field(default=None, description="shadow beats a global active.")
    threshold: Threshold | None = Field(default=None, description="In place of the common one.")
    inspect_body: Switch | None = Field(default=None, description="false leaves bodies unread.")
    on_failure: OnFailure | None = None


class ExclusionPart(_Part):
    """Findings that do not count, and values that no model is shown."""

    name: Name
    path: Prefix = Field(default="/", description="A prefix by whole segments.")
    location: Location = Field("*", description="A shell pattern: form:body, json:*.")
    detector: SlugOrAny = "*"
    expires: Moment | None = Field(default=None, description="The last day, or a time; else UTC.")
    reason: str = Field(default="", max_length=1024, description="Why it is there, for people.")

    @model_validator(mode="after")
    def _leaves_something(self) -> "ExclusionPart":
        if (self.path, self.location, self.detector) == ("/", "*", "*"):
            raise ValueError("must say path, location or detector: it would let everything pass")
        return self


class PolicyFile(_Part):
    """What Kysira does with requests. An option or a variable beats what the file says."""

    mode: Mode | None = Field(default=None, description="shadow tells and logs, active blocks.")
    threshold: Threshold | None = None
    timeout_ms: Annotated[int, Field(ge=1, le=60_000, strict=True)] | None = None
    max_body_bytes: Annotated[int, Field(ge=0, le=1 << 26, strict=True)] | None = None
    on_oversize: OnOversize | None = None
    on_failure: OnFailure | None = None
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] | None = None
    client_address_headers: (
        tuple[Annotated[str, AfterValidator(_header), _choice(*SAID_BY_PROXIES)], ...] | None
    ) = None
    detectors: dict[Slug, DetectorPart] = Field(default_factory=dict)
    routes: tuple[RoutePart, ...] = Field(default=(), max_length=MAX_ROUTES)
    exclusions: tuple[ExclusionPart, ...] = Field(default=(), max_length=MAX_EXCLUSIONS)
