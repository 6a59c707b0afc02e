"""Checks in and answers out, checked against Envoy's own API definitions."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.service.auth import v3 as envoy
from hypothesis import given
from hypothesis import strategies as st

from extproc.codec import Phase, encode_decision
from extproc.ext_authz_codec import decode, encode
from extproc.proto import ext_authz_pb2 as pb
from extproc.proto import ext_proc_pb2
from kysira.client_address import BELIEVE_NOBODY, ClientAddress, read_networks
from kysira.replies import is_own, refusal_body, verdict_headers
from kysira.routes import head_of
from kysira.types import Action, Decision, Mode, Request, Uninspected
from tests.extproc.checks import FLAGGED, KILLED, PASSED, as_raw, check

REQUEST = Request("GET", b"/")
Shape = Callable[[pb.CheckRequest], pb.CheckRequest]
PARTIAL = "x-envoy-auth-partial-body"


def as_envoy(payload: bytes) -> envoy.CheckResponse:
    """Read an answer with Envoy's own field numbers.

    Parts of one message are merged first, as Google's library does, which Envoy is built with.
    """
    whole = pb.CheckResponse.FromString(payload).SerializeToString()
    return envoy.CheckResponse.parse(whole)


def accepted(payload: bytes) -> envoy.OkHttpResponse:
    """Return the answer that lets the request pass."""
    response = as_envoy(payload)
    assert response.status is not None
    assert response.status.code == 0
    assert response.ok_response
    return response.ok_response


def rows(headers: list[core.HeaderValueOption]) -> list[tuple[str, str]]:
    """Return names and values."""
    return [(option.header.key, option.header.value) for option in headers if option.header]


def as_map(message: pb.CheckRequest) -> pb.CheckRequest:
    """Return the check as it is."""
    return message


def test_envoys_check_is_read() -> None:
    """A message that Envoy's definitions wrote decodes to the request it describes."""
    message = envoy.CheckRequest(
        attributes=envoy.AttributeContext(
            source=envoy.AttributeContextPeer(
                address=core.Address(
                    socket_address=core.SocketAddress(address="fd00::1", port_value=4711)
                ),
                principal="spiffe://somebody",
            ),
            request=envoy.AttributeContextRequest(
                http=envoy.AttributeContextHttpRequest(
                    method="POST", path="/a?b=%27", host="app", protocol="HTTP/2", size=3,
                    headers={":method": "POST", ":path": "/a?b=%27", "cookie": "a=1"},
                    raw_body=b"a=\xff",
                )
            ),
            context_extensions={"x": "y"},
        )
    )  # fmt: skip
    request = decode(pb.CheckRequest.FromString(bytes(message)), BELIEVE_NOBODY).request
    assert (request.method, request.target, request.body) == ("POST", b"/a?b=%27", b"a=\xff")
    assert request.header("cookie") == b"a=1"
    assert request.source_ip == "fd00::1"


def test_envoys_raw_headers_are_read() -> None:
    """encode_raw_headers keeps every header apart, byte for byte and in order."""
    sent = [(":method", b"GET"), ("x-a", b"2"), ("x-a", b"1"), ("x-name", b"Andr\xe9")]
    message = envoy.CheckRequest(
        attributes=envoy.AttributeContext(
            request=envoy.AttributeContextRequest(
                http=envoy.AttributeContextHttpRequest(
                    header_map=core.HeaderMap(
                        headers=[core.HeaderValue(key=k, raw_value=v) for k, v in sent]
                    )
                )
            )
        )
    )
    request = decode(pb.CheckRequest.FromString(bytes(message)), BELIEVE_NOBODY).request
    assert request.headers == tuple(sent)


