"""Logs are one line an event on stderr, whatever a client puts into them."""

import json
import os
import subprocess
import sys

import pytest

from kysira.errors import SettingsError
from kysira.logs import configure
from kysira.settings import LogFormat

PROGRAM = """
import logging, sys
from kysira.logs import configure
from kysira.settings import LogFormat
configure(sys.argv[1], LogFormat(sys.argv[2]))
log = logging.getLogger("kysira.test")
log.debug("detail")
log.info("request_blocked path=%s", "/a\\nb\\r\\x1b[2J\\u2028c \\u00e9\\udcff")
logging.getLogger("aiohttp.access").info("noise")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("crashed")
"""


def logged(level: str, log_format: str) -> list[str]:
    """Return the lines that a program writes with these settings."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, level, log_format], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, b"")
    return done.stderr.decode("utf-8", "surrogateescape").splitlines()


def test_text_is_one_line_an_event() -> None:
    """Time in UTC, level, logger, message; control characters can't begin a line of their own."""
    lines = logged("info", "text")
    assert lines[0].endswith(r" path=/a\x0ab\x0d\x1b[2J\x2028c é\udcff")
    time, level, logger, event = lines[0].split(" ")[:4]
    assert time.endswith("Z")
    assert (level, logger, event) == ("INFO", "kysira.test", "request_blocked")
    assert lines[1].endswith("ERROR kysira.test crashed")
    assert lines[2].startswith("Traceback")


def test_json_is_one_object_an_event() -> None:
    """Every line is an object with time, level, logger and message; a traceback is inside."""
    rows = [json.loads(line) for line in logged("debug", "json")]
    assert rows[0]["message"] == "detail"
    assert rows[1]["message"] == "request_blocked path=/a\nb\r\x1b[2J\u2028c é\udcff"
    assert rows[1]["level"] == "info"
    assert "ZeroDivisionError" in rows[2]["traceback"]
    assert len(rows) == 3


def test_level_is_obeyed() -> None:
    """Nothing below the level is written."""
    assert [line.endswith("crashed") for line in logged("ERROR", "text")][0:2] == [True, False]


def test_unknown_level_is_named() -> None:
    """A level that does not exist is an error that lists those that do."""
    with pytest.raises(SettingsError, match="'loud' must be one of debug, info, warning, error"):
        configure("loud", LogFormat.TEXT)


FLOOD = """
import logging, os, sys
from kysira.logs import configure
from kysira.settings import LogFormat
configure("info", LogFormat.TEXT)
log = logging.getLogger("kysira.test")
for number in range(5000):
    log.info("line number=%d %s", number, "x" * 100)
print("done", flush=True)
sys.stdin.readline()
log.info("after")
"""


def test_full_pipe_is_not_waited_for() -> None:
    """Nobody reads stderr: the program goes on, and says later how many lines are lost."""
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", FLOOD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=writer, text=True,
    ) as program:  # fmt: skip
        os.close(writer)
        assert program.stdout
        assert program.stdin
        assert program.stdout.readline() == "done\n"
        with os.fdopen(reader) as stderr:
            first = stderr.readline()
            program.stdin.write("go on\n")
            program.stdin.flush()
            lines = [first, *stderr]
    kept = [line for line in lines if "line number=" in line and line.endswith("x\n")]
    lost = int(lines[-2].rpartition("count=")[2])
    assert lines[-1].endswith("after\n")
    assert 0 < len(kept) < 5000
    assert len(kept) + lost in (5000, 5001), "one may be cut off"
