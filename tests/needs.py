"""What a test needs of the machine: missing, it is skipped for a user and fails in CI."""

import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


def need(is_there: object, what: str) -> None:
    """Go on when it is there; else fail in CI, and skip elsewhere, saying what to do."""
    if is_there:
        return
    if IN_CI:
        pytest.fail(f"needed in CI: {what}")
    pytest.skip(what, allow_module_level=True)


def library(name: str, extra: str) -> Any:
    """Return the module of an optional dependency, which an extra of ours installs."""
    need(importlib.util.find_spec(name), f"pip install '.[{extra}]'")
    return importlib.import_module(name)


def need_full_disk() -> Path:
    """Return the file of a disk that is always full (full(4)), which Linux has."""
    path = Path("/dev/full")
    need(path.exists(), f"a Linux with {path}")
    return path
