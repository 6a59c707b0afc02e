"""Three real ext-proc processes, and kysiractl as their operator runs it."""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.processes import ExtProc

COMMAND = [sys.executable, "-m", "ctl", "mode"]
QUICK = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none", "KYSIRA_SINKS": "none"}
"""What is scored does not matter to who is in which mode."""
COUNT = 3


@contextmanager
def fleet(folder: Path, **settings: str) -> Iterator[list[ExtProc]]:
    """Run three ext-proc processes, each with a state folder of its own."""
    with ExitStack() as held, ThreadPoolExecutor(COUNT) as pool:
        started = [
            pool.submit(ExtProc, folder / f"state-{number}", **{**QUICK, **settings})
            for number in range(COUNT)
        ]
        yield [held.enter_context(each.result()) for each in started]


def operator(folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of an operator without a configuration of their own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KYSIRA", "KUBE"))}
    own = {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder), "NO_COLOR": "1"}
    return {**clean, **own, **variables}


def targets(services: Sequence[ExtProc]) -> list[str]:
    """Return the options that name the services."""
    return [word for each in services for word in ("--target", each.http)]


def mode_of(service: ExtProc) -> dict[str, Any]:
    """Return what the service itself says of its mode."""
    with urllib.request.urlopen(f"http://{service.http}/api/mode", timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)
        return told
