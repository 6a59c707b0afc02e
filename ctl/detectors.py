"""The detectors that there are, by name: known without the second that the engine takes."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from kysira.detector_names import suggestion


@cache
def slugs() -> tuple[str, ...]:
    """Return the slugs of all detectors: each is a file, ``prompt_injection.py``, of that name."""
    spec = find_spec("inference")
    found = Path(spec.origin).parent / "detectors" if spec and spec.origin else Path()
    names = [path.stem for path in found.glob("*.py")]
    return tuple(sorted(name.replace("_", "-") for name in names if not name.startswith("_")))


def read_slug(text: str) -> str:
    """Return the slug of a detector; raises ValueError that names what may be meant."""
    if text in slugs():
        return text
    raise ValueError(f"no detector is called {text!r}; {suggestion(text, slugs())}")


def complete_slug(incomplete: str) -> list[str]:
    """Return the slugs that begin so, for a shell."""
    return [slug for slug in slugs() if slug.startswith(incomplete)]