@pytest.mark.parametrize("shape", [as_map, as_raw])
def test_text_that_is_no_utf8_is_read(shape: Shape) -> None:
    """Wherever a client can put it, a byte that is no UTF-8 is no error."""
    message = check("POST", x_name=b"Andr\xe9", body=b"a=\xff", as_bytes=False)
    http = message.attributes.request.http
    http.method, http.path, http.host = b"P\xff", b"/\xff?q=\xfe", b"\xff"
    http.headers.append(pb.HeaderEntry(key=b"x-\xff", value=b"\xff"))
    read = decode(
        pb.CheckRequest.FromString(shape(message).SerializeToString()), BELIEVE_NOBODY
    ).request
    assert (read.target, read.body) == (b"/\xff?q=\xfe", b"a=\xff")
    assert read.header("x-name") == b"Andr\xe9"


def test_order_of_a_map_is_settled() -> None:
    """A map's entries come in any order; the request is the same."""
    message, other = check(b="1", a="2"), check(a="2", b="1")
    assert decode(message, BELIEVE_NOBODY) == decode(other, BELIEVE_NOBODY)


def test_host_is_known_without_its_header() -> None:
    """An Envoy that sends us some headers only still says the host."""
    message = check()
    del message.attributes.request.http.headers[:]
    assert decode(message, BELIEVE_NOBODY).request.header(":authority") == b"app"


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize("shape", [as_map, as_raw])
def test_body_is_read(shape: Shape, as_bytes: bool) -> None:
    """PackAsBytes or not; what Envoy says of the body is no header of the client's."""
    for partial in (False, True):
        message = check("POST", body=b"a=1", partial=partial, as_bytes=as_bytes)
        seen = decode(shape(message), BELIEVE_NOBODY)
        assert (seen.request.body, seen.request.body_truncated) == (b"a=1", partial)
        assert seen.unread is None
        assert PARTIAL not in dict(seen.request.headers)


def test_shorter_than_declared_is_cut() -> None:
    """Envoy asks when its buffer is full, and then says that nothing is missing."""
    for declared, is_cut in (("3", False), ("4", True)):
        seen = decode(check("POST", body=b"a=1", content_length=declared), BELIEVE_NOBODY)
        assert seen.request.body_truncated is is_cut
        assert not seen.may_be_cut
    assert decode(check("POST", body=b"a=1"), BELIEVE_NOBODY).may_be_cut


def test_bytes_win_over_text() -> None:
    """Of two bodies the one that has not been through a charset counts."""
    message = check("POST", body=b"a=\xff")
    message.attributes.request.http.body = b"a=!"
    assert decode(message, BELIEVE_NOBODY).request.body == b"a=\xff"


MISSING = [
    (check("POST", content_length="5"), Uninspected.ERROR),
    (check("GET", content_length="5"), Uninspected.ERROR),
    (check("POST"), Uninspected.ERROR),  # chunked: Envoy does not tell
    (check("PROPFIND"), Uninspected.ERROR),
    (check("POST", content_type="application/grpc", te="trailers"), Uninspected.ERROR),
    (check("POST", content_length="0"), None),
    (check("POST", body=b""), None),
    (check("GET"), None),
    (check("DELETE"), None),
    (check("GET", upgrade="websocket", connection="Upgrade"), Uninspected.UPGRADE),
    (check("CONNECT"), Uninspected.UPGRADE),
    (check("POST", upgrade="websocket", content_length="5"), Uninspected.ERROR),
    (
        check("POST", content_type="application/grpc", te="trailers", body=b"\x01\0\0\0\1x"),
        Uninspected.ENCODING,
    ),
    (check("POST", content_type="application/grpc", te="trailers", body=b"\0\0\0\0\1x"), None),
]


@pytest.mark.parametrize(("message", "why"), MISSING)
@pytest.mark.parametrize("shape", [as_map, as_raw])
def test_what_did_not_come_is_told(
    message: pb.CheckRequest, why: Uninspected | None, shape: Shape
) -> None:
    """A body that Envoy does not send, and bytes that are nobody's to read, are never silent."""
    assert decode(shape(message), BELIEVE_NOBODY).unread is why


