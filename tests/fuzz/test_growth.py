"""Known nasty inputs, at four times the size, take little more than four times as long."""

import gzip
import time
import zlib
from collections.abc import Callable

import pytest

from inference.detectors import load_detectors
from inference.engine import Engine
from inference.normalizer import read
from inference.rule_cache import cached_matcher
from inference.scanning import VARIANT_COST, Scanner
from kysira.types import Request, Uninspected
from tests.fuzz.engines import rules_alone
from tests.fuzz.promises import OPTIONS, assert_reading, assert_verdict

SMALL, LARGE = 1 << 18, 1 << 20
MOST = 9.0
"""What is linear takes four times as long, what is not, sixteen times."""
_TRIES = 4
_FLOOR_S = 0.01
FORM, JSON = b"application/x-www-form-urlencoded", b"application/json"
MULTIPART, XML = b"multipart/form-data; boundary=XyZ", b"application/xml"
PART = b'--XyZ\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
UNITS: dict[str, tuple[bytes, bytes]] = {
    "brackets": (JSON, b"["),
    "braces": (JSON, b'{"a":'),
    "brace": (JSON, b"{"),
    "quotes": (JSON, b'"'),
    "documents": (JSON, b'{"a":"b c"}\n'),
    "empty lists": (JSON, b"[],"),
    "backslashes": (JSON, b"\\"),
    "elements": (XML, b"<a>"),
    "attributes": (XML, b"<a b='c d'"),
    "references": (XML, b"&amp;"),
    "openings": (XML, b"<!["),
    "ampersands": (FORM, b"&"),
    "pairs": (FORM, b"a=b c&"),
    "equal names": (FORM, b"a=*/&"),
    "percent": (FORM, b"%25"),
    "boundaries": (MULTIPART, b"--XyZ"),
    "parts": (MULTIPART, PART),
    "heads": (MULTIPART, b'name="'),
    "encoded words": (b"text/x", b"=?utf-8?"),
    "entities": (b"text/x", b"&amp;"),
    "short entities": (b"text/x", b"&#x26;#x26;"),
    "base64": (b"text/x", b"VVZGQ1VWRkM="),
    "literals": (b"application/graphql", b'{a(b:"c d")'),
    "blocks": (b"application/graphql", b'"""\\'),
    "shifts": (b"text/x; charset=utf-7", b"+AGE-"),
    "escapes": (b"text/x; charset=iso-2022-jp", b"\x1b(B\x1b$B"),
    "NULs": (b"", b"\0a"),
}


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of this thread that the work takes."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


@pytest.mark.parametrize("name", UNITS)
def test_nasty_body_takes_linear_time(name: str) -> None:
    """A megabyte of it is scored about four times as slowly as a quarter of one."""
    kind, unit = UNITS[name]
    engine = rules_alone()
    requests = [
        Request("POST", b"/", (("content-type", kind),), unit * (size // len(unit)))
        for size in (SMALL, LARGE)
    ]
    best = [1e9, 1e9]
    for _ in range(_TRIES):
        for number, request in enumerate(requests):
            taken = seconds(lambda request=request: engine.score(request, OPTIONS))  # type: ignore[misc]
            best[number] = min(best[number], taken)
        if best[1] <= MOST * max(best[0], _FLOOR_S):
            break
    assert best[1] <= MOST * max(best[0], _FLOOR_S), f"{best[0]:.3f} s became {best[1]:.3f} s"
    for request in requests:
        assert_verdict(engine, engine.score(request, OPTIONS))


@pytest.mark.parametrize("name", UNITS)
def test_nasty_value_costs_linear_work(name: str) -> None:
    """Bytes and readings are counted, which no busy machine changes."""
    _, unit = UNITS[name]
    scanner = Scanner(load_detectors(), is_cached=False, compile_with=cached_matcher)
    costs = []
    for size in (SMALL // 16, SMALL // 4):
        value = unit * (size // len(unit))
        assert_reading(value, read(value))
        costs.append(scanner.scan((value,)).cost)
    assert costs[1] <= 4 * costs[0] + 32 * VARIANT_COST


@pytest.mark.parametrize("inner", ["gzip", "deflate"])
def test_bomb_costs_no_more_than_its_bound(inner: str) -> None:
    """A hundred times the zeros take no longer, in one coding and in two, and that is told."""
    engine = rules_alone()
    pack = gzip.compress if inner == "gzip" else zlib.compress
    names = inner.encode(), inner.encode() + b", gzip"
    taken: list[float] = []
    for size in (1 << 20, 100 << 20):
        body = pack(b"a b " * (size // 4))
        for names_, data in zip(names, (body, gzip.compress(body)), strict=True):
            headers = (("content-type", b"text/x"), ("content-encoding", names_))
            request = Request("POST", b"/", headers, data)
            assert Uninspected.BUDGET in engine.score(request, OPTIONS).uninspected
            best = min(seconds(lambda r=request: engine.score(r, OPTIONS)) for _ in range(3))  # type: ignore[misc]
            taken.append(best)
    assert max(taken[2:]) <= MOST * max(*taken[:2], _FLOOR_S)


def test_deep_nesting_costs_linear_time() -> None:
    """Percent in percent, base64 in base64, JSON in JSON strings."""
    engine: Engine = rules_alone()
    quoted = "'"
    for _ in range(14):
        quoted = '"' + quoted.replace("\\", "\\\\").replace('"', '\\"') + '"'
    request = Request("POST", b"/", (("content-type", JSON),), quoted.encode())
    assert_verdict(engine, engine.score(request, OPTIONS))
    deep = Request("GET", b"/?a=%" + b"25" * LARGE + b"27")
    assert engine.score(deep, OPTIONS).uninspected == (Uninspected.BUDGET,)
