"""The state machine of one ext_proc stream: messages in, commands out. No I/O, no clock.

Exactly one reply goes out for each message: Envoy lets a request through unchecked when the server
closes the stream cleanly without one. Body modes, measured on Envoy 1.40:

- static NONE: the reply to the headers asks for BUFFERED_PARTIAL; for gRPC, which may have no end
  and would hang, for STREAMED: the head is decided at once and every chunk as it comes;
- an upgrade's bytes are nobody's to read: the head is decided and the stream closed;
- static BUFFERED, BUFFERED_PARTIAL: the body comes in one message;
- static STREAMED, FULL_DUPLEX_STREAMED: the body comes in chunks, and the verdict falls when the
  body ends or the inspection limit is reached.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import NamedTuple

from extproc.codec import Phase, decode_head, encode_continue, encode_decision
from extproc.proto import ext_proc_pb2 as pb
from kysira.client_address import BELIEVE_NOBODY, ClientAddress
from kysira.policy import Policy, Snapshot
from kysira.types import Decision, Mode, Request, Uninspected


class Reply(NamedTuple):
    """Send this; ``is_last`` closes the stream, so that Envoy waits for nothing more."""

    payload: bytes
    is_last: bool = False


class Score(NamedTuple):
    """Have the guard check this request, then call ``decided``."""

    request: Request
    unread: Uninspected | None = None


class ScoreHead(NamedTuple):
    """Have the guard check line and headers, then call ``head_decided``."""

    request: Request


class ScoreChunk(NamedTuple):
    """Have the guard check one more piece of an accepted request, then call ``chunk_decided``."""

    head: Request
    piece: Request


class Nothing(NamedTuple):
    """Send nothing: an observed message expects no reply."""

    is_last: bool = False


Command = Reply | Score | ScoreHead | ScoreChunk | Nothing


class State(Enum):
    """What the stream waits for."""

    HEADERS = auto()
    BODY = auto()
    MESSAGES = auto()
    DONE = auto()


_OVERLAP = 1024
"""Bytes of a stream that are read again with the next chunk: a client chooses where chunks end."""
_MIN_CUT_BYTES = 16384
"""A buffered body that is shorter has not outgrown Envoy's buffer: trailers follow it."""
_COMPRESSED = 1
"""The first byte of a gRPC message in the call's own compression."""

_NO_REQUEST = Request("", b"")
_NO_SNAPSHOT = Snapshot(Policy(), Mode.SHADOW)
_PHASES = {phase.value: phase for phase in Phase}
_CHUNKED = (pb.STREAMED, pb.FULL_DUPLEX_STREAMED)


