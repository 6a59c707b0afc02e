"""Events on terminals of all widths."""

import pytest
from rich.cells import cell_len

from ctl.events.layout import layout
from ctl.events.writers import _WIDTHS

ID = "01a21566-a70b-73aa-970c-75fc2b8a9025"
CELLS = {
    "service": "127.0.0.1:9090", "time": "2026-11-26T04:48:12.123Z", "action": "shadow_kill",
    "score": "0.9999", "detector": "command-injection", "source ip": "192.0.2.7",
    "request": f"GET shop.example/search?q={'x' * 300}&end", "reason": "sqli:union_select",
    "id": ID, "target": "GET /search?q=" + "x" * 300,
}  # fmt: skip


@pytest.mark.parametrize(
    ("width", "service"),
    [(60, {}), *((w, s) for w in (80, 100, 120, 160, 200, 300) for s in ({}, {"service": 16}))],
)
def test_row_fits(width: int, service: dict[str, int]) -> None:
    """In one line, or two where the id has its own; reason and id are whole, in their columns."""
    made = layout({**service, **_WIDTHS}, width, is_today=True)
    lines = made.lines(CELLS)
    assert all(cell_len(line) <= width for line in lines)
    assert lines[-1].endswith(f" {ID}")
    assert len(lines) == (2 if made.has_own_line else 1)
    head = made.lines({name: name.upper() for name in CELLS})
    assert head[0].index("REASON") == lines[0].index("sqli:")
    assert head[-1].index("  ID") == lines[-1].index(f"  {ID}")


def test_wide_terminal_leaves_nothing_out() -> None:
    """But of the request, where it must: both its ends are left."""
    made = layout(_WIDTHS, 200, is_today=True)
    assert list(made.widths) == list(_WIDTHS)
    (line,) = made.lines(CELLS)
    assert line.startswith("04:48:12Z  shadow_kill")
    assert "GET shop.example/search?q=x" in line
    assert "x&end  sqli:union_select" in line
    assert "…" not in made.lines({**CELLS, "request": "GET /"})[0]


def test_other_days_have_their_date() -> None:
    """Whole; so does a time that is written otherwise."""
    assert layout(_WIDTHS, 200, is_today=False).lines(CELLS)[0].startswith(CELLS["time"])
    odd = {**CELLS, "time": "2026-11-26T04:48:12+02:00"}
    assert layout(_WIDTHS, 200, is_today=True).lines(odd)[0].startswith(odd["time"])


def test_long_address_takes_from_the_request() -> None:
    """The columns after it stay where they are."""
    made = layout(_WIDTHS, 200, is_today=True)
    (one,) = made.lines(CELLS)
    (other,) = made.lines({**CELLS, "source ip": "2001:db8:1234:5678:9abc:def0:1234:5678"})
    assert one.index("sqli:") == other.index("sqli:")
    assert one.index(ID) == other.index(ID)


def test_narrow_terminal_shows_the_path_first() -> None:
    """The host goes where the request is too long for a narrow column, and only there."""
    narrow = layout(_WIDTHS, 120, is_today=True)
    assert "  GET /search?" in narrow.lines(CELLS)[0]
    assert "  GET a.example/  " in narrow.lines({**CELLS, "request": "GET a.example/"})[0]
