"""Settings: each declared once, read from the environment, overridden by an option of its service.

A field ``max_body_bytes`` is ``KYSIRA_MAX_BODY_BYTES`` and ``--max-body-bytes``; its help text and
default are what ``--help`` lists.
"""

import argparse
import dataclasses
import difflib
import enum
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_type_hints
from urllib.parse import urlsplit

from kysira import __version__
from kysira.client_address import SAID_BY_PROXIES, Network, read_headers, read_networks
from kysira.errors import SettingsError
from kysira.types import DEFAULT_THRESHOLD, Mode

PREFIX = "KYSIRA_"
PACKAGED_MODEL = "packaged"
NO_MODEL = "none"
T = TypeVar("T")
Reader = Callable[[str], Any]


class OnFailure(enum.StrEnum):
    """What happens to a request that could not be scored."""

    OPEN = "open"
    CLOSED = "closed"


class OnOversize(enum.StrEnum):
    """What happens to a request whose body is longer than the inspection limit."""

    PARTIAL = "partial"
    BLOCK = "block"
    PASS = "pass"


class Device(enum.StrEnum):
    """Where models run."""

    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class LogFormat(enum.StrEnum):
    """How a log line is written."""

    TEXT = "text"
    JSON = "json"


def setting(
    default: Any, help_text: str, *, read: Reader | None = None, also: str | None = None
) -> Any:
    """Declare a setting; ``read`` turns its text into a value or raises ValueError saying why.

    ``also`` is a second environment variable for it, which counts where the first is not set.
    """
    metadata = {"help": help_text, "read": read, "also": also}
    return dataclasses.field(default=default, metadata=metadata)


def number(low: float, high: float, kind: type = int) -> Reader:
    """Return a reader of numbers in a range, whole ones unless ``kind`` is float."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            noun = "a whole number" if kind is int else "a number"
            raise ValueError(f"{text!r} is not {noun} from {low:g} to {high:g}")
        return value

    return read


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def switch(text: str) -> bool:
    """Return True for yes, False for no."""
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} must be true or false")
    return known[text.lower()]


def url(text: str) -> str:
    """Return an http or https URL without a slash at its end; "" is none.

    An error quotes the first word alone: any other part may be a password or a key.
    """
    if text and not text.startswith(("http://", "https://")):
        word = re.split("[^A-Za-z0-9.-]", text, maxsplit=1)[0]
        shown = word if word == text else f"{word}…"
        raise ValueError(f"{shown!r} must begin with http:// or https://")
    if not text.isprintable() or " " in text:
        raise ValueError("the URL holds a blank or a control character")
    try:
        host, _ = urlsplit(text).hostname, urlsplit(text).port
    except ValueError:
        raise ValueError(
            "the URL must be http(s)://host[:port][/path]; write %2F for a slash in a password"
        ) from None
    if text and not host:
        raise ValueError("the URL names no host")
    return text.rstrip("/")


def service_url(text: str) -> str:
    """Return the URL of a service, under which its paths are."""
    if "?" in text or "#" in text:
        raise ValueError("the URL must end with its path: no ? and no #")
    return url(text)


port = number(0, 65535)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """What every service has."""

    bind: str = setting("127.0.0.1", "Address to listen on.")
    data_dir: Path | None = setting(
        None,
        "Folder for state and events, a subfolder per service and port; unset: "
        "~/.local/state/kysira.",
        read=Path,
    )
    admin_token_file: Path | None = setting(
        None,
        "File with the bearer token to flip the mode and to read events, or KYSIRA_ADMIN_TOKEN.",
        read=Path,
    )
    given = frozenset[str]()  # without annotation, as it is no setting
    """The names of the settings that an option or a variable has set."""
    log_level: str = setting("info", "debug, info, warning or error.")
    log_format: LogFormat = setting(LogFormat.TEXT, "text (key=value) or json.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """What the detection engine needs."""

    device: Device = setting(Device.CPU, "Where models run: cpu, cuda or mps.")
    sqli_model: str = setting(
        PACKAGED_MODEL,
        "Folder of a sequence-classification model for sqli; packaged: Kysira's own; none: rules "
        "alone.",
    )
    pi_model: str = setting(
        PACKAGED_MODEL,
        "Folder of a model for prompt-injection; packaged: Kysira's own; none: rules alone.",
    )
    disabled_detectors: tuple[str, ...] = setting(
        (), "Detectors to leave out, comma-separated.", read=_names
    )
    score_threshold: float = setting(
        DEFAULT_THRESHOLD,
        "A request is over the threshold when its score is at least this.",
        read=number(0, 1, float),
    )
    max_body_bytes: int = setting(131072, "Body bytes that are inspected.", read=number(0, 1 << 26))


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """What every front-end needs to decide."""

    policy: Path | None = setting(
        None,
        "File with the policy (kysira.yaml), reread when it changes; what a setting says beats it.",
        read=Path,
    )
    mode: Mode = setting(Mode.SHADOW, "shadow (score, tell, log) or active (block).")
    inference_url: str = setting(
        "", "Score at this inference service; unset: in this process.", read=service_url
    )
    timeout_ms: int = setting(
        300, "Milliseconds a decision may take; keep it under the data path's own timeout.",
        read=number(1, 60_000),
    )  # fmt: skip
    on_failure: OnFailure = setting(
        OnFailure.OPEN, "When scoring fails: open (forward) or closed (refuse, in active mode)."
    )
    on_oversize: OnOversize = setting(
        OnOversize.PARTIAL,
        "Body over the limit: partial (score its first part), block, or pass (leave it unread).",
    )
    trusted_proxies: tuple[Network, ...] = setting(
        (),
        "Proxies that are believed whose request it is (X-Forwarded-For and the like): addresses "
        "or networks, comma-separated.",
        read=read_networks,
    )
    client_address_headers: tuple[str, ...] = setting(
        SAID_BY_PROXIES,
        "Headers in which those proxies name the client, comma-separated, the first that is there "
        "counts. Leave out what they pass on as a client sent it.",
        read=read_headers,
    )


def load(
    settings: type[T], prog: str, *, argv: Sequence[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> T:  # fmt: skip
    """Return the settings from the environment, overridden by options.

    Raises SettingsError naming the variable or option. ``--help`` and ``--version`` exit.
    """
    parser = _Parser(
        # No abbreviations: --http-sink-key SECRET would be taken for --http-sink-key-file.
        prog=prog, description=settings.__doc__, add_help=True, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"{prog} {__version__}")
    readers = {f.name: _reader(settings, f) for f in dataclasses.fields(settings)}  # type: ignore[arg-type]
    for title, fields in _groups(settings):
        group = parser.add_argument_group(title)
        for field in fields:
            group.add_argument(_option(field.name), metavar=_metavar(field), help=_help(field))
    known, others = parser.parse_known_args(argv)
    if others:  # without their values, which may be secrets
        named = [text.partition("=")[0] for text in others if text.startswith("-")] or others[:1]
        parser.error(f"there is no option {', '.join(named)}")
    given = vars(known)
    variables = {f.name: _variables(f) for f in dataclasses.fields(settings)}  # type: ignore[arg-type]
    _warn_of_typos(prog, {name for names in variables.values() for name in names}, environ)
    values: dict[str, Any] = {}
    for name, read in readers.items():
        source, text = _option(name), given[name]
        if text is None:
            source, text = _from_environment(variables[name], environ)
        if text is None:
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            raise SettingsError(f"{source}: {error}") from None
    made = settings(**values)
    object.__setattr__(made, "given", frozenset(values))
    return made


def _groups(settings: type) -> list[tuple[str, list[dataclasses.Field[Any]]]]:
    """Return the settings by the class that declares them: the service's own come first."""
    fields = {field.name: field for field in dataclasses.fields(settings)}
    groups = []
    for kind in settings.__mro__:
        own = [fields[name] for name in vars(kind).get("__annotations__", ()) if name in fields]
        if own:
            title = "Its own" if kind is settings else (kind.__doc__ or "").partition(".")[0]
            groups.append((title, own))
    return groups


