"""Content codings are undone, within bounds, and what can't be is told."""

import gzip
import time
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.bodies.compression import MAX_INFLATED_BYTES, MAX_MEMBERS, inflate
from kysira.types import Uninspected
from tests.inference.linearity import assert_linear

BODY = b"q=' or 1=1 -- " * 20


def inflated(body: bytes, encoding: bytes) -> tuple[bytes, set[Uninspected]]:
    problems: set[Uninspected] = set()
    return inflate(body, encoding, problems), problems


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body, wbits=-zlib.MAX_WBITS)


def gzipped(body: bytes) -> bytes:
    """Compress without the time, which would give parallel test runs different names."""
    return gzip.compress(body, mtime=0)


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


COMPRESSORS = {
    b"gzip": gzipped,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstd,
}


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzipped(BODY), b"gzip"),
        (gzipped(BODY), b" x-gzip "),
        (zlib.compress(BODY), b"deflate"),
        (raw_deflate(BODY), b"deflate"),
        (gzipped(zlib.compress(BODY)), b"deflate, gzip"),
        (gzipped(gzipped(gzipped(BODY))), b"gzip,gzip,,gzip"),
        (gzipped(BODY[:40]) + gzipped(BODY[40:]), b"gzip"),
        (gzipped(BODY), b"gzip, identity"),
        (gzipped(BODY), b"aws-chunked,gzip"),
        (brotli.compress(BODY), b"br"),
        (zstd(BODY), b"zstd"),
        (zstd(BODY[:40]) + b"\x50\x2a\x4d\x18\x02\0\0\0ab" + zstd(BODY[40:]), b"zstd"),
        (brotli.compress(zstd(gzipped(BODY))), b"gzip, zstd, br"),
    ],
)
def test_codings_are_undone(body: bytes, encoding: bytes) -> None:
    """Every coding that browsers and servers know, in a row, and in several members or frames."""
    assert inflated(body, encoding) == (BODY, set())


@pytest.mark.parametrize("encoding", [b"", b"identity", b",", b"aws-chunked"])
def test_nothing_to_undo_is_the_same_object(encoding: bytes) -> None:
    """Without a coding the very same bytes come back."""
    text, problems = inflated(BODY, encoding)
    assert text is BODY
    assert not problems


@pytest.mark.parametrize("encoding", [b"dcb", b"bzip2", b"compress", b"gzip;q=1", b"x", b"\xff"])
def test_unknown_coding_is_told(encoding: bytes) -> None:
    """What can't be undone is told, and the body read as it is."""
    assert inflated(BODY, encoding) == (BODY, {Uninspected.ENCODING})


def test_known_part_of_codings_is_undone() -> None:
    """Under an unknown coding the known ones are undone; more than three are told."""
    assert inflated(gzip.compress(b"lzw"), b"compress, gzip") == (b"lzw", {Uninspected.ENCODING})
    four = gzip.compress(gzip.compress(gzip.compress(gzip.compress(BODY, mtime=0))))
    text, problems = inflated(four, b"gzip, gzip, gzip, gzip")
    assert problems == {Uninspected.ENCODING}
    assert gzip.decompress(text) == BODY


@pytest.mark.parametrize("encoding", COMPRESSORS)
def test_body_that_is_not_coded_is_read(encoding: bytes) -> None:
    """A header that lies is told, and the body read as it is."""
    assert inflated(BODY, encoding) == (BODY, {Uninspected.ENCODING})


def test_readable_part_is_kept() -> None:
    """Of broken or cut data everything before the fault is read."""
    whole = gzip.compress(bytes(range(256)) * 64, compresslevel=0)
    text, problems = inflated(whole[:8000], b"gzip")
    assert text.startswith(bytes(range(256)))
    assert not problems  # cut off is the front-end's to tell
    text, problems = inflated(gzip.compress(BODY) + b"&q=rest", b"gzip")
    assert (text, problems) == (BODY, {Uninspected.ENCODING})


@pytest.mark.parametrize("encoding", [b"br", b"zstd"])
def test_readable_part_of_a_cut_stream_is_kept(encoding: bytes) -> None:
    """What came before the cut is read: brotli by the byte, zstd by its blocks."""
    numbers = b" ".join(b"%d" % number for number in range(40_000))
    sent = COMPRESSORS[encoding](numbers)
    text, problems = inflated(sent[: len(sent) * 7 // 8], encoding)
    assert numbers.startswith(text)
    assert len(text) > len(numbers) // 2
    assert not problems


def test_zstd_window_is_bounded() -> None:
    """A frame that asks for more history than RFC 9659 allows is told, and costs no memory."""
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    sent = stream.compress(b"a" * 100) + stream.flush()
    assert zstandard.get_frame_parameters(sent).window_size == 1 << 27
    assert inflated(sent, b"zstd") == (sent, {Uninspected.ENCODING})


@pytest.mark.parametrize("encoding", COMPRESSORS)
def test_bomb_is_bounded(encoding: bytes) -> None:
    """A small body that grows without end costs little, and is told."""
    compress = COMPRESSORS[encoding]
    bomb = compress(b"a" * (200 << 20))
    started = time.process_time()
    text, problems = inflated(bomb, encoding)
    assert time.process_time() - started < 1
    assert (len(text), problems) == (MAX_INFLATED_BYTES, {Uninspected.BUDGET})
    exact, problems = inflated(compress(b"a" * MAX_INFLATED_BYTES), encoding)
    assert (len(exact), problems) == (MAX_INFLATED_BYTES, set())


def test_members_are_bounded() -> None:
    """Thousands of tiny members neither take quadratic time nor pass in silence."""
    member = gzip.compress(b"a")
    assert inflated(member * MAX_MEMBERS, b"gzip") == (b"a" * MAX_MEMBERS, set())
    assert inflated(member * 99, b"gzip") == (b"a" * MAX_MEMBERS, {Uninspected.BUDGET})
    assert_linear(lambda body: inflated(body, b"gzip"), lambda n: member * (n // len(member)))


@pytest.mark.parametrize("frame", [zstd(b""), zstd(b"a"), b"\x50\x2a\x4d\x18\0\0\0\0"])
def test_frames_take_linear_time(frame: bytes) -> None:
    """However many frames a body has, and however little is in each."""
    assert_linear(lambda body: inflated(body, b"zstd"), lambda n: frame * (n // len(frame)))


@settings(max_examples=400, deadline=None, database=None)
@given(
    st.binary(max_size=60)
    | st.tuples(st.sampled_from(list(COMPRESSORS.values())), st.binary(max_size=60)).map(
        lambda pair: pair[0](pair[1])
    ),
    st.lists(
        st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"identity", b"\xff"]), max_size=5
    ),
    st.integers(0, 90),
)
def test_any_body_is_inflated(body: bytes, codings: list[bytes], cut: int) -> None:
    """No bytes under any codings raise, and some of them always come back."""
    sent = body[: max(1, len(body) - cut)]
    text, _ = inflated(sent, b",".join(codings))
    assert bool(text) == bool(sent)
