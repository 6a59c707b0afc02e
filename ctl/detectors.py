"""The detectors that there are, by name: known without the second that the engine takes."""

import difflib
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def slugs() -> tuple[str, ...]:
    """Return the slugs of all detectors: each is a file, ``prompt_injection.py``, of that name."""
    spec = find_spec("inference")
    found = Path(spec.origin).parent / "detectors" if spec and spec.origin else Path()
    names = [path.stem for path in found.glob("*.py")]
    return tuple(sorted(name.replace("_", "-") for name in names if not name.startswith("_")))


def read_slug(text: str) -> str:
    """Return the slug of a detector; raises ValueError that names the nearest."""
    if text in slugs():
        return text
    close = difflib.get_close_matches(text, slugs(), n=1)
    hint = f"is it {close[0]}?" if close else f"there are {', '.join(slugs())}"
    raise ValueError(f"no detector is called {text!r}; {hint}")


def complete_slug(incomplete: str) -> list[str]:
    """Return the slugs that begin so, for a shell."""
    return [slug for slug in slugs() if slug.startswith(incomplete)]
