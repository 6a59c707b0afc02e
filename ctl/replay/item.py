"""What is read of a file of requests: a request, or a part that is none."""

from dataclasses import dataclass
from urllib.parse import quote

from kysira.request_target import origin_form
from kysira.types import Request

_SAFE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Item:
    """One request, and where it was read."""

    where: str
    """``access.log:12``, ``shop.har[3]``."""
    request: Request

    @property
    def path(self) -> str:
        """Return its path as it was sent."""
        return origin_form(self.request.target).partition(b"?")[0].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a file that no request could be made of."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The end of what can be read, before the file's own."""

    where: str
    why: str


Read = Item | Unread | Broken


def sent(text: str) -> bytes:
    """Return a target as a browser sends it: blanks and what is not ASCII are escaped."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text.encode()
    return quote(text, safe=_SAFE, errors="surrogatepass").encode()
