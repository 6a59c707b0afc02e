"""Renders what is in ctl/templates; the same values give the same bytes."""

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from kysira.replies import EVENT_ID, KILLED, OWN_PREFIX, SCORE

_FOLDER = Path(__file__).parent / "templates"
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""What YAML 1.1 or 1.2 takes for something else than text, of names that begin with a letter."""
OWN_HEADERS_REGEX = "(?i)" + OWN_PREFIX.replace("-", "[-_]") + ".*"
"""What a client may not send. With "_" too: many app servers read it as "-"."""
_OWN_HEADERS = (
    EVENT_ID, KILLED, SCORE, "x-kysira-mode", "x-kysira-reason", "x-kysira-would-have-killed",
)  # fmt: skip


def own_headers() -> list[str]:
    """Return the names of Kysira's headers in every spelling that an app server may join."""
    return [
        "".join(map("".join, zip(name.split("-"), [*signs, ""], strict=True)))
        for name in _OWN_HEADERS
        for signs in itertools.product("-_", repeat=name.count("-"))
    ]


def render(
    template: str, *, filters: Mapping[str, Callable[..., str]] | None = None, **values: object
) -> str:
    """Return what a template gives for the values; ``filters`` are its own, over those of all."""
    import jinja2  # noqa: PLC0415 - 60 ms that other commands need not wait

    environment = jinja2.Environment(  # noqa: S701 - YAML and nginx's own syntax, not HTML
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["duration"] = duration
    environment.filters["only_item"] = only_item
    environment.filters["plain"] = plain
    environment.filters.update(filters or {})
    environment.globals["own_headers"] = own_headers()
    environment.globals["own_headers_regex"] = OWN_HEADERS_REGEX
    return environment.get_template(f"{template}.j2").render(**values)


def duration(seconds: float) -> str:
    """Return seconds as protobuf's JSON has them."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def plain(name: str) -> str:
    """Return a name as a YAML string, in quotes only where it would be read as something else."""
    is_text = name[:1].isalpha() and name.lower() not in _WORDS
    return name if is_text else f'"{name}"'


def only_item(text: str) -> str:
    """Return the one item of a block-style YAML list, as a mapping of its own."""
    return re.sub(r"^(- |  )", "", text, flags=re.MULTILINE)
