"""Headers that nothing was found in: a browser sends the same ones with every request."""

from collections.abc import Sequence

from kysira.types import Request

Headers = Sequence[tuple[str, bytes]]

REMEMBERED = 1024
"""Headers that are remembered at most."""
REMEMBERED_BYTES = 1024
"""The longest header that is remembered, with its name: a client chooses both."""
_SMALL = 4096
"""Bytes of what is new in a request that can hardly cost its whole budget."""


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

        All of them where the rest of the request is large, or may grow: then the budget for the
        whole request may run out, and where it does must not depend on what came before.
        """
        headers, seen, body = request.headers, self._seen, request.body
        if body and (len(body) > _SMALL or "content-encoding" in [name for name, _ in headers]):
            return headers
        unseen = [header for header in headers if header not in seen]
        if len(request.target) + sum([len(value) for _, value in unseen]) > _SMALL:
            return headers
        self.hits += len(headers) - len(unseen)
        return unseen

    def add(self, headers: Headers) -> None:
        """Remember these, which were all looked at; the others are forgotten when too many."""
        if not headers or not self._size:
            return
        if len(self._seen) >= self._size:
            self._seen = set()
        self._seen.update([row for row in headers if len(row[0]) + len(row[1]) <= REMEMBERED_BYTES])