def _metavar(field: dataclasses.Field[Any]) -> str:
    """Return what stands for the value: the words there are to choose from, or its last word."""
    if isinstance(field.default, enum.Enum):
        return "|".join(str(member.value) for member in type(field.default))
    return (
        "true|false" if isinstance(field.default, bool) else field.name.rpartition("_")[2].upper()
    )


def _variables(field: dataclasses.Field[Any]) -> list[str]:
    """Return the environment variables of a setting, the first that is set counts."""
    also = field.metadata["also"]
    return [PREFIX + field.name.upper(), *([also] if also else [])]


def _from_environment(
    variables: Sequence[str], environ: Mapping[str, str]
) -> tuple[str, str | None]:
    """Return the variable that is set and its text; an empty one is as good as none."""
    for variable in variables:
        if text := environ.get(variable):
            return variable, text
    return variables[0], None


def _warn_of_typos(prog: str, known: set[str], environ: Mapping[str, str]) -> None:
    """Say so when a variable is nearly a setting: KYSIRA_MOD would leave the firewall in shadow.

    One that is like none may belong to another service.
    """
    known = known | {PREFIX + "ADMIN_TOKEN"}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known:
            close = difflib.get_close_matches(variable, known, n=1, cutoff=0.9)
            if close:
                print(f"{prog}: {variable} is no setting; is it {close[0]}?", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message} (see {self.prog} --help)")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _help(field: dataclasses.Field[Any]) -> str:
    default = field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    if isinstance(default, bool):
        shown = str(default).lower()
    suffix = f", default {shown}" if shown not in (None, "") else ""
    variables = " or ".join(_variables(field))
    return f"{field.metadata['help']} [{variables}{suffix}]".replace("%", "%%")


def _reader(settings: type, field: dataclasses.Field[Any]) -> Reader:
    if field.metadata["read"]:
        return field.metadata["read"]  # type: ignore[no-any-return]
    hint = get_type_hints(settings)[field.name]
    if hint is bool:
        return switch
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return lambda text: _member(hint, text)
    return str


def _member(kind: type[enum.Enum], text: str) -> enum.Enum:
    try:
        return kind(text.lower())
    except ValueError:
        names = " or ".join(str(member.value) for member in kind)
        raise ValueError(f"{text!r} must be {names}") from None


def admin_token(path: Path | None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the management token, "" when none is set; raises SettingsError."""
    if path is None:
        return environ.get(PREFIX + "ADMIN_TOKEN", "").strip()
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(f"admin token file {path}: {why}") from None
    if not token:
        raise SettingsError(f"admin token file {path} is empty")
    return token


def state_folder(data_dir: Path | None, service: str, port_number: int) -> Path:
    """Return the folder for the state of one service on one port; it need not exist yet."""
    base = data_dir
    if base is None:
        base = _state_home() / "kysira"
    return base / f"{service}-{port_number}"


def _state_home() -> Path:
    if "XDG_STATE_HOME" in os.environ:
        return Path(os.environ["XDG_STATE_HOME"])
    try:
        return Path.home() / ".local" / "state"
    except RuntimeError:  # a user without a home, as in some containers; /tmp is anybody's
        return Path("/var/lib")
