"""Which events were shown already."""

from ctl.events.seen import Seen, once
from tests.ctl.events.made import made


def test_seen_is_new_once() -> None:
    """An id is new the first time; an event without one is always new."""
    seen = Seen()
    assert [seen.is_new(made(id=name)) for name in ("a", "b", "a", "", "")] == [
        True, True, False, True, True,
    ]  # fmt: skip


def test_seen_is_bounded() -> None:
    """The oldest are forgotten, however many come."""
    seen = Seen(most=2)
    assert [seen.is_new(made(id=name)) for name in "abcbca"] == [
        True, True, True, False, False, True,
    ]  # fmt: skip


def test_once_drops_repeated_events() -> None:
    """As files that overlap have them."""
    assert [event.id for event in once(made(id=name) for name in "aabcb")] == ["a", "b", "c"]
