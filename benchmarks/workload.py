"""Requests as browsers send them, with values that never come twice: load.lua's twin."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import cycle
from urllib.parse import quote_plus, urlencode

from kysira.types import Request

_BROWSERS = (
    (b"Windows", b"Windows NT 10.0; Win64; x64", b"138"),
    (b"macOS", b"Macintosh; Intel Mac OS X 10_15_7", b"138"),
    (b"Linux", b"X11; Linux x86_64", b"137"),
    (b"Android", b"Linux; Android 10; K", b"137"),
)
_PAGE = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
_VALUES = 1 << 26
_SYLLABLES = tuple(consonant + vowel for consonant in "bdfghklmnprstvwz" for vowel in "aeio")


class Workload:
    """Makes requests; the same seed makes the same ones."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._serial = 0

    def get(self) -> Request:
        """Return a page view: 6 query values, 12 headers and Envoy's own."""
        query = {
            "q": self._words(3),
            "category": self._words(2).replace(" ", "-"),
            "page": self._number(),
            "brand": self._word(),
            "return": f"/{self._word()}/{self._word()}",
            "sid": self._hex(24),
        }
        path = f"/products/{self._number()}-{self._words(2).replace(' ', '-')}"
        return self._request("GET", f"{path}?{urlencode(query)}", "navigate", _PAGE)

    def form(self) -> Request:
        """Return a contact form of about 300 bytes."""
        fields = {
            "name": self._words(2),
            "email": f"{self._word()}@example.com",
            "phone": f"+{self._number()}",
            "street": f"{self._number()} {self._word()}",
            "city": self._word(),
            "csrf": self._hex(40),
            "message": "",
        }
        body = urlencode(fields)
        while len(body) < 290:
            body += quote_plus(self._word() + " ")
        return self._post("/contact", _PAGE, "application/x-www-form-urlencoded", body)

    def json(self, size: int = 2000) -> Request:
        """Return an order of about ``size`` bytes."""
        order = {"customer": {"id": self._number(), "name": self._words(2)}, "items": []}
        items, length = [], len(json.dumps(order))
        while length < size - 100:
            items.append(self._item())
            length += len(json.dumps(items[-1])) + 2
        body = json.dumps({**order, "items": items})
        return self._post("/api/v1/orders", b"application/json", "application/json", body)

    def mix(self) -> Iterator[Request]:
        """Yield 7 GET, 2 forms and 1 JSON of 2 kB in every ten, without end."""
        get, form = self.get, self.form
        turns: list[Callable[[], Request]] = [
            get,
            get,
            form,
            get,
            get,
            self.json,
            get,
            form,
            get,
            get,
        ]
        return (make() for make in cycle(turns))

    def _item(self) -> dict[str, object]:
        return {
            "sku": self._hex(10),
            "title": self._words(3),
            "qty": self._number(),
            "price": self._number() / 100,
            "tags": [self._word(), self._word()],
            "note": self._words(5),
        }

    def _post(self, path: str, accept: bytes, content_type: str, body: str) -> Request:
        target = f"{path}/{self._word()}"
        return self._request("POST", target, "cors", accept, content_type, body.encode())

    def _request(
        self,
        method: str,
        target: str,
        mode: str,
        accept: bytes,
        content_type: str = "",
        body: bytes = b"",
    ) -> Request:
        system, platform, release = self._random.choice(_BROWSERS)
        headers = [
            (":authority", b"shop.example"),
            (":path", target.encode()),
            (":method", method.encode()),
            (":scheme", b"https"),
            ("sec-ch-ua", b'"Not)A;Brand";v="8", "Chromium";v="%s"' % release),
            ("sec-ch-ua-platform", b'"%s"' % system),
            (
                "user-agent",
                b"Mozilla/5.0 (%s) AppleWebKit/537.36 Chrome/%s.0.0.0" % (platform, release),
            ),
            ("accept", accept),
            ("sec-fetch-site", b"same-origin"),
            ("sec-fetch-mode", mode.encode()),
            ("referer", f"https://shop.example/{self._word()}/{self._word()}".encode()),
            ("accept-encoding", b"gzip, deflate, br, zstd"),
            ("accept-language", b"en-US,en;q=0.9"),
            ("cookie", self._cookie()),
            ("x-forwarded-for", b"203.0.113.7"),
            ("x-forwarded-proto", b"https"),
            ("x-request-id", f"{self._hex(8)}-{self._hex(12)}".encode()),
        ]
        if content_type:
            headers += [
                ("origin", b"https://shop.example"),
                ("content-type", content_type.encode()),
                ("content-length", b"%d" % len(body)),
            ]
        return Request(method, target.encode(), tuple(headers), body, source_ip="203.0.113.7")

    def _cookie(self) -> bytes:
        visitor = f"GA1.1.{self._number()}.{self._number()}"
        text = f"session={self._hex(32)}; cart={self._hex(8)}-{self._hex(12)}; _ga={visitor}"
        return f"{text}; last_seen={self._word()}%20{self._word()}".encode()

    def _number(self) -> int:
        self._serial += 1
        # An odd factor visits every number below a power of two once before any comes again.
        return self._serial * 48271341 % _VALUES

    def _hex(self, digits: int) -> str:
        return f"{self._number():07x}{self._random.getrandbits(160):040x}"[:digits]

    def _word(self) -> str:
        rest, text = self._number() + _VALUES, ""
        while rest:
            rest, number = divmod(rest, 64)
            text += _SYLLABLES[number]
        return text

    def _words(self, count: int) -> str:
        return " ".join(self._word() for _ in range(count))
