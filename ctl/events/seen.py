"""Which events were shown already: a bounded memory."""

from collections.abc import Iterable, Iterator

from ctl.events.record import Record

MOST = 10_000


class Seen:
    """Remembers the ids of the last events."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._ids: dict[str, None] = {}

    def is_new(self, event: Record) -> bool:
        """Return True the first time; an event without an id is always new."""
        if not event.id:
            return True
        if event.id in self._ids:
            return False
        if len(self._ids) >= self._most:
            del self._ids[next(iter(self._ids))]
        self._ids[event.id] = None
        return True


def once(events: Iterable[Record]) -> Iterator[Record]:
    """Yield each event once, where the same ones come close together, as ordered by time."""
    return filter(Seen().is_new, events)
