"""What is known of the values that came last is remembered, and of no more than that."""

from inference.memory import Memory
from inference.scanning import HARMLESS, Scan

ODD = Scan((), False, 7)


def new_memory(size: int) -> Memory[bytes, Scan]:
    return Memory(size)


def test_what_is_kept_is_recalled() -> None:
    """In the order of the values; what is not known is None."""
    memory = new_memory(8)
    memory.keep({b"a": HARMLESS, b"b": ODD})
    assert memory.recall((b"b", b"c", b"a", b"b")) == [ODD, None, HARMLESS, ODD]
    assert memory.recall(()) == []


def test_values_in_use_stay() -> None:
    """A value that keeps coming is remembered, however many others pass by."""
    memory = new_memory(8)
    memory.keep({b"browser": ODD})
    for number in range(100):
        memory.keep({b"%d" % number: HARMLESS})
        assert memory.recall((b"browser",)) == [ODD]


def test_recalling_makes_it_grow_no_further() -> None:
    """A client that sends old values again and again, some a request, does not fill the memory."""
    memory = new_memory(80)
    values: list[bytes] = []
    known = 0
    for number in range(50):
        values += (fresh := [b"%d-%d" % (number, each) for each in range(39)])
        memory.keep(dict.fromkeys(fresh, HARMLESS))
        requests = [values[start : start + 5] for start in range(0, len(values), 5)]
        known = sum(scan is not None for each in requests for scan in memory.recall(each))
    assert 0 < known <= 80 + 2 * 39


def test_values_out_of_use_are_let_go() -> None:
    """Never more than ``size`` are kept."""
    memory = new_memory(8)
    for number in range(100):
        memory.keep({b"%d" % number: HARMLESS})
    known = [scan for scan in memory.recall([b"%d" % number for number in range(100)]) if scan]
    assert 4 <= len(known) <= 8
