"""Shares of requests: as a user writes one, and as they are told."""

from ctl.bench.rates import wilson


def read_share(text: str) -> float:
    """Return the share of ``0.1%`` or ``0.001``; raises ValueError."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r} is no share: write 0.1% or 0.001")
    return value


def percent(share: float) -> str:
    """Return a share with three digits that count: ``0.123 %``."""
    return f"{share * 100:.3g} %"


def told(hits: int, count: int) -> str:
    """Return a count with its share and the 95 % interval of that."""
    if not count:
        return f"{hits:,}"
    low, high = wilson(hits, count)
    return f"{hits:,} ({percent(hits / count)}; 95 % interval {percent(low)} to {percent(high)})"
