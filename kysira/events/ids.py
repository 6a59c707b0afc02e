"""Event ids: unique, and in the order of time, so that a stream can be resumed after one."""

from random import Random

_RANDOM_BITS = 62
_VARIANT = 0b10 << _RANDOM_BITS
_VERSION = 7 << 12
_LAST_COUNT = 0xFFF


class EventIds:
    """Makes UUIDs of version 7 (RFC 9562 §5.7), each greater than the one before.

    They are no secrets: an id says when it was made, and the next one could be guessed.
    """

    def __init__(self) -> None:
        self._bits = Random().getrandbits  # noqa: S311 (seeded by the system; ids are no secrets)
        self._ms = 0
        self._count = 0

    def new(self, unix_seconds: float) -> str:
        """Return the id of something that happened then."""
        ms = int(unix_seconds * 1000)
        if ms > self._ms:
            # From the lower half, so that a millisecond has room to count (RFC 9562 §6.2, 1).
            self._ms, self._count = ms, self._bits(11)
        elif self._count < _LAST_COUNT:
            self._count += 1
        else:  # the clock was set back for long: go on from where it had been
            self._ms, self._count = self._ms + 1, 0
        # hex() of bytes takes half as long as a format, of every request.
        head = (self._ms << 16 | _VERSION | self._count).to_bytes(8).hex()
        tail = (_VARIANT | self._bits(_RANDOM_BITS)).to_bytes(8).hex()
        return f"{head[:8]}-{head[8:12]}-{head[12:]}-{tail[:4]}-{tail[4:]}"
