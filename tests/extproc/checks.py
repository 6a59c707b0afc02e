"""Builds ext_authz messages as Envoy sends them."""

from extproc.proto import ext_authz_pb2 as pb
from kysira.types import Action, Decision, Finding, Mode, Verdict

PASSED = Decision(Action.PASSED, Mode.SHADOW, score=0.0, event_id="0-1")
FLAGGED = Decision(
    Action.SHADOW_KILL, Mode.SHADOW, score=0.98765, reason="sqli:union_select", event_id="0-1"
)
KILLED = Decision(
    Action.ACTIVE_KILL, Mode.ACTIVE, score=0.9921, reason="sqli:union_select", refuse_status=403,
    verdict=Verdict(0.9921, "sqli:union_select", "sqli"),
    finding=Finding("sqli", 0.9921, "sqli:union_select", "query:q"), event_id="0-1",
)  # fmt: skip


def check(
    method: str = "GET",
    path: str = "/",
    *,
    body: bytes | None = None,
    partial: bool = False,
    as_bytes: bool = True,
    source: str = "192.0.2.7",
    **more: str | bytes,
) -> pb.CheckRequest:
    """Return a check; keyword arguments are headers, "_" for "-".

    ``body`` is what Envoy has buffered, None where it buffers nothing.
    """
    rows: dict[str, str | bytes] = {":method": method, ":path": path, ":authority": "app"}
    rows.update({name.replace("_", "-"): value for name, value in more.items()})
    if body is not None:
        rows["x-envoy-auth-partial-body"] = "true" if partial else "false"
    message = pb.CheckRequest()
    message.attributes.source.address.socket_address.address = source
    http = message.attributes.request.http
    http.method, http.path, http.host = method.encode(), path.encode(), b"app"
    for name, value in rows.items():
        data = value if isinstance(value, bytes) else value.encode()
        http.headers.append(pb.HeaderEntry(key=name.encode(), value=data))
    if as_bytes:
        http.raw_body = body or b""
    else:
        http.body = body or b""
    return message


def as_raw(message: pb.CheckRequest) -> pb.CheckRequest:
    """Return the same check as Envoy sends it with encode_raw_headers."""
    raw = pb.CheckRequest.FromString(message.SerializeToString())
    http = raw.attributes.request.http
    for entry in http.headers:
        http.header_map.headers.append(pb.RawHeader(key=entry.key, raw_value=entry.value))
    http.ClearField("headers")
    return raw
