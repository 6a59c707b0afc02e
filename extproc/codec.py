"""Between ext_proc messages and the guard's types; no state, no I/O.

Protocol: https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from extproc.proto import ext_proc_pb2 as pb
from kysira.policy import BLOCKED
from kysira.types import Action, Decision, Mode, Request

OWN_PREFIX = "x-kysira-"
MAX_REASON = 256
Headers = tuple[tuple[str, str], ...]
_SOURCE_ADDRESS = "source.address"
_ERRORS = {403: "forbidden", 413: "content_too_large", 503: "unavailable"}


class Phase(StrEnum):
    """The kind of message a reply belongs to; the values are the reply's field names."""

    REQUEST_HEADERS = "request_headers"
    RESPONSE_HEADERS = "response_headers"
    REQUEST_BODY = "request_body"
    RESPONSE_BODY = "response_body"
    REQUEST_TRAILERS = "request_trailers"
    RESPONSE_TRAILERS = "response_trailers"


def decode_head(message: pb.ProcessingRequest) -> Request:
    """Return the request without its body."""
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
        source_ip=next(filter(None, map(_source_ip, message.attributes.values())), ""),
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


def is_own(name: str) -> bool:
    """Return True for a header only Kysira may set, "_" for "-" too: CGI reads both as one."""
    return name.replace("_", "-").startswith(OWN_PREFIX)


def spoofed_headers(request: Request) -> list[str]:
    """Return the names of client-sent headers that must not reach the app."""
    return [name for name, _ in request.headers if "kysira" in name and is_own(name)]


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
    headers = verdict_headers(decision)
    return _reply(phase, spoofed_headers(request), headers, override=override, echo=echo)


def verdict_headers(decision: Decision) -> Headers:
    """Return the headers that tell the app; none for a request that was not scored."""
    if decision.score is None:
        return ()
    is_flagged = decision.action is Action.SHADOW_KILL
    return _told(decision.score, decision.reason, decision.mode, is_flagged)


@lru_cache(1024)
def _told(score: float, reason: str, mode: Mode, is_flagged: bool) -> Headers:
    headers = (
        ("x-kysira-score", f"{score:.4f}"),
        ("x-kysira-reason", header_text(reason)),
        ("x-kysira-mode", mode.value),
    )
    return (*headers, ("x-kysira-would-have-killed", "true")) if is_flagged else headers


def header_text(text: str) -> str:
    """Return printable ASCII: anything else makes Envoy answer 500."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:MAX_REASON])


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


def _encode_refusal(status: int, decision: Decision) -> bytes:
    body = {
        "error": _ERRORS.get(status, "refused"),
        "reason": decision.reason,
        "score": decision.score,
    }
    # Shown in Envoy's access log as %RESPONSE_CODE_DETAILS%.
    cause = decision.finding.detector if decision.finding and status == BLOCKED else body["error"]
    headers = [_set("content-type", "application/json")]
    if decision.score is not None:
        headers.append(_set("x-kysira-score", f"{decision.score:.4f}"))
    return pb.ProcessingResponse(
        immediate_response=pb.ImmediateResponse(
            status=pb.HttpStatus(code=status),
            headers=pb.HeaderMutation(set_headers=headers),
            body=json.dumps(body).encode(),
            details=f"kysira_{cause}".replace("-", "_"),
        )
    ).SerializeToString()
