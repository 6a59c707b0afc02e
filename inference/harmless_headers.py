"""Headers that nothing was found in: a browser sends the same ones with every request."""

from collections.abc import Sequence

from kysira.types import Request

Headers = Sequence[tuple[str, bytes]]

REMEMBERED = 1024
"""Headers that are remembered at most."""
REMEMBERED_BYTES = 1024
"""The longest value of a header that is remembered."""
_SMALL_BODY = 4096


class HarmlessHeaders:
    """Remembers whole headers, so that known ones are not even taken apart.

    What is remembered must be harmless whatever else the request holds, to the rules and to the
    models, under any options. Safe to use from several threads.
    """

    def __init__(self, size: int = REMEMBERED) -> None:
        """Remember about ``size`` of them; 0 for none."""
        self.hits = 0
        self._size = size
        self._seen: set[tuple[str, bytes]] = set()

    def unseen(self, request: Request) -> Headers:
        """Return the headers of the request but for those known to be harmless.

        All of them where the body is large, or may grow: then the budget for the whole request may
        run out, and where it does must not depend on what came before.
        """
        headers, seen = request.headers, self._seen
        if request.body and (
            len(request.body) > _SMALL_BODY or "content-encoding" in [name for name, _ in headers]
        ):
            return headers
        unseen = [header for header in headers if header not in seen]
        self.hits += len(headers) - len(unseen)
        return unseen

    def add(self, headers: Headers) -> None:
        """Remember these; all others are forgotten when there are too many."""
        if len(self._seen) >= self._size:
            self._seen = set()
        if self._size:
            self._seen.update([header for header in headers if len(header[1]) <= REMEMBERED_BYTES])
