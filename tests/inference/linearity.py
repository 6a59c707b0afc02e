"""Measures that work grows with the input and not with its square."""

import gc
import time
from collections.abc import Callable

SMALL, LARGE = 250_000, 1_000_000
MOST = 8.0
"""Four times the input may take twice as long as four times the time: a shared machine is noisy."""
_TRIES = 4
"""What is not linear fails each time; a busy neighbour does not make it fail."""
_FLOOR_S = 0.004
"""Below this the clock measures anything but the work."""


def repeated(unit: bytes, size: int) -> bytes:
    """Return about ``size`` bytes of the unit over and over."""
    return unit * (size // len(unit))


def assert_linear(work: Callable[[bytes], object], make: Callable[[int], bytes]) -> None:
    """Fail when 1 MB takes much more than four times the processor time of 250 KB."""
    for _ in range(_TRIES):
        small, large = (_seconds(work, make(size)) for size in (SMALL, LARGE))
        if large <= MOST * max(small, _FLOOR_S):
            break
    assert large <= MOST * max(small, _FLOOR_S), f"{small:.3f} s became {large:.3f} s"


def _seconds(work: Callable[[bytes], object], value: bytes) -> float:
    gc.disable()  # it looks at whatever else this process holds
    try:
        started = time.process_time()
        work(value)
        return time.process_time() - started
    finally:
        gc.enable()
