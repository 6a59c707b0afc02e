"""Builds ext_proc messages as Envoy sends them."""

from extproc.proto import ext_proc_pb2 as pb


def headers(
    method: str = "GET",
    path: str = "/",
    *,
    end: bool = True,
    mode: "pb.BodySendMode" = pb.NONE,
    observed: bool = False,
    **more: str,
) -> pb.ProcessingRequest:
    """Return request_headers; keyword arguments are headers, "_" for "-"."""
    rows = {":method": method, ":scheme": "http", ":authority": "app", ":path": path}
    rows.update({name.replace("_", "-"): value for name, value in more.items()})
    return pb.ProcessingRequest(
        request_headers=pb.HttpHeaders(
            headers=pb.HeaderMap(
                headers=[
                    pb.HeaderValue(key=k, raw_value=v.encode()).SerializeToString()
                    for k, v in rows.items()
                ]
            ),
            end_of_stream=end,
        ),
        protocol_config=pb.ProtocolConfiguration(request_body_mode=mode),
        observability_mode=observed,
    )


def body(data: bytes, *, end: bool = True) -> pb.ProcessingRequest:
    """Return request_body."""
    return pb.ProcessingRequest(request_body=pb.HttpBody(body=data, end_of_stream=end))


def trailers() -> pb.ProcessingRequest:
    """Return request_trailers."""
    return pb.ProcessingRequest(request_trailers=pb.HttpTrailers())
