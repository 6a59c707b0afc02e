"""Event ids are UUIDs of version 7, unique and in order."""

import uuid

from kysira.events.ids import EventIds

NOW = 1_764_000_000.123


def test_id_is_uuid_of_version_7() -> None:
    """Version, variant and the time in milliseconds are where RFC 9562 puts them."""
    text = EventIds().new(NOW)
    parsed = uuid.UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == int(NOW * 1000)


def test_ids_rise_within_one_millisecond() -> None:
    """Ten thousand in the same millisecond are unique and in order, as text too."""
    ids = EventIds()
    made = [ids.new(NOW) for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(each).version for each in made} == {7}


def test_ids_rise_when_clock_is_set_back() -> None:
    """A clock that jumps an hour back makes no id smaller than one before."""
    ids = EventIds()
    made = [ids.new(NOW + at) for at in (0, 0.001, -3600, -3600, -3599, 0.002, 5)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_processes_make_different_ids() -> None:
    """Two makers at the same time have nothing but the time in common."""
    assert EventIds().new(NOW)[-16:] != EventIds().new(NOW)[-16:]
