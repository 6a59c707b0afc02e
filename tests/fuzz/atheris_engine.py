"""Coverage-guided fuzzing of ``Engine.score`` over whole requests. Needs ``pip install atheris``.

    python -m tests.fuzz.atheris_engine CORPUS -max_total_time=1800

CORPUS is a folder, filled from the case tables when it is empty; options are libFuzzer's.
"""

import hashlib
import sys
import tempfile
import time
from pathlib import Path

import atheris

from kysira.types import Request

with atheris.instrument_imports(include=["inference"]):  # what is imported here is measured
    from inference.normalizer import read
    from tests.fuzz import hostile, messages
    from tests.fuzz.choices import Choices
    from tests.fuzz.engines import rules_alone
    from tests.fuzz.promises import assert_fields, assert_reading, assert_scored, read_fields
    from tests.fuzz.spellings import attacks

    engine = rules_alone()  # which imports the detectors
attacks()  # takes seconds the first time, which are no input's fault

MAX_SECONDS = 2.0
"""Processor time that one input may take; instrumented code is several times as slow as plain."""
_DEFAULTS = ("-max_len=4096", "-timeout=60", "-rss_limit_mb=4096")
_READ_BYTES = 4096
"""Values up to this long are also checked reading by reading."""


def request_of(data: bytes) -> Request:
    """Return the request that a message stands for: any bytes are one."""
    provider = atheris.FuzzedDataProvider(data)
    charset = provider.PickValueInList(list(messages.CHARSETS))
    coding = provider.PickValueInList(list(messages.CODINGS))
    repeats = provider.PickValueInList(list(messages.REPEATS))
    is_cut, is_free = provider.ConsumeIntInRange(0, 7) == 7, provider.ConsumeIntInRange(0, 15) == 15
    is_declared = provider.ConsumeIntInRange(0, 3) != 3
    if provider.ConsumeIntInRange(0, 7) == 7:
        return hostile.request(Choices(provider.ConsumeBytes(len(data))))
    method, target, headers, body = messages.parsed(provider.ConsumeBytes(len(data)))
    if coding and is_declared:
        headers.append(("content-encoding", messages.NAMES.get(coding, coding.encode())))
    body = messages.packed(body, charset, coding, repeats)
    return Request(method, target, tuple(headers), body, is_cut, "", is_free)


def test_one_input(data: bytes) -> None:
    """Raise when the request that the data stands for breaks a promise."""
    request = request_of(data)
    started = time.thread_time()
    assert_scored(engine, request)
    taken = time.thread_time() - started
    assert taken < MAX_SECONDS, f"{taken:.2f} s"
    fields, _ = read_fields(request)
    assert_fields(request, fields)
    for field in fields[:20]:
        if len(field.value) <= _READ_BYTES:
            assert_reading(field.value, read(field.value))


def write_corpus(folder: Path) -> None:
    """Fill an empty folder with the seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for seed in messages.seeds():
            (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def write_dictionary() -> str:
    """Return a new file of the tokens, as libFuzzer reads it."""
    with tempfile.NamedTemporaryFile("w", suffix=".dict", delete=False) as file:
        for token in messages.tokens():
            file.write('"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n')
    return file.name


def main() -> None:
    """Fuzz until a promise is broken, or as long as the options say."""
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and not Path(folders[0]).is_file():
        write_corpus(Path(folders[0]))
    options = (*_DEFAULTS, f"-dict={write_dictionary()}")
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:]], test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
