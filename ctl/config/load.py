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
from ctl.inputs import why
from kysira.errors import SettingsError
from kysira.settings import admin_token

CONFIG_VARIABLE = "KYSIRACTL_CONFIG"
_MAX_BYTES = 1 << 20
_TAG = "tag:yaml.org,2002:"
_TEXTS = frozenset({"str", "int", "float", "timestamp", "null"})
"""What YAML may take a text for."""


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
            data = file.read(_MAX_BYTES + 1)
            is_open_to_others = os.fstat(file.fileno()).st_mode & 0o077
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(f"{path}: no such file ({CONFIG_VARIABLE} names it)") from None
        return {}
    except OSError as error:
        raise SettingsError(f"{path}: {why(error)}") from None
    row = _parsed(path, _decoded(path, data))
    known = [field.name for field in dataclasses.fields(CtlSettings)]
    for key in row:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; is it {close[0]}?" if close else f"; there are {', '.join(known)}"
            raise SettingsError(f"{path}: there is no key {str(key)!r}{hint}")
    if row.get("admin_token") and is_open_to_others:
        raise SettingsError(f"{path} holds a token and others can read it: chmod 600 {path}")
    return {key: value for key, value in row.items() if value is not None}


def _decoded(path: Path, data: bytes) -> str:
    if len(data) > _MAX_BYTES:
        raise SettingsError(f"{path}: is longer than {_MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text") from None


def _parsed(path: Path, text: str) -> dict[str, str | None]:
    """Return the texts of a file as they stand there: a token of 0123 is no number."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - most runs have no file
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415
    from ruamel.yaml.nodes import MappingNode, ScalarNode  # noqa: PLC0415

    try:
        root = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except YAMLError as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise SettingsError(f"{path}: it is nested too deeply") from None
    if root is None:
        return {}
    if not isinstance(root, MappingNode):
        raise SettingsError(f"{path}: must hold keys and values, such as targets: [HOST:PORT]")
    found: dict[str, str | None] = {}
    for key, value in root.value:
        name = key.value if isinstance(key, ScalarNode) else "[…]"
        if name in found:
            raise SettingsError(f"{path}: {name} is there twice, again in line "
                                f"{key.start_mark.line + 1}")  # fmt: skip
        found[name] = _text(path, name, value)
    return found


def _text(path: Path, key: str, node: Any) -> str | None:
    """Return the text of a value, that of a list with commas; None for null."""
    told = [_scalar(each) for each in node.value] if node.id == "sequence" else [_scalar(node)]
    if None in told:
        raise SettingsError(f"{path}: {key}: must be a text or a list of texts")
    is_null = node.id == "scalar" and node.tag == f"{_TAG}null"
    return None if is_null else ",".join(filter(None, told))


def _scalar(node: Any) -> str | None:
    """Return a text as it is written, None for what is none."""
    is_text = node.id == "scalar" and str(node.tag).removeprefix(_TAG) in _TEXTS
    return str(node.value) if is_text else None
