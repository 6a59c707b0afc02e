"""The policy of a rendered service: its kysira.yaml, and the variables that win over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ctl.files import read_text
from kysira.events.settings import EventSettings
from kysira.settings import PREFIX, EngineSettings, GuardSettings, OnFailure, load
from kysira.types import Mode

POLICY_NAME = "kysira.yaml"
T = TypeVar("T")
_HEAD = """\
# Kysira's policy: a change reaches every replica without a restart. It may also hold detectors,
# routes, exclusions and trusted_proxies; `kysiractl policy check` looks it over.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPolicy:
    """The user's kysira.yaml: its text, and what of it concerns more than the service itself."""

    text: str
    timeout_ms: int | None = None
    max_body_bytes: int | None = None
    on_failure: OnFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePolicy:
    """What was asked for; None leaves it to the policy file, or to the default."""

    mode: Mode | None = None
    threshold: float | None = None
    timeout_ms: int | None = None
    max_body_bytes: int | None = None
    on_failure: OnFailure | None = None
    own_policy: OwnPolicy | None = None
    """The user's kysira.yaml; without it one is made."""

    @property
    def policy(self) -> str:
        """Return the text of kysira.yaml, which ends with a line break."""
        if self.own_policy:
            return self.own_policy.text.replace("\r\n", "\n").rstrip() + "\n"
        lines = (f"{name}: {value}\n" for name, _, value in self._settings())
        return _HEAD + "".join(lines)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables for what was asked for beside the user's own file."""
        if not self.own_policy:
            return {}
        given = (self.mode, self.threshold, self.timeout_ms, self.max_body_bytes, self.on_failure)
        rows = zip(given, self._settings(), strict=True)
        return {variable: value for wish, (_, variable, value) in rows if wish is not None}

    @property
    def shadowed(self) -> tuple[str, ...]:
        """Return the keys of kysira.yaml that have no effect beside ``environment``."""
        names = {variable: name for name, variable, _ in self._settings()}
        return tuple(names[variable] for variable in self.environment)

    @property
    def body_limit(self) -> int:
        """Return how many bytes of a body are inspected."""
        own = self.own_policy.max_body_bytes if self.own_policy else None
        return _or(self.max_body_bytes, _or(own, EngineSettings().max_body_bytes))

    @property
    def time_limit_ms(self) -> int:
        """Return how many milliseconds a decision may take."""
        own = self.own_policy.timeout_ms if self.own_policy else None
        return _or(self.timeout_ms, _or(own, GuardSettings().timeout_ms))

    @property
    def failure_policy(self) -> OnFailure:
        """Return what becomes of a request that can't be scored."""
        own = self.own_policy.on_failure if self.own_policy else None
        return _or(self.on_failure, _or(own, GuardSettings().on_failure))

    def _settings(self) -> Iterator[tuple[str, str, str]]:
        """Yield each key of kysira.yaml, its variable and its value as text."""
        guard, engine = GuardSettings(), EngineSettings()
        yield "mode", f"{PREFIX}MODE", _or(self.mode, guard.mode).value
        threshold = _or(self.threshold, engine.score_threshold)
        yield "threshold", f"{PREFIX}SCORE_THRESHOLD", str(threshold)
        yield "timeout_ms", f"{PREFIX}TIMEOUT_MS", str(self.time_limit_ms)
        yield "max_body_bytes", f"{PREFIX}MAX_BODY_BYTES", str(self.body_limit)
        yield "on_failure", f"{PREFIX}ON_FAILURE", self.failure_policy.value


def _or(given: T | None, default: T) -> T:
    return default if given is None else given


def read_own_policy(path: Path | None) -> OwnPolicy | None:
    """Return the user's kysira.yaml; raises RenderError, and PolicyError for what it says."""
    if path is None:
        return None
    # Pydantic takes a tenth of a second: only who has a policy pays for it.
    from kysira.policy_file import parse_policy  # noqa: PLC0415

    text = read_text(path)
    declared = parse_policy(text.encode(), str(path))
    return OwnPolicy(
        text=text,
        timeout_ms=declared.timeout_ms,
        max_body_bytes=declared.max_body_bytes,
        on_failure=OnFailure(declared.on_failure) if declared.on_failure else None,
    )


def read_inference_url(text: str) -> str:
    """Return the URL of an inference service, "" for none; raises SettingsError."""
    argv = ["--inference-url", text]
    return load(GuardSettings, "kysiractl", argv=argv, environ={}).inference_url


def read_events(sinks: str, http_sink_url: str) -> EventSettings:
    """Return where events go; raises SettingsError."""
    argv = ["--sinks", sinks, "--http-sink-url", http_sink_url]
    return load(EventSettings, "kysiractl", argv=argv, environ={})
