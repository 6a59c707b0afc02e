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

from inference import matcher as matching
from inference.matcher import HyperscanMatcher, Matcher, Pattern, Re2Matcher, hyperscan

log = logging.getLogger(__name__)
KEPT_FILES = 8
"""A start writes one or two; older ones serve who goes back to an earlier version."""


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
    # The code too: what a pattern means depends on the flags that it is compiled with.
    code = Path(matching.__file__).read_bytes()
    key = repr((hyperscan.__version__, platform.machine(), code, [tuple(p) for p in patterns]))
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
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        _prune(path.parent)
    except OSError as error:
        log.warning("rule_cache_not_written path=%s error=%r", path, str(error))


def _prune(folder: Path) -> None:
    ages: list[tuple[float, Path]] = []
    for path in folder.glob("rules-*.hsdb"):
        try:
            ages.append((path.stat().st_mtime, path))
        except FileNotFoundError:  # another process prunes, too
            continue
    for _, path in sorted(ages)[:-KEPT_FILES]:
        path.unlink(missing_ok=True)
