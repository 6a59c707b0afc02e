"""A batch: everything about it is in its file's name, and a broken one is known."""

import pytest

from kysira.events.sinks.batch import named, new_batch
from tests.kysira.events.sinks.lines import lines, numbers


def test_batch_is_found_again_by_name() -> None:
    """The name of its file says all; each batch has an id of its own."""
    batch, data = new_batch(17, lines(5))
    assert named(batch.file_name) == batch
    assert (batch.number, batch.count, batch.size) == (17, 5, len(data))
    assert numbers(data) == list(range(5))
    assert new_batch(17, lines(5))[0].id != batch.id


def test_names_are_in_order() -> None:
    """A person who lists the folder sees the batches as they will be sent."""
    names = [new_batch(number, lines(1))[0].file_name for number in (0, 9, 10, 123456)]
    assert names == sorted(names)


@pytest.mark.parametrize("name", ["", "notes.txt", "1-1-1-0-0.ndjson", "../../etc/passwd"])
def test_foreign_name_is_no_batch(name: str) -> None:
    """What somebody else put there is not taken for a batch."""
    assert named(name) is None
    assert named(new_batch(1, lines(1))[0].file_name + name.replace(".", "~")) is None or not name


@pytest.mark.parametrize("breakage", ["cut", "empty", "longer", "zeroed"])
def test_broken_data_is_known(breakage: str) -> None:
    """Data that is not what was written is not whole, whatever happened to it."""
    batch, data = new_batch(1, lines(3))
    broken = {"cut": data[:-1], "empty": b"", "longer": data + b"x", "zeroed": bytes(len(data))}
    assert batch.is_whole(data)
    assert not batch.is_whole(broken[breakage])


def test_small_batch_takes_a_block() -> None:
    """What a batch takes of the disk is counted in whole blocks."""
    assert new_batch(1, lines(1))[0].disk_bytes == 4096
    assert new_batch(1, lines(1, padding=4096))[0].disk_bytes == 8192
