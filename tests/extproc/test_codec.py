"""Messages in and out, checked against Envoy's own API definitions."""

import json
from dataclasses import replace

import pytest
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.service.ext_proc import v3 as envoy
from google.protobuf.struct_pb2 import Struct

from extproc import codec
from extproc.codec import Phase
from extproc.proto import ext_proc_pb2 as pb
from kysira.client_address import BELIEVE_NOBODY, ClientAddress, read_networks
from kysira.replies import verdict_headers
from kysira.types import Action, Decision, Finding, Mode, Verdict
from tests.extproc.conversation import headers

FLAGGED = Decision(
    Action.SHADOW_KILL, Mode.SHADOW, score=0.98765, reason="sqli:union_select",
    verdict=Verdict(0.98765, "", "sqli", findings=(Finding("sqli", 0.98765, "", ""),)),
)  # fmt: skip
KILLED = Decision(
    Action.ACTIVE_KILL, Mode.ACTIVE, score=0.9921, reason="sqli:union_select", refuse_status=403,
    verdict=Verdict(0.9921, "sqli:union_select", "sqli"),
    finding=Finding("sqli", 0.9921, "sqli:union_select", "query:q"),
)  # fmt: skip


def as_envoy(payload: bytes) -> envoy.ProcessingResponse:
    """Read a reply with Envoy's own field numbers.

    Parts of one message are merged first, as Google's library does, which Envoy is built with.
    """
    whole = pb.ProcessingResponse.FromString(payload).SerializeToString()
    return envoy.ProcessingResponse.parse(whole)


def test_decision_reads_as_envoys_message() -> None:
    """The headers of the API reference, overwriting, and keeping an empty value."""
    response = as_envoy(codec.encode_decision(Phase.REQUEST_HEADERS, FLAGGED))
    assert response.request_headers and response.request_headers.response
    mutation = response.request_headers.response.header_mutation
    assert mutation
    sent = {option.header.key: option.header.raw_value for option in mutation.set_headers}
    assert sent == {
        "x-kysira-score": b"0.9877",
        "x-kysira-reason": b"sqli:union_select",
        "x-kysira-mode": b"shadow",
        "x-kysira-would-have-killed": b"true",
    }
    assert {int(option.append_action) for option in mutation.set_headers} == {2}
    assert all(option.keep_empty_value for option in mutation.set_headers)


def test_refusal_reads_as_envoys_message() -> None:
    """403 with the API reference's JSON, and details for the access log."""
    response = as_envoy(codec.encode_decision(Phase.REQUEST_BODY, KILLED))
    immediate = response.immediate_response
    assert immediate and immediate.status
    assert int(immediate.status.code) == 403
    assert json.loads(immediate.body) == {
        "error": "forbidden", "reason": "sqli:union_select", "score": 0.9921,
    }  # fmt: skip
    assert immediate.details == "kysira_sqli"
    assert immediate.headers
    sent = {row.header.key: row.header.raw_value for row in immediate.headers.set_headers}
    assert sent == {
        "content-type": b"application/json",
        "x-kysira-killed": b"true",
        "x-kysira-score": b"0.9921",
    }  # fmt: skip


def test_override_reads_as_envoys_message() -> None:
    """mode_override carries the body mode under Envoy's number."""
    payload = codec.encode_continue(Phase.REQUEST_HEADERS, override=pb.BUFFERED_PARTIAL)
    override = as_envoy(payload).mode_override
    assert override
    assert override.request_body_mode.name == "BUFFERED_PARTIAL"


def test_pseudo_headers_may_come_anywhere() -> None:
    """Method and path are found behind other headers too, and one of them may be missing."""
    rows = [(f"x-{number}", b"v") for number in range(6)]
    for pseudo in ([(":path", b"/a")], [(":path", b"/a"), (":method", b"PUT")]):
        sent = [*rows, *pseudo]
        message = pb.ProcessingRequest()
        for name, value in sent:
            row = pb.HeaderValue(key=name, raw_value=value).SerializeToString()
            message.request_headers.headers.headers.append(row)
        request, _ = codec.decode_head(message, BELIEVE_NOBODY)
        assert request.method == dict(sent).get(":method", b"").decode()
        assert (request.target, request.headers) == (b"/a", tuple(sent))


def test_spoofed_headers_are_named_every_time() -> None:
    """Also when the very same request has come before."""
    for _ in range(3):
        message = headers(x_kysira_score="0", accept="*/*")
        assert codec.decode_head(message, BELIEVE_NOBODY)[1] == ["x-kysira-score"]


