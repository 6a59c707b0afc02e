"""What templates can use."""

import re

import pytest

from ctl.render_output import parse
from ctl.templating import OWN_HEADERS_REGEX, duration, only_item, own_headers, plain
from kysira.replies import EVENT_ID, KILLED, SCORE


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5s"), (3600, "3600s"), (0.0015, "0.0015s"), (10.0, "10s")]
)
def test_duration_is_short(seconds: float, text: str) -> None:
    """As protobuf's JSON has it, without zeros that say nothing."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shop", "shop"), ("true", '"true"'), ("No", '"No"'), ("null-1", "null-1"),
        ("1.5", '"1.5"'), ("1e3", '"1e3"'), ("0x1f", '"0x1f"'), ("2026-01-02", '"2026-01-02"'),
    ],
)  # fmt: skip
def test_plain_is_always_text(name: str, text: str) -> None:
    """In quotes only where YAML would take it for something else."""
    assert plain(name) == text
    assert parse(f"a: {plain(name)}") == [{"a": name}]


def test_only_item_becomes_a_mapping() -> None:
    """The dash goes, and with it two columns of each line; nested lists keep theirs."""
    assert only_item("- a: 1\n  # why\n  b:\n    - c\n") == "a: 1\n# why\nb:\n  - c\n"


def test_own_headers_are_every_spelling() -> None:
    """Each separator as "-" and "_", each name once, and the pattern knows them all."""
    names = own_headers()
    assert len(names) == len(set(names)) <= 64, "Envoy Gateway takes 64 at most"
    for name in (EVENT_ID, KILLED, SCORE):
        assert {name, name.replace("-", "_"), name.replace("-", "_", 1)} <= set(names)
    assert all(re.fullmatch(OWN_HEADERS_REGEX, name) for name in names)
