"""What a training run is told, and what it gives back."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """One run of ``kysira-train``."""

    data: Path
    """Folder with ``web/``, ``prompt/`` and the hashes of texts that are held out."""
    out: Path
    """Folder that the model is written to; made when it is missing."""
    permissive_only: bool = False
    """Leave out every source whose licence is not a permissive one."""
    seed: int = 1
    epochs: float | None = None
    """Passes over the training rows; None is the model's own default."""
    device: str = "cpu"
    """``cpu`` or ``cuda``."""
    limit: int | None = None
    """Rows read of each source: for smoke runs, whose model is worth nothing."""
    dry_run: bool = False
    """Read and count the data, train nothing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has measured."""

    markdown: str
    """The model card, figures included; on a dry run, the table of the data."""
    files: tuple[Path, ...] = ()
    """What was written."""


class Progress:
    """Says on stderr what goes on, with the seconds since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._start

    def __call__(self, text: str) -> None:
        """Print one line."""
        print(f"[{self.seconds:7.1f}s] {text}", file=sys.stderr, flush=True)
