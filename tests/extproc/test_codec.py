"""Messages in and out, checked against Envoy's own API definitions."""

import json
import string

import pytest
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.service.ext_proc import v3 as envoy
from google.protobuf.struct_pb2 import Struct

from extproc import codec
from extproc.codec import Phase
from extproc.proto import ext_proc_pb2 as pb
from kysira.types import Action, Decision, Finding, Mode, Request, Verdict
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
    """Read a reply with Envoy's own field numbers."""
    return envoy.ProcessingResponse.parse(payload)


def test_decision_reads_as_envoys_message() -> None:
    """The headers of the API reference, overwriting, and keeping an empty value."""
    response = as_envoy(codec.encode_decision(Phase.REQUEST_HEADERS, Request("GET", b"/"), FLAGGED))
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
    response = as_envoy(codec.encode_decision(Phase.REQUEST_BODY, Request("GET", b"/"), KILLED))
    immediate = response.immediate_response
    assert immediate and immediate.status
    assert int(immediate.status.code) == 403
    assert json.loads(immediate.body) == {
        "error": "forbidden", "reason": "sqli:union_select", "score": 0.9921,
    }  # fmt: skip
    assert immediate.details == "kysira_sqli"


def test_override_reads_as_envoys_message() -> None:
    """mode_override carries the body mode under Envoy's number."""
    payload = codec.encode_continue(Phase.REQUEST_HEADERS, override=pb.BUFFERED_PARTIAL)
    override = as_envoy(payload).mode_override
    assert override
    assert override.request_body_mode.name == "BUFFERED_PARTIAL"


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
    request = codec.decode_head(ours)
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
        assert codec.decode_head(message).source_ip == expected


def test_unscored_request_carries_no_headers() -> None:
    """Nothing is claimed of a request that nobody scored."""
    assert codec.verdict_headers(Decision(Action.ERROR, Mode.SHADOW)) == ()


@pytest.mark.parametrize("text", ["a\r\nb", "é\x00", "x" * 1000, "\x7f\x1b[31m"])
def test_reason_is_safe_in_a_header(text: str) -> None:
    """Printable ASCII, bounded: anything else is a 500 of Envoy's."""
    cleaned = codec.header_text(text)
    assert len(cleaned) <= codec.MAX_REASON
    assert set(cleaned) <= set(string.printable) - set("\t\n\r\x0b\x0c")


@pytest.mark.parametrize("name", ["x-kysira-score", "x-kysira-anything", "x_kysira_score"])
def test_own_headers_are_known(name: str) -> None:
    """An underscore reads as a hyphen to every CGI-like server behind us."""
    assert codec.is_own(name)