class Processor:
    """Follows one request through one stream."""

    # What a new one starts with stands here: most requests need little of their own.
    snapshot = _NO_SNAPSHOT
    """What the request is decided by, once its headers have come."""
    left_unread: Uninspected | None = None
    """Why a stream that was let pass has not been read whole."""
    _limit = 0
    _state = State.HEADERS
    _phase = Phase.REQUEST_HEADERS
    _head = _NO_REQUEST
    _spoofed: Sequence[str] = ()
    _body_mode: int = pb.NONE
    _chunk: pb.HttpBody | None = None
    _is_observed = False

    def __init__(
        self, decided_by: Callable[[Request], Snapshot], clients: ClientAddress = BELIEVE_NOBODY
    ) -> None:
        """``decided_by`` says of a head what its request is decided by; it is asked once."""
        self._decided_by = decided_by
        self._clients = clients
        self._body = bytearray()

    def receive(self, message: pb.ProcessingRequest) -> Command:
        """Take the next message from Envoy."""
        kind = message.WhichOneof("request")
        if kind is None:
            return Nothing()
        self._phase = _PHASES[kind]
        if self._phase is Phase.REQUEST_HEADERS:
            return self._on_headers(message)
        if self._phase is Phase.REQUEST_BODY:
            return self._on_body(message.request_body)
        if self._phase is Phase.REQUEST_TRAILERS and self._state is State.BODY:
            return self._score(is_cut=False)
        return self._reply(encode_continue(self._phase))

    def decided(self, decision: Decision) -> Command:
        """Take the guard's decision on the request of the last ``Score``."""
        if self._state is State.MESSAGES and not decision.is_refused:
            override = self._override(pb.STREAMED)
            return self._reply(
                encode_decision(self._phase, decision, remove=self._spoofed, override=override)
            )
        self._state = State.DONE
        payload = encode_decision(self._phase, decision, remove=self._spoofed, echo=self._echo())
        # A duplex body flows through the stream to its end; anything else is settled.
        is_last = self._body_mode != pb.FULL_DUPLEX_STREAMED or decision.is_refused
        return self._reply(payload, is_last=is_last)

    def head_decided(self, decision: Decision | None) -> Command:
        """Take the guard's refusal of the last ``ScoreHead``; None goes on to the body."""
        return self.decided(decision) if decision else self._await_body()

    def chunk_decided(self, decision: Decision | None) -> Command:
        """Take what the guard says of the last ``ScoreChunk``; None lets it pass unremarked.

        A stream that was flagged and not refused has been told of: the rest is let go.
        """
        if decision is not None and decision.is_refused:
            return self.decided(decision)
        is_over = len(self._body) > self._limit
        if is_over:
            self.left_unread = Uninspected.OVERSIZE
        payload = encode_continue(self._phase, echo=self._echo())
        return self._reply(payload, is_last=is_over or decision is not None)

    def ended(self) -> Score | None:
        """Take the end of Envoy's side; what came is scored, to be told, though not obeyed.

        An observed body may end without a last chunk, and no body comes at all from an Envoy that
        is static NONE and forbids the override.
        """
        if self._state is State.MESSAGES and self._chunk is None:
            self.left_unread = Uninspected.ERROR
        if self._state is not State.BODY:
            return None
        score = self._score(is_cut=False)
        return score if self._is_observed else score._replace(unread=Uninspected.ERROR)

    def _on_headers(self, message: pb.ProcessingRequest) -> Command:
        self._head, self._spoofed = decode_head(message, self._clients)
        self._body_mode = message.protocol_config.request_body_mode
        self._is_observed = message.observability_mode
        self.snapshot = self._decided_by(self._head)
        if self._is_observed:
            self.snapshot = replace(self.snapshot, mode=Mode.SHADOW)  # nothing can be blocked
        self._limit = self.snapshot.policy.max_body_bytes
        if message.request_headers.end_of_stream:
            return Score(self._head)
        if is_upgrade(self._head):
            return Score(self._head, Uninspected.UPGRADE)
        if not self.snapshot.inspects_body:
            return Score(self._head, Uninspected.POLICY)
        if is_grpc(self._head) and not self._is_observed:
            self._state = State.MESSAGES
            return Score(self._head)
        self._state = State.BODY
        if self.snapshot.mode is Mode.ACTIVE:
            return ScoreHead(self._head)
        return self._await_body()

    def _await_body(self) -> Command:
        override = self._override(pb.BUFFERED_PARTIAL)
        return self._reply(encode_continue(self._phase, remove=self._spoofed, override=override))

    def _override(self, wanted: "pb.BodySendMode") -> "pb.BodySendMode | None":
        return wanted if self._body_mode == pb.NONE else None

    def _on_body(self, body: pb.HttpBody) -> Command:
        self._chunk = body
        if self._state is State.MESSAGES:
            return self._on_message(body)
        if self._state is not State.BODY:
            return self._reply(encode_continue(self._phase, echo=self._echo()))
        room = self._limit + 1 - len(self._body)
        self._body += body.body[:room]
        is_over = len(self._body) > self._limit
        # An observing Envoy does not say its mode, and streams bodies or sends none.
        is_chunked = self._is_observed or self._body_mode in _CHUNKED
        if is_chunked and not body.end_of_stream and not is_over:
            return self._reply(encode_continue(self._phase, echo=self._echo()))
        is_open = not body.end_of_stream and self._body_mode != pb.BUFFERED
        return self._score(is_cut=is_over or (is_open and len(self._body) >= _MIN_CUT_BYTES))

    def _on_message(self, body: pb.HttpBody) -> Command:
        start = len(self._body)
        if start == 0 and body.body[:1] == bytes((_COMPRESSED,)):
            self.left_unread = Uninspected.ENCODING
        self._body += body.body[: self._limit + 1 - start]
        piece = bytes(self._body[max(0, start - _OVERLAP) : self._limit])
        return ScoreChunk(self._head, Request(self._head.method, b"", body=piece))

    def _score(self, *, is_cut: bool) -> Score:
        body = bytes(self._body[: self._limit])
        self._state = State.DONE
        head = self._head  # ``replace`` would take three times as long
        return Score(Request(head.method, head.target, head.headers, body, is_cut, head.source_ip))

    def _echo(self) -> pb.HttpBody | None:
        is_duplex = self._body_mode == pb.FULL_DUPLEX_STREAMED
        return self._chunk if is_duplex and self._phase is Phase.REQUEST_BODY else None

    def _reply(self, payload: bytes, *, is_last: bool = False) -> Reply | Nothing:
        return Nothing(is_last) if self._is_observed else Reply(payload, is_last)


def is_upgrade(request: Request) -> bool:
    """Return True for a request that asks to become something else than HTTP.

    Only GET and CONNECT can (RFC 9110 §7.8, RFC 6455 §4.1, RFC 8441): an Upgrade header on a POST
    would otherwise hide its body.
    """
    if request.method == "CONNECT":
        return True
    return request.method == "GET" and bool(request.header("upgrade"))


def is_grpc(request: Request) -> bool:
    """Return True for a gRPC call, whose body is a stream of messages that may never end.

    https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
    """
    if request.method != "POST":
        return False
    kind, _, rest = request.header("content-type").lower().partition(b"grpc")
    has_type = kind == b"application/" and rest[:1] in (b"", b"+", b";")
    return has_type and request.header("te").lower() == b"trailers"
