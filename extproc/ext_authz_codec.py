"""Between ext_authz messages and the guard's types; no state, no I/O.

Protocol: https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from extproc.processor import is_grpc, is_upgrade
from extproc.proto import ext_authz_pb2 as pb
from kysira.client_address import ClientAddress
from kysira.replies import (
    EVENT_ID,
    Headers,
    refusal_body,
    refusal_headers,
    score_headers,
    spoofed_headers,
)
from kysira.types import Decision, Request, Uninspected

PARTIAL = "x-envoy-auth-partial-body"
"""What Envoy adds to a check that has a body. One that a client sends is kept from us, but not from
the app: every answer removes it, or it would be a place that nobody reads."""
PERMISSION_DENIED = 7
"""Of google.rpc.Code: anything but OK denies; what the client gets is said beside it."""
_COMPRESSED = b"\x01"
"""The first byte of a gRPC message in the call's own compression."""
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""Methods whose requests have no body unless they declare its length."""


@dataclass(frozen=True, slots=True)
class Check:
    """One request that Envoy asks about."""

    request: Request
    unread: Uninspected | None = None
    """Why what the request holds beside its head has not come, or can't be read."""
    is_cut_by_envoy: bool = False
    """True when Envoy says so: the body is as long as it ever sends one."""
    may_be_cut: bool = False
    """True when nothing says how long the whole body is."""
    has_body: bool = False
    """True when a body has come, or is known to be there."""

    def cut(self) -> "Check":
        """Return the check of the same request, told that its body goes on."""
        return replace(self, request=replace(self.request, body_truncated=True))


def decode(message: pb.CheckRequest, clients: ClientAddress) -> Check:
    """Return what Envoy asks about; ``clients`` tells whose request it is."""
    http = message.attributes.request.http
    headers, partial = _headers(http)
    body = http.raw_body or http.body
    length = next((value for name, value in headers if name == "content-length"), b"")
    is_cut = partial == b"true" or (length.isdigit() and int(length[:18]) > len(body))
    is_sent = bool(body) or partial is not None
    request = Request(
        method=http.method.decode("utf-8", "replace"),
        target=http.path,
        headers=headers,
        body=body,
        body_truncated=is_sent and is_cut,
        source_ip=clients.of(message.attributes.source.address.socket_address.address, headers),
    )
    unread = _unread_of_body(request) if is_sent else _unread_without_body(request, length)
    return Check(
        request, unread,
        is_cut_by_envoy=partial == b"true",
        may_be_cut=is_sent and not is_cut and not length,
        has_body=bool(body) or unread is Uninspected.ERROR,
    )  # fmt: skip


def _headers(http: pb.HttpRequest) -> tuple[tuple[tuple[str, bytes], ...], bytes | None]:
    """Return the client's headers, and what Envoy says of the body, None where it has sent none."""
    if http.header_map.headers:
        raw = http.header_map.headers
        rows = [(row.key.decode("latin-1"), row.raw_value or row.value) for row in raw]
    else:  # a map of C++: its order is none
        rows = sorted([(row.key.decode("latin-1"), row.value) for row in http.headers])
    if http.host and not any(name in (":authority", "host") for name, _ in rows):
        rows.append((":authority", http.host))  # an Envoy may be told to send some headers only
    said = [value for name, value in rows if name == PARTIAL]
    if not said:
        return tuple(rows), None
    return tuple([row for row in rows if row[0] != PARTIAL]), said[-1]  # Envoy adds its own last


def _unread_of_body(request: Request) -> Uninspected | None:
    is_packed = is_grpc(request) and request.body.startswith(_COMPRESSED)
    return Uninspected.ENCODING if is_packed else None


def _unread_without_body(request: Request, length: bytes) -> Uninspected | None:
    """Return why there is no body: none was to come, or Envoy is not told to send any."""
    if is_upgrade(request):
        return Uninspected.UPGRADE
    if length:
        return None if length.strip(b"0") == b"" else Uninspected.ERROR
    # Envoy does not pass on that a body comes in chunks.
    return None if request.method in _BODILESS else Uninspected.ERROR


def encode(request: Request, decision: Decision) -> bytes:
    """Return the answer that carries out the decision on the request."""
    if decision.refuse_status is not None:
        return _encode_refusal(decision.refuse_status, decision)
    headers = score_headers(decision)
    spoofed = spoofed_headers(request.headers)
    if not spoofed:
        return _build_once(headers, (PARTIAL,)) + _event_id(decision.event_id)
    # Envoy sets first and removes last: what is both would be gone.
    told = {name for name, _ in headers} | ({EVENT_ID} if decision.event_id else set())
    remove = tuple([name for name in dict.fromkeys(spoofed) if name not in told])
    return _build(headers, (*remove, PARTIAL)) + _event_id(decision.event_id)


def _set(name: str, value: str) -> pb.HeaderValueOption:
    return pb.HeaderValueOption(
        header=pb.HeaderValue(key=name, value=value),
        append_action=pb.OVERWRITE_IF_EXISTS_OR_ADD,
        keep_empty_value=True,
    )


def _build(headers: Headers, remove: tuple[str, ...]) -> bytes:
    response = pb.CheckResponse(
        ok_response=pb.OkHttpResponse(
            headers=[_set(name, value) for name, value in headers], headers_to_remove=remove
        )
    )
    response.status.SetInParent()
    return response.SerializeToString()


_build_once = lru_cache(1024)(_build)
"""Most answers are alike, and building one takes longer than all else that is done with it."""


def _event_id(event_id: str) -> bytes:
    """Return what, put behind an answer, adds the header with the id: messages merge when joined.

    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    if not event_id:
        return b""
    before, after = _around_event_id(len(event_id))
    return before + event_id.encode() + after


@lru_cache(64)
def _around_event_id(length: int) -> tuple[bytes, bytes]:
    stand_in = "0" * length
    before, _, after = _build(((EVENT_ID, stand_in),), ()).rpartition(stand_in.encode())
    return before, after


def _encode_refusal(status: int, decision: Decision) -> bytes:
    headers = (("content-type", "application/json"), *refusal_headers(decision))
    return pb.CheckResponse(
        status=pb.Status(code=PERMISSION_DENIED),
        denied_response=pb.DeniedHttpResponse(
            status=pb.HttpStatus(code=status),
            headers=[_set(name, value) for name, value in headers],
            body=refusal_body(status, decision).decode(),
        ),
    ).SerializeToString()