def test_request_with_a_body_is_known() -> None:
    """Also where it has not come, and not where there is none."""
    for message, has_body in (
        (check("POST", body=b"a=1", partial=True), True),
        (check("POST", content_length="5"), True),
        (check("POST"), True),
        (check("POST", body=b""), False),
        (check("GET"), False),
        (check("GET", upgrade="websocket"), False),
    ):
        assert decode(message, BELIEVE_NOBODY).has_body is has_body


def test_trusted_proxy_names_the_client() -> None:
    """Behind a trusted proxy the client is whom its header names; Envoy adds the proxy itself."""
    message = check(source="10.0.0.9", x_forwarded_for="192.0.2.7,10.0.0.9")
    clients = ClientAddress(read_networks("10.0.0.0/8"))
    assert decode(message, clients).request.source_ip == "192.0.2.7"
    assert decode(message, BELIEVE_NOBODY).request.source_ip == "10.0.0.9"


def test_empty_check_is_a_request() -> None:
    """Envoy's network filter asks about connections: nothing to read, nothing to fail on."""
    assert decode(pb.CheckRequest(), BELIEVE_NOBODY).request == Request("", b"")


def test_decision_reads_as_envoys_message() -> None:
    """The headers of the API reference, overwriting, and keeping an empty value."""
    answer = accepted(encode(REQUEST, FLAGGED))
    assert rows(answer.headers) == [
        ("x-kysira-score", "0.9877"),
        ("x-kysira-reason", "sqli:union_select"),
        ("x-kysira-mode", "shadow"),
        ("x-kysira-would-have-killed", "true"),
        ("x-kysira-event-id", "0-1"),
    ]
    assert {int(row.append_action) for row in answer.headers} == {2}
    assert all(row.keep_empty_value for row in answer.headers)


@pytest.mark.parametrize(
    "decision", [PASSED, FLAGGED, replace(PASSED, score=None), replace(PASSED, event_id="")]
)
def test_app_is_told_what_it_is_told_anywhere(decision: Decision) -> None:
    """The same headers as every front-end's, and nothing where there is nothing to tell."""
    rows = [
        (row.header.key, row.header.value)
        for row in accepted(encode(REQUEST, decision)).headers
        if row.header
    ]
    assert rows == list(verdict_headers(decision))


def test_spoofed_headers_are_removed() -> None:
    """In any spelling; but not those that are set, since Envoy removes last."""
    names = ("x-kysira-score", "x_kysira_score", "x-kysira-would-have-killed", "x-kysira-killed")
    request = Request("GET", b"/", tuple((name, b"0") for name in names))
    expected = ["x_kysira_score", "x-kysira-would-have-killed", "x-kysira-killed", PARTIAL]
    assert accepted(encode(request, PASSED)).headers_to_remove == expected
    unscored = replace(PASSED, score=None, event_id="")
    assert accepted(encode(request, unscored)).headers_to_remove == [*names, PARTIAL]
    mine = Request("GET", b"/", (("x-kysira-event-id", b"mine"),))
    assert accepted(encode(mine, PASSED)).headers_to_remove == [PARTIAL]
    assert accepted(encode(mine, unscored)).headers_to_remove == ["x-kysira-event-id", PARTIAL]


def test_header_that_we_never_see_is_removed() -> None:
    """Envoy keeps a client's x-envoy-auth-partial-body from us: the app must not get it either."""
    assert accepted(encode(REQUEST, PASSED)).headers_to_remove == [PARTIAL]


def test_refusal_reads_as_envoys_message() -> None:
    """403 with the API reference's JSON and headers."""
    response = as_envoy(encode(REQUEST, KILLED))
    denied = response.denied_response
    assert response.status
    assert response.status.code == 7
    assert denied
    assert denied.status
    assert int(denied.status.code) == 403
    assert json.loads(denied.body) == {
        "error": "forbidden", "reason": "sqli:union_select", "score": 0.9921,
    }  # fmt: skip
    assert rows(denied.headers) == [
        ("content-type", "application/json"),
        ("x-kysira-killed", "true"),
        ("x-kysira-score", "0.9921"),
        ("x-kysira-event-id", "0-1"),
    ]


