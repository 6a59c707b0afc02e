"""kysiractl version: what is installed here, for a bug report or a support case."""

import hashlib
import platform
import re
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from ctl import console
from ctl.console import Output
from ctl.envoy.program import find_envoy
from kysira import __version__
from kysira.errors import StartError

NAME = "kysiractl"
LIBRARIES = (
    "hyperscan", "google-re2", "onnxruntime", "tokenizers", "torch", "grpcio", "protobuf",
    "aiohttp", "uvloop",
)  # fmt: skip
"""What speed and verdicts depend on."""
_SHA_DIGITS = 12
_ENVOY_WAIT_S = 10.0
_ENVOY_VERSION = re.compile(r"/(\d+\.\d+\.\d+[^/\s]*)/")


def version(
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Print the version, and those of what it works with."""
    found = installed()
    if output is Output.JSON:
        console.say_json(found)
        return
    console.say(f"{NAME} {found[NAME]}")
    envoy = found["envoy"]
    rows = [
        ("python", found["python"]),
        ("platform", found["platform"]),
        *found["libraries"].items(),
        ("envoy", f"{envoy['version']} ({envoy['path']})" if envoy else "none found"),
        *((f"model {name}", sha) for name, sha in found["models"].items()),
    ]
    for name, text in rows:
        console.say(f"  {name:24}{text}")


def installed() -> dict[str, Any]:
    """Return the versions; a library or program that is not here is left out, or None."""
    return {
        NAME: __version__,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "libraries": {name: found for name in LIBRARIES if (found := _library(name))},
        "envoy": _envoy(),
        "models": _models(),
    }


def _library(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _envoy() -> dict[str, str] | None:
    try:
        path = find_envoy()
    except StartError:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - Envoy, as the other commands would run it
            [path, "--version"], capture_output=True, text=True, timeout=_ENVOY_WAIT_S, check=False
        )
        match = _ENVOY_VERSION.search(done.stdout)
    except (OSError, subprocess.SubprocessError):
        match = None
    return {"path": str(path), "version": match[1] if match else "unknown"}


def _models() -> dict[str, str]:
    """Return the models that come with Kysira, by a hash of the hashes of their files."""
    spec = find_spec("inference")
    folder = Path(spec.origin).parent / "weights" if spec and spec.origin else Path()
    sums = sorted(folder.glob("*/SHA256SUMS"))
    return {path.parent.name: _sha(path.read_bytes()) for path in sums}


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_SHA_DIGITS]
