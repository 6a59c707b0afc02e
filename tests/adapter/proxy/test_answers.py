"""Our own answers are whole HTTP messages that end their connection."""

import json

from adapter.proxy import answers


def test_answer_is_one_message() -> None:
    """With a length, the given headers, and no body for HEAD."""
    told = answers.answer(403, b"{}", [("X-A", "b")])
    assert told.startswith(
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nX-A: b\r\n"
    )
    assert b"\r\nContent-Length: 2\r\n" in told
    assert told.endswith(b"Connection: close\r\n\r\n{}")
    assert answers.answer(403, b"{}", [("X-A", "b")], is_head=True) == told[:-2]


def test_error_says_what_is_wrong() -> None:
    """As JSON, whatever the status."""
    for status, name in ((502, "bad_gateway"), (408, "request_timeout"), (400, "bad_request")):
        head, _, body = answers.error(status, 'it "is"').partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert json.loads(body) == {"error": name, "detail": 'it "is"'}
    assert answers.error(799, "x").startswith(b"HTTP/1.1 799 \r\n")
