"""Between ext_proc messages and the guard's types; no state, no I/O.

Protocol: https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

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


class Phase(StrEnum):
    """The kind of message a reply belongs to; the values are the reply's field names."""

    REQUEST_HEADERS = "request_headers"
    RESPONSE_HEADERS = "response_headers"
    REQUEST_BODY = "request_body"
    RESPONSE_BODY = "response_body"
    REQUEST_TRAILERS = "request_trailers"
    RESPONSE_TRAILERS = "response_trailers"


def decode_head(message: pb.ProcessingRequest, clients: ClientAddress) -> Request:
    """Return the request without its body; ``clients`` tells whose it is."""
    # Envoy sends values in raw_value; value is for older versions.
    headers = tuple(
        [
            (header.key, header.raw_value or header.value.encode())
            for header in message.request_headers.headers.headers
        ]
    )
    pseudo = dict(headers)  # those that count here come once
    return Request(
        method=pseudo.get(":method", b"").decode("utf-8", "replace"),
        target=pseudo.get(":path", b""),
        headers=headers,
        source_ip=clients.of(
            next(filter(None, map(_source_ip, message.attributes.values())), ""), headers
        ),
    )


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
    return _reply(phase, remove, (), override=override, echo=echo)


def encode_decision(
    phase: Phase,
    request: Request,
    decision: Decision,
    *,
    override: "pb.BodySendMode | None" = None,
    echo: "pb.HttpBody | None" = None,
) -> bytes:
    """Return the reply that carries out the decision on the request.

    ``override`` and ``echo`` are ``encode_continue``'s.
    """
    if decision.refuse_status is not None:
        return _encode_refusal(decision.refuse_status, decision)
    headers = score_headers(decision)
    told = _reply(phase, spoofed_headers(request), headers, override=override, echo=echo)
    return told + _event_id(phase, decision.event_id)


def _set(name: str, value: str) -> pb.HeaderValueOption:
    return pb.HeaderValueOption(
        header=pb.HeaderValue(key=name, raw_value=value.encode()),
        append_action=pb.OVERWRITE_IF_EXISTS_OR_ADD,
        keep_empty_value=True,
    )


def _reply(
    phase: Phase,
    remove: Iterable[str],
    headers: Headers,
    *,
    override: "pb.BodySendMode | None",
    echo: "pb.HttpBody | None",
) -> bytes:
    names = tuple(remove)
    if names or echo is not None:  # a client chose these: nothing to remember
        return _build(phase, names, headers, override, echo)
    return _build_once(phase, (), headers, override)


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
    if phase in (Phase.REQUEST_TRAILERS, Phase.RESPONSE_TRAILERS):
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


def _event_id(phase: Phase, event_id: str) -> bytes:
    """Return what, put behind a reply, adds the header with the id: messages merge when joined.

    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    if not event_id:
        return b""
    before, after = _around_event_id(phase, len(event_id))
    return before + event_id.encode() + after


@lru_cache(64)
def _around_event_id(phase: Phase, length: int) -> tuple[bytes, bytes]:
    stand_in = "0" * length
    before, _, after = _build(phase, (), ((EVENT_ID, stand_in),)).partition(stand_in.encode())
    return before, after


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