def test_envoys_request_is_read() -> None:
    """A message that Envoy's definitions wrote decodes to the request it describes."""
    rows = {":method": b"POST", ":path": b"/a?b=%27", "cookie": b"a=\xff"}
    message = envoy.ProcessingRequest(
        request_headers=envoy.HttpHeaders(
            headers=core.HeaderMap(
                headers=[core.HeaderValue(key=k, raw_value=v) for k, v in rows.items()]
            ),
            end_of_stream=True,
        )
    )
    ours = pb.ProcessingRequest.FromString(bytes(message))
    request, _ = codec.decode_head(ours, BELIEVE_NOBODY)
    assert (request.method, request.target) == ("POST", b"/a?b=%27")
    assert request.header("cookie") == b"a=\xff"
    assert ours.request_headers.end_of_stream


def test_source_address_is_read() -> None:
    """request_attributes' source.address is the peer, without its port."""
    for address, expected in (("10.0.0.9:5123", "10.0.0.9"), ("[fd00::1]:80", "fd00::1")):
        message = headers()
        attributes = Struct()
        attributes["source.address"] = address
        message.attributes["broken"] = b"\xff"
        message.attributes["envoy.filters.http.ext_proc"] = attributes.SerializeToString()
        assert codec.decode_head(message, BELIEVE_NOBODY)[0].source_ip == expected


def test_trusted_proxy_names_the_client() -> None:
    """Behind a trusted proxy the client is whom its header names."""
    message = headers(**{"x-forwarded-for": "192.0.2.7"})
    attributes = Struct()
    attributes["source.address"] = "10.0.0.9:5123"
    message.attributes["envoy.filters.http.ext_proc"] = attributes.SerializeToString()
    clients = ClientAddress(read_networks("10.0.0.0/8"))
    assert codec.decode_head(message, clients)[0].source_ip == "192.0.2.7"


@pytest.mark.parametrize("phase", [Phase.REQUEST_HEADERS, Phase.REQUEST_BODY])
def test_event_id_is_told(phase: Phase) -> None:
    """The reply that Envoy reads holds the event's id beside the other headers, once."""
    told = replace(FLAGGED, event_id="019ac1d2-0000-7000-8000-00000000abcd")
    for each in (told, replace(told, score=None, event_id="0-1")):
        response = as_envoy(codec.encode_decision(phase, each))
        part = response.request_headers or response.request_body
        assert part and part.response and part.response.header_mutation
        options = part.response.header_mutation.set_headers
        sent = [(option.header.key, option.header.raw_value) for option in options]
        wanted = [(name, value.encode()) for name, value in verdict_headers(each)]
        assert sent == wanted
        assert sent[-1] == ("x-kysira-event-id", each.event_id.encode())


def test_reply_to_trailers_is_whole() -> None:
    """It can set no header, and must still be a message when the decision has an event's id."""
    told = replace(FLAGGED, event_id="019ac1d2-0000-7000-8000-00000000abcd")
    for remove in ((), ("x-kysira-score",)):
        payload = codec.encode_decision(Phase.REQUEST_TRAILERS, told, remove=remove)
        assert payload == codec.encode_continue(Phase.REQUEST_TRAILERS)
        assert as_envoy(payload).request_trailers is not None


@pytest.mark.parametrize("length", [1, 2, 36, 48])
def test_event_id_of_any_length_is_told(length: int) -> None:
    """Also one that is as long as a digit's code."""
    payload = codec.encode_decision(Phase.REQUEST_HEADERS, replace(FLAGGED, event_id="7" * length))
    part = as_envoy(payload).request_headers
    assert part and part.response and part.response.header_mutation
    last = part.response.header_mutation.set_headers[-1].header
    assert (last.key, last.raw_value) == ("x-kysira-event-id", b"7" * length)


def test_event_id_keeps_the_rest_of_the_reply() -> None:
    """Headers to remove and the override are still asked for when the id is added."""
    told = replace(FLAGGED, event_id="0-1")
    payload = codec.encode_decision(
        Phase.REQUEST_HEADERS, told, remove=["x-kysira-score"], override=pb.STREAMED
    )
    response = as_envoy(payload)
    assert response.request_headers and response.request_headers.response
    mutation = response.request_headers.response.header_mutation
    assert mutation
    assert mutation.remove_headers == ["x-kysira-score"]
    assert len(mutation.set_headers) == 5
    assert response.mode_override
    assert response.mode_override.request_body_mode.name == "STREAMED"
