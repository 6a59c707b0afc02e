"""The request that is scored, in each form."""

import io
import sys
from pathlib import Path

import pytest

from ctl.score.request import request_of_file, request_of_text
from kysira.errors import RequestError
from kysira.types import Request


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("GET /x?q=1", Request("GET", b"/x?q=1")),
        ("POST /x HTTP/1.1\na=1\nb", Request("POST", b"/x", body=b"a=1\nb")),
        ("1 OR 1=1", Request("", b"", body=b"1 OR 1=1", free_text=True)),
        ("GET me out of here", Request("", b"", body=b"GET me out of here", free_text=True)),
        ("", Request("", b"", free_text=True)),
        ("GET /\udcff", Request("GET", b"/\xff")),
    ],
)
def test_text_is_read_as_the_service_does(text: str, request_: Request) -> None:
    """A first line that is a request's is one, anything else is scored whole."""
    assert request_of_text(text) == request_


def test_text_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any bytes, without the line end that a shell adds."""
    data = io.TextIOWrapper(io.BytesIO(b"POST /x\na=\xff\n"))
    monkeypatch.setattr(sys, "stdin", data)
    assert request_of_text("-") == Request("POST", b"/x", body=b"a=\xff")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(RequestError, match="standard input is closed"):
        request_of_text("-")


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_file_is_a_request_as_it_is_sent(tmp_path: Path, end: bytes) -> None:
    """Line, headers in lower case, and the body as it is; with bare line ends too."""
    path = tmp_path / "request"
    head = [b"POST /a?b=%20 HTTP/1.1", b"Host: shop.example", b"X-A:  b c  ", b"Cookie: \xff=1"]
    path.write_bytes(end.join([*head, b"", b"\x00body\r\n\r\nmore"]))
    assert request_of_file(path) == Request(
        "POST", b"/a?b=%20",
        (("host", b"shop.example"), ("x-a", b"b c"), ("cookie", b"\xff=1")),
        b"\x00body\r\n\r\nmore",
    )  # fmt: skip


def test_file_body_ends_where_it_says(tmp_path: Path) -> None:
    """An editor's line end is not part of the body; a shorter body is taken as it is."""
    path = tmp_path / "request"
    path.write_bytes(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1\n")
    assert request_of_file(path).body == b"a=1"
    path.write_bytes(b"POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\na=1\n")
    assert request_of_file(path).body == b"a=1\n"
    path.write_bytes(b"GET / HTTP/1.1")
    assert request_of_file(path) == Request("GET", b"/")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "must begin with a line such as"),
        (b"hello\n\n", "must begin with a line such as"),
        (b"GET / HTTP/1.1\nno header\n\n", "line 2 is no header"),
        (b"GET / HTTP/1.1\na: b\n : c\n\n", "line 3 is no header"),
        (b"POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\n\n", "is in chunks"),
    ],
)
def test_file_error_says_what_to_do(tmp_path: Path, data: bytes, says: str) -> None:
    """One line that names the file."""
    path = tmp_path / "request"
    path.write_bytes(data)
    with pytest.raises(RequestError, match=says) as caught:
        request_of_file(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(RequestError, match="none: no such file"):
        request_of_file(tmp_path / "none")
    with pytest.raises(RequestError, match="is a directory"):
        request_of_file(tmp_path)
