"""Headers off the wire: a row that comes with request after request is read once."""

from collections.abc import Iterable

from extproc.proto import ext_proc_pb2 as pb
from kysira.replies import is_own

Header = tuple[str, bytes]
_MOST = 2048
"""Rows that are remembered. Clients choose them: when there are too many, all are forgotten."""
_LONGEST = 512
"""Bytes of a row that is remembered; a longer one hardly comes twice."""
_UNLIKE = frozenset({":path", "authorization", "cookie", "referer", "x-request-id"})
"""Differ from request to request, or are a client's secret."""


class HeaderReader:
    """Reads rows, and remembers most: nothing but its bytes decides what one says.

    Those that come again are the same objects, whose hashes need not be found again by whoever
    looks them up.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Remember at most so many."""
        self._most = most
        self._known: dict[bytes, Header] = {}

    def read(self, rows: Iterable[bytes]) -> tuple[tuple[Header, ...], list[Header]]:
        """Return what these serialized HeaderValues say, and which of it was not remembered.

        Any header that only Kysira may set is among the latter. Raises DecodeError.
        """
        new: list[Header] = []
        known = self._known.get
        return tuple([known(row) or self._learn(row, new) for row in rows]), new

    def _learn(self, row: bytes, new: list[Header]) -> Header:
        value = pb.HeaderValue.FromString(row)
        name = value.key
        # Envoy sends values in raw_value; value is for older versions.
        header = name, value.raw_value or value.value.encode()
        new.append(header)
        if name not in _UNLIKE and len(row) <= _LONGEST and not is_own(name):
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[row] = header
        return header
