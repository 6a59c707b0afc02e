"""Reads kysiractl's configuration, and knows where each value comes from."""

import dataclasses
import difflib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ctl.config.settings import PREFIX, CtlSettings
from kysira.errors import SettingsError
from kysira.settings import admin_token

CONFIG_VARIABLE = "KYSIRACTL_CONFIG"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force, and what said so."""

    settings: CtlSettings
    origins: Mapping[str, str]
    """Field → ``default``, ``environment VARIABLE`` or ``file PATH``."""

    def token(self) -> str:
        """Return the management token, "" for none; raises SettingsError on an unreadable file.

        Of a token and a file of it the one counts that was said closer by: a variable over a file.
        """
        settings = self.settings
        is_from_file = settings.admin_token_file is not None and not (
            settings.admin_token
            and _rank(self.origins["admin_token"]) >= _rank(self.origins["admin_token_file"])
        )
        return admin_token(settings.admin_token_file) if is_from_file else settings.admin_token


def _rank(origin: str) -> int:
    return ("default", "file", "environment").index(origin.partition(" ")[0])


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the file is looked for unless KYSIRACTL_CONFIG says so."""
    home = environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path("~/.config").expanduser()) / "kysira" / "kysiractl.yaml"


@cache
def config() -> Config:
    """Return the configuration of this run; raises SettingsError naming file and key."""
    return load_config()


def load_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Return what variables say, then the file, then the defaults."""
    named = environ.get(CONFIG_VARIABLE)
    path = Path(named) if named else default_path(environ)
    written = _read(path, must_exist=bool(named))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for field in dataclasses.fields(CtlSettings):
        variable = next(filter(environ.get, variables(field)), None)
        if variable:
            text, source, origin = environ[variable], variable, f"environment {variable}"
        elif field.name in written:
            text, source = written[field.name], f"{path}: {field.name}"
            origin = f"file {path}"
        else:
            origins[field.name] = "default"
            continue
        read = field.metadata["read"] or str
        try:
            values[field.name] = read(text)
        except ValueError as error:
            raise SettingsError(f"{source}: {error}") from None
        origins[field.name] = origin
    return Config(CtlSettings(**values), origins)


def variables(field: dataclasses.Field[Any]) -> list[str]:
    """Return the environment variables of a setting; the first that is set counts."""
    also = field.metadata["also"]
    return [PREFIX + field.name.upper(), *([also] if also else [])]


def _read(path: Path, *, must_exist: bool) -> dict[str, str]:
    """Return the file's keys and values as text, {} when there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode()
            is_open_to_others = os.fstat(file.fileno()).st_mode & 0o077
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(f"{path}: no such file ({CONFIG_VARIABLE} names it)") from None
        return {}
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    row = _parsed(path, text)
    known = [field.name for field in dataclasses.fields(CtlSettings)]
    for key in row:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; is it {close[0]}?" if close else f"; there are {', '.join(known)}"
            raise SettingsError(f"{path}: there is no key {str(key)!r}{hint}")
    if row.get("admin_token") and is_open_to_others:
        raise SettingsError(f"{path} holds a token and others can read it: chmod 600 {path}")
    return {key: _text(path, key, value) for key, value in row.items() if value is not None}


def _parsed(path: Path, text: str) -> dict[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - most runs have no file
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        row = YAML(typ="safe", pure=True).load(io.StringIO(text))
    except YAMLError as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None
    if row is None:
        return {}
    if not isinstance(row, dict):
        raise SettingsError(f"{path}: must hold keys and values, such as targets: [HOST:PORT]")
    return row


def _text(path: Path, key: str, value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ",".join(map(str, value))
    if isinstance(value, dict | list | bool):
        raise SettingsError(f"{path}: {key}: must be a text or a list of texts")
    return str(value)