@pytest.mark.parametrize("status", [403, 413, 503])
def test_every_refusal_is_carried_out(status: int) -> None:
    """Too large and unavailable, too, each with its own JSON; any reason fits into a message."""
    action = Action.ERROR if status == 503 else Action.ACTIVE_KILL
    refused = Decision(action, Mode.ACTIVE, reason="\udcff\x00é" * 999, refuse_status=status)
    denied = as_envoy(encode(REQUEST, refused)).denied_response
    assert denied
    assert denied.status
    assert int(denied.status.code) == status
    assert denied.body.encode() == refusal_body(status, refused)


@pytest.mark.parametrize("status", [403, 413, 503])
def test_refusal_is_that_of_ext_proc(status: int) -> None:
    """A client can't tell by which of the two protocols it was refused."""
    killed = replace(KILLED, refuse_status=status)
    ours = pb.CheckResponse.FromString(encode(REQUEST, killed)).denied_response
    told = encode_decision(Phase.REQUEST_HEADERS, killed)
    theirs = ext_proc_pb2.ProcessingResponse.FromString(told).immediate_response
    assert (ours.status.code, ours.body.encode()) == (theirs.status.code, theirs.body)
    assert [(row.header.key, row.header.value.encode()) for row in ours.headers] == [
        (row.header.key, row.header.raw_value) for row in theirs.headers.set_headers
    ]


KNOWN = [
    b"content-length", PARTIAL.encode(), b"true", b"host", b":authority", b"upgrade", b"POST",
    b"GET", b"12", b"9" * 30, b"-1", b"x-kysira-score", b"X_KYSIRA-reason", b"te", b"trailers",
    b"x-forwarded-for", b"192.0.2.1", b"content-type", b"application/grpc", b"\xff",
]  # fmt: skip
WORD = st.one_of(st.sampled_from(KNOWN), st.binary(max_size=20))
ROWS = st.lists(st.tuples(WORD, WORD), max_size=5)
TRUSTING = ClientAddress(read_networks("0.0.0.0/0"))


@given(st.tuples(WORD, WORD, WORD, WORD, WORD), ROWS, ROWS, st.text(max_size=10))
def test_any_check_is_read_and_answered(
    line: tuple[bytes, bytes, bytes, bytes, bytes],
    headers: list[tuple[bytes, bytes]],
    raw: list[tuple[bytes, bytes]],
    source: str,
) -> None:
    """Whatever its parts hold, in either shape or in both; only Envoy's own names are removed."""
    message = pb.CheckRequest()
    message.attributes.source.address.socket_address.address = source
    http = message.attributes.request.http
    http.method, http.path, http.host, http.body, http.raw_body = line
    http.headers.extend([pb.HeaderEntry(key=key, value=value) for key, value in headers])
    http.header_map.headers.extend([pb.RawHeader(key=key, raw_value=value) for key, value in raw])
    found = decode(pb.CheckRequest.FromString(message.SerializeToString()), TRUSTING)
    assert head_of(found.request).hosts
    for decision in (PASSED, FLAGGED, KILLED):
        answer = pb.CheckResponse.FromString(encode(found.request, decision))
        assert (answer.status.code == 0) is not decision.is_refused
        removed = answer.ok_response.headers_to_remove
        assert all(name == PARTIAL or is_own(name) for name in removed)


def test_empty_check_is_answered() -> None:
    """A message without attributes is of a request without line and headers."""
    found = decode(pb.CheckRequest(), BELIEVE_NOBODY)
    assert (found.request.method, found.request.target) == ("", b"")
    assert pb.CheckResponse.FromString(encode(found.request, PASSED)).status.code == 0
