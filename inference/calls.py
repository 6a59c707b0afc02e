"""Reads scoring calls: whatever a client sends becomes a request to score or a RequestError."""

import asyncio
import json
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kysira.errors import RequestError
from kysira.types import Request, ScoreOptions
from kysira.wire import request_from_json

_SHOWN = 300
"""Characters of an error that are shown: it may quote what the client sent."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How much a call may take."""

    most_bytes: int
    body_timeout_s: float = 10.0
    """Seconds in which its body must arrive."""


def call_limits(max_body_bytes: int) -> CallLimits:
    """Return limits under which a body fits: JSON escapes make one up to 6 times as long."""
    return CallLimits(8 * max_body_bytes + (1 << 20))


async def read_call(call: web.Request, limits: CallLimits) -> tuple[Request, ScoreOptions]:
    """Return what is to be scored; raises RequestError with the HTTP status to answer."""
    if not _is_json(call.headers.get("Content-Type", "application/json")):
        raise RequestError("send Content-Type: application/json", 415)
    if call.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError("send the body without Content-Encoding", 415)
    if (call.content_length or 0) > limits.most_bytes:
        raise _too_large(limits)
    try:
        return request_from_json(_parsed(await _body(call, limits)))
    except RequestError as error:
        raise RequestError(str(error)[:_SHOWN], error.status) from None


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")  # RFC 6839 §3.1


async def _body(call: web.Request, limits: CallLimits) -> bytes:
    try:
        # A timeout also ends a call with a broken chunk, which aiohttp waits on for ever.
        async with asyncio.timeout(limits.body_timeout_s):
            return await call.read()
    except TimeoutError:
        raise RequestError("the body did not arrive in time", 408) from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large(limits) from None
    except (web.RequestPayloadError, HttpProcessingError) as error:
        # The body was cut short, or one of its chunks is broken.
        raise RequestError(f"the body can't be read: {error!r}") from None


def _too_large(limits: CallLimits) -> RequestError:
    return RequestError(f"the body is over {limits.most_bytes} bytes", 413)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RequestError('the body must be JSON: {"request_text": "GET /path?query"}') from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON (RFC 8259 §6)")
