"""Compiled rules on disk: hyperscan needs seconds to compile them and milliseconds to load them.

One file per set of rules, in the user's cache folder. A file that is missing, broken or made for
another processor is compiled again; a folder that can't be written costs the seconds, nothing else.
"""

import hashlib
import logging
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inference.matcher import HyperscanMatcher, Matcher, Pattern, Re2Matcher, hyperscan

log = logging.getLogger(__name__)
KEPT_FILES = 4


def cached_matcher(patterns: Sequence[Pattern]) -> Matcher:
    """Return the fastest matcher that this platform has, from the cache where it is there."""
    if hyperscan is None:
        return Re2Matcher(patterns)
    path = _path(patterns)
    database = _load(path) if path else None
    if database is not None:
        return HyperscanMatcher(patterns, database=database)
    log.info("compiling_rules count=%d", len(patterns))
    matcher = HyperscanMatcher(patterns)
    if path:
        _save(path, hyperscan.dumpb(matcher.database))
    return matcher


def _path(patterns: Sequence[Pattern]) -> Path | None:
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home, as in some containers
        return None
    key = repr((hyperscan.__version__, platform.machine(), [tuple(p) for p in patterns]))
    return base / "kysira" / f"rules-{hashlib.sha256(key.encode()).hexdigest()[:16]}.hsdb"


def _load(path: Path) -> Any:
    try:
        return hyperscan.loadb(path.read_bytes(), hyperscan.HS_MODE_BLOCK)
    except FileNotFoundError:
        return None
    except (OSError, hyperscan.error) as error:
        log.warning("rule_cache_unreadable path=%s error=%r", path, error)
        return None


def _save(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
        found = sorted(path.parent.glob("rules-*.hsdb"), key=lambda each: each.stat().st_mtime)
        for old in found[:-KEPT_FILES]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("rule_cache_not_written path=%s error=%s", path, error)
