"""Between ext_proc messages and the guard's types; no I/O, and no state but what is remembered.

Protocol: https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from extproc.headers import HeaderReader
from extproc.proto import ext_proc_pb2 as pb
from kysira.client_address import ClientAddress
from kysira.policy import BLOCKED
from kysira.replies import (
    EVENT_ID,
    Headers,
    error_name,
    refusal_body,
    refusal_headers,
    score_headers,
    spoofed_headers,
)
from kysira.types import Decision, Request

_SOURCE_ADDRESS = "source.address"
_PSEUDO = 4
"""Headers at the start that are looked at for the method and the path: HTTP has those before all
others, and each once (RFC 9113 §8.3)."""
_reader = HeaderReader()


class Phase(StrEnum):
    """The kind of message a reply belongs to; the values are the reply's field names."""

    REQUEST_HEADERS = "request_headers"
    RESPONSE_HEADERS = "response_headers"
    REQUEST_BODY = "request_body"
    RESPONSE_BODY = "response_body"
    REQUEST_TRAILERS = "request_trailers"
    RESPONSE_TRAILERS = "response_trailers"


_TRAILERS = (Phase.REQUEST_TRAILERS, Phase.RESPONSE_TRAILERS)
"""Too late for a header: nothing is told in replies to these."""


def decode_head(message: pb.ProcessingRequest, clients: ClientAddress) -> tuple[Request, list[str]]:
    """Return the request without its body, and the names of headers that must not reach the app.

    ``clients`` tells whose it is. Raises DecodeError.
    """
    # A slice is a plain list: its items come faster than protobuf's own iterator yields them.
    headers, new = _reader.read(message.request_headers.headers.headers[:])
    pseudo = dict(headers[:_PSEUDO])
    if ":method" not in pseudo or ":path" not in pseudo:
        pseudo = dict(headers)
    request = Request(
        pseudo.get(":method", b"").decode("utf-8", "replace"),
        pseudo.get(":path", b""),
        headers,
        source_ip=clients.of(_peer(message.attributes), headers),
    )
    return request, spoofed_headers(new)


def _peer(attributes: Mapping[str, bytes]) -> str:
    """Return the address that is connected to Envoy, "" when it does not tell."""
    for name in attributes:  # a view of the values costs twice as much
        if address := _source_ip(attributes[name]):
            return address
    return ""


@lru_cache(256)  # a connection's requests all come from one address
def _source_ip(attributes: bytes) -> str:
    try:
        fields = Struct.FromString(attributes).fields
    except DecodeError:
        return ""
    if _SOURCE_ADDRESS not in fields:
        return ""
    return fields[_SOURCE_ADDRESS].string_value.rpartition(":")[0].strip("[]")


def encode_continue(
    phase: Phase,
    *,
    remove: Iterable[str] = (),
    override: "pb.BodySendMode | None" = None,
    echo: "pb.HttpBody | None" = None,
) -> bytes:
    """Return a reply that lets the message pass.

    ``override`` asks for the body in that mode (headers only); ``echo`` hands a body chunk back,
    which FULL_DUPLEX_STREAMED expects.
    """
    names = tuple(remove)
    if names or echo is not None:  # a client chose these: nothing to remember
        return _build(phase, names, (), override, echo)
    return _build_once(phase, (), (), override)


def encode_decision(
    phase: Phase,
    decision: Decision,
    *,
    remove: Iterable[str] = (),
    override: "pb.BodySendMode | None" = None,
    echo: "pb.HttpBody | None" = None,
) -> bytes:
    """Return the reply that carries out the decision on the request.

    The rest is ``encode_continue``'s.
    """
    if decision.refuse_status is not None:
        return _encode_refusal(decision.refuse_status, decision)
    headers = score_headers(decision)
    event_id = decision.event_id if phase not in _TRAILERS else ""
    names = tuple(remove)
    if names or echo is not None:  # a client chose these: nothing to remember
        told = _build(phase, names, headers, override, echo)
        before, after = _around_event_id(phase, len(event_id))
        return b"".join((told, before, event_id.encode(), after))
    before, after = _told_around_event_id(phase, headers, override, len(event_id))
    return before + event_id.encode() + after


def _set(name: str, value: str) -> pb.HeaderValueOption:
    return pb.HeaderValueOption(
        header=pb.HeaderValue(key=name, raw_value=value.encode()),
        append_action=pb.OVERWRITE_IF_EXISTS_OR_ADD,
        keep_empty_value=True,
    )


def _build(
    phase: Phase,
    remove: tuple[str, ...],
    headers: Headers,
    override: "pb.BodySendMode | None" = None,
    echo: "pb.HttpBody | None" = None,
) -> bytes:
    mutation = pb.HeaderMutation(
        remove_headers=remove, set_headers=[_set(name, value) for name, value in headers]
    )
    response = pb.ProcessingResponse()
    part = getattr(response, phase.value)
    part.SetInParent()
    if phase in _TRAILERS:
        return response.SerializeToString()
    common = part.response
    common.header_mutation.CopyFrom(mutation)
    if echo is not None:
        common.body_mutation.streamed_response.body = echo.body
        common.body_mutation.streamed_response.end_of_stream = echo.end_of_stream
    if override is not None:
        response.mode_override.request_body_mode = override
    return response.SerializeToString()


_build_once = lru_cache(1024)(_build)
"""Most replies are alike, and building one takes longer than all else that is done with it."""


@lru_cache(64)
def _around_event_id(phase: Phase, length: int) -> tuple[bytes, bytes]:
    """Return what stands before and after an id of that length, put behind a reply.

    It adds the header with the id: messages merge when joined.
    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    if length == 0:
        return b"", b""
    stand_in = "0" * length
    before, _, after = _build(phase, (), ((EVENT_ID, stand_in),)).rpartition(stand_in.encode())
    return before, after


@lru_cache(1024)
def _told_around_event_id(
    phase: Phase, headers: Headers, override: "pb.BodySendMode | None", length: int
) -> tuple[bytes, bytes]:
    """Return the same with the reply before it: all but the id is alike for most requests."""
    before, after = _around_event_id(phase, length)
    return _build(phase, (), headers, override) + before, after


def _encode_refusal(status: int, decision: Decision) -> bytes:
    # Shown in Envoy's access log as %RESPONSE_CODE_DETAILS%.
    finding = decision.finding if status == BLOCKED else None
    cause = finding.detector if finding else error_name(status)
    headers = (("content-type", "application/json"), *refusal_headers(decision))
    return pb.ProcessingResponse(
        immediate_response=pb.ImmediateResponse(
            status=pb.HttpStatus(code=status),
            headers=pb.HeaderMutation(set_headers=[_set(name, value) for name, value in headers]),
            body=refusal_body(status, decision),
            details=f"kysira_{cause}".replace("-", "_"),
        )
    ).SerializeToString()
