"""Every error Kysira raises.

KysiraError
├── SettingsError      a setting has a value that can't be used
├── PolicyError        a policy file can't be used
├── ModelError         a configured model can't be loaded
├── RequestError       a caller's scoring request can't be read
├── RenderError        a configuration can't be rendered, checked or merged
├── CorpusError        labelled rows can't be read
├── StartError         a process or port that a command needs isn't there
└── ScoringError       a request could not be scored
    ├── ScoringTimeout   the deadline passed
    ├── ScoringOverload  too many requests are being scored already
    └── ScoringTooLarge  the scorer reads no requests of this size
"""


class KysiraError(Exception):
    """An error whose text is one line that says what to do."""


class SettingsError(KysiraError):
    """A setting has a value that can't be used."""


class PolicyError(KysiraError):
    """A policy file can't be used: one line for each thing that is wrong with it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ModelError(KysiraError):
    """A configured model can't be loaded."""


class RequestError(KysiraError):
    """A caller's scoring request can't be read; ``status`` is the HTTP status to answer with."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class RenderError(KysiraError):
    """A configuration can't be rendered, checked or merged."""


class CorpusError(KysiraError):
    """Labelled rows can't be read; names the file, and the line."""


class StartError(KysiraError):
    """A process or port that a command needs isn't there."""


class ScoringError(KysiraError):
    """A request could not be scored."""


class ScoringTimeout(ScoringError):
    """The deadline passed before there was a verdict."""


class ScoringOverload(ScoringError):
    """Too many requests are being scored already."""


class ScoringTooLarge(ScoringError):
    """The scorer reads no requests of this size: its limit is below the caller's."""
