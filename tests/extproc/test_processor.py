"""The state machine: a conversation reads as a script."""

import pytest
from google.protobuf.message import DecodeError

from extproc.processor import Command, Nothing, Processor, Reply, Score, ScoreChunk, ScoreHead
from extproc.proto import ext_proc_pb2 as pb
from kysira.policy import Policy, Snapshot
from kysira.types import Action, Decision, Mode, Request, Uninspected
from tests.extproc.conversation import body, headers, trailers

PASS = Decision(Action.PASSED, Mode.SHADOW, score=0.0)
KILL = Decision(Action.ACTIVE_KILL, Mode.ACTIVE, score=0.99, reason="sqli:x", refuse_status=403)


def reply(command: Command) -> pb.ProcessingResponse:
    """Return the message of a Reply."""
    assert isinstance(command, Reply)
    return pb.ProcessingResponse.FromString(command.payload)


def processor_in(mode: Mode, limit: int = 100, *, inspects_body: bool = True) -> Processor:
    """Return a processor whose requests are all decided by one snapshot."""
    snapshot = Snapshot(Policy(max_body_bytes=limit), mode, inspects_body=inspects_body)
    return Processor(lambda _: snapshot)


def shadow(limit: int = 100) -> Processor:
    return processor_in(Mode.SHADOW, limit)


def test_request_without_body_is_scored_at_once() -> None:
    """end_of_stream on the headers: score, reply, close."""
    processor = shadow()
    command = processor.receive(headers("GET", "/a?b=1", user_agent="x"))
    assert isinstance(command, Score)
    assert (command.request.method, command.request.target) == ("GET", b"/a?b=1")
    answer = processor.decided(PASS)
    assert isinstance(answer, Reply)
    assert answer.is_last
    assert reply(answer).WhichOneof("response") == "request_headers"


def test_header_name_that_is_no_text_is_refused() -> None:
    """It fails like any message that is broken, which the server answers with an error."""
    message = headers("GET")
    message.request_headers.headers.headers.append(b"\x0a\x01\xff\x1a\x01v")
    with pytest.raises(DecodeError):
        shadow().receive(message)


def test_body_is_asked_for_and_joined() -> None:
    """Static NONE: the headers reply asks for BUFFERED_PARTIAL, the body message is scored."""
    processor = shadow()
    first = reply(processor.receive(headers("POST", "/", end=False)))
    assert first.mode_override.request_body_mode == pb.BUFFERED_PARTIAL
    command = processor.receive(body(b"a=1"))
    assert isinstance(command, Score)
    assert (command.request.body, command.request.body_truncated) == (b"a=1", False)
    answer = processor.decided(PASS)
    assert isinstance(answer, Reply)
    assert answer.is_last
    assert reply(answer).WhichOneof("response") == "request_body"


def test_active_mode_checks_the_head_first() -> None:
    """A head that decides it is refused without the body; one that does not goes on."""
    processor = processor_in(Mode.ACTIVE, 100)
    assert isinstance(processor.receive(headers("POST", end=False)), ScoreHead)
    refused = reply(processor.head_decided(KILL))
    assert refused.immediate_response.status.code == 403
    processor = processor_in(Mode.ACTIVE, 100)
    processor.receive(headers("POST", end=False))
    passed = reply(processor.head_decided(None))
    assert passed.mode_override.request_body_mode == pb.BUFFERED_PARTIAL


@pytest.mark.parametrize("mode", [pb.BUFFERED, pb.BUFFERED_PARTIAL, pb.STREAMED])
def test_static_mode_is_not_overridden(mode: "pb.BodySendMode") -> None:
    """An override of a static body mode races with the body."""
    first = reply(shadow().receive(headers("POST", end=False, mode=mode)))
    assert not first.HasField("mode_override")


def test_exactly_the_limit_is_inspected() -> None:
    """However much Envoy hands over, the scorer sees max_body_bytes and is told of the cut."""
    processor = shadow(limit=10)
    processor.receive(headers("POST", end=False))
    command = processor.receive(body(b"x" * 25, end=False))
    assert isinstance(command, Score)
    assert (len(command.request.body), command.request.body_truncated) == (10, True)


def test_body_of_exactly_the_limit_is_whole() -> None:
    """The limit itself is no cut."""
    processor = shadow(limit=10)
    processor.receive(headers("POST", end=False))
    command = processor.receive(body(b"x" * 10))
    assert isinstance(command, Score)
    assert not command.request.body_truncated


def test_streamed_body_is_decided_at_its_end() -> None:
    """Chunks pass until the last one, which carries the verdict."""
    processor = shadow()
    processor.receive(headers("POST", end=False, mode=pb.STREAMED))
    for piece in (b"ab", b"cd"):
        assert reply(processor.receive(body(piece, end=False))).HasField("request_body")
    command = processor.receive(body(b"ef"))
    assert isinstance(command, Score)
    assert command.request.body == b"abcdef"


def test_streamed_body_is_decided_at_the_limit() -> None:
    """A long upload is settled early, and the rest flows without the filter."""
    processor = shadow(limit=4)
    processor.receive(headers("POST", end=False, mode=pb.STREAMED))
    command = processor.receive(body(b"abcdef", end=False))
    assert isinstance(command, Score)
    assert (command.request.body, command.request.body_truncated) == (b"abcd", True)
    answer = processor.decided(PASS)
    assert isinstance(answer, Reply)
    assert answer.is_last


def test_streamed_body_may_end_with_trailers() -> None:
    """Trailers in place of a last chunk: the verdict falls there."""
    processor = shadow()
    processor.receive(headers("POST", end=False, mode=pb.STREAMED))
    processor.receive(body(b"ab", end=False))
    command = processor.receive(trailers())
    assert isinstance(command, Score)
    assert (command.request.body, command.request.body_truncated) == (b"ab", False)
    assert reply(processor.decided(PASS)).WhichOneof("response") == "request_trailers"


def test_duplex_body_is_handed_back() -> None:
    """FULL_DUPLEX_STREAMED: every chunk returns to Envoy, and the stream stays open to its end."""
    processor = shadow(limit=4)
    processor.receive(headers("POST", end=False, mode=pb.FULL_DUPLEX_STREAMED))
    processor.receive(body(b"abcdef", end=False))
    answer = processor.decided(PASS)
    assert isinstance(answer, Reply)
    assert not answer.is_last
    assert reply(answer).request_body.response.body_mutation.streamed_response.body == b"abcdef"
    rest = reply(processor.receive(body(b"gh")))
    echoed = rest.request_body.response.body_mutation.streamed_response
    assert (echoed.body, echoed.end_of_stream) == (b"gh", True)


@pytest.mark.parametrize(
    "message",
    [
        headers("GET", "/ws", end=False, connection="Upgrade", upgrade="websocket"),
        headers("CONNECT", "/ws", end=False),
    ],
)
def test_upgrade_is_decided_by_its_head(message: pb.ProcessingRequest) -> None:
    """What follows an upgrade is no body; the verdict says that it was not read."""
    processor = shadow()
    command = processor.receive(message)
    assert isinstance(command, Score)
    assert command.unread is Uninspected.UPGRADE
    assert not reply(processor.decided(PASS)).HasField("mode_override")


@pytest.mark.parametrize(
    "more",
    [{"upgrade": "websocket"}, {"content_type": "application/grpc"}],
    ids=["upgrade on a POST", "gRPC without te: trailers"],
)
def test_body_can_not_hide(more: dict[str, str]) -> None:
    """Headers of a stream on a request that is none do not keep its body from being read."""
    first = reply(shadow().receive(headers("POST", end=False, **more)))
    assert first.mode_override.request_body_mode == pb.BUFFERED_PARTIAL


def grpc_call(processor: Processor) -> Command:
    """Start a gRPC call."""
    return processor.receive(
        headers("POST", "/s/M", end=False, content_type="application/grpc", te="trailers")
    )


def test_grpc_messages_are_read_one_by_one() -> None:
    """A stream that may never end: the head is decided at once, and each chunk when it comes."""
    processor = shadow(limit=100)
    assert isinstance(grpc_call(processor), Score)
    first = processor.decided(PASS)
    assert reply(first).mode_override.request_body_mode == pb.STREAMED
    assert isinstance(first, Reply)
    assert not first.is_last
    for piece in (b"one", b"two"):
        command = processor.receive(body(piece, end=False))
        assert isinstance(command, ScoreChunk)
        assert command.piece.body.endswith(piece)
        assert command.head.target == b"/s/M"
        assert reply(processor.chunk_decided(None)).HasField("request_body")


def test_grpc_message_can_be_refused() -> None:
    """An attack in a later message ends the call."""
    processor = processor_in(Mode.ACTIVE, 100)
    grpc_call(processor)
    processor.decided(PASS)
    processor.receive(body(b"attack", end=False))
    answer = processor.chunk_decided(KILL)
    assert reply(answer).HasField("immediate_response")
    assert isinstance(answer, Reply)
    assert answer.is_last


def test_grpc_stream_is_let_go_at_the_limit() -> None:
    """After max_body_bytes the rest flows unread, says so, and the filter costs nothing more."""
    processor = shadow(limit=4)
    grpc_call(processor)
    processor.decided(PASS)
    processor.receive(body(b"abc", end=False))
    first = processor.chunk_decided(None)
    assert isinstance(first, Reply)
    assert not first.is_last
    command = processor.receive(body(b"defgh", end=False))
    assert isinstance(command, ScoreChunk)
    assert command.piece.body == b"abcd"
    last = processor.chunk_decided(None)
    assert isinstance(last, Reply)
    assert last.is_last
    assert processor.left_unread is Uninspected.OVERSIZE


def test_grpc_chunks_are_read_across_their_edges() -> None:
    """A client can't hide a payload by cutting it into small pieces."""
    processor = processor_in(Mode.ACTIVE, 10_000)
    grpc_call(processor)
    processor.decided(PASS)
    attack = b"q=1' UNION SELECT password FROM users--"
    for number in range(0, len(attack), 6):
        command = processor.receive(body(attack[number : number + 6], end=False))
        processor.chunk_decided(None)
    assert isinstance(command, ScoreChunk)
    assert command.piece.body == attack


def test_flagged_grpc_stream_is_told_once() -> None:
    """In shadow the rest of a stream that was flagged costs and counts nothing."""
    processor = shadow()
    grpc_call(processor)
    processor.decided(PASS)
    processor.receive(body(b"attack", end=False))
    answer = processor.chunk_decided(Decision(Action.SHADOW_KILL, Mode.SHADOW, score=0.99))
    assert isinstance(answer, Reply)
    assert answer.is_last


def test_compressed_or_missing_grpc_messages_are_told() -> None:
    """What can't be read is never silent."""
    processor = shadow()
    grpc_call(processor)
    processor.decided(PASS)
    processor.receive(body(b"\x01\x00\x00\x00\x05abcde"))
    assert processor.left_unread is Uninspected.ENCODING
    processor = shadow()
    grpc_call(processor)
    processor.decided(PASS)
    assert processor.ended() is None
    assert processor.left_unread is Uninspected.ERROR


@pytest.mark.parametrize("kind", ["application/grpc-web", "application/grpc, application/json"])
def test_only_grpc_itself_is_a_stream(kind: str) -> None:
    """Anything else that begins alike has a body like any other."""
    message = headers("POST", end=False, content_type=kind, te="trailers")
    first = reply(shadow().receive(message))
    assert first.mode_override.request_body_mode == pb.BUFFERED_PARTIAL


@pytest.mark.parametrize(("size", "is_cut"), [(10, False), (20_000, True)])
def test_trailers_make_no_body_cut(size: int, is_cut: bool) -> None:
    """A short body without end_of_stream has trailers; one as long as a buffer is cut."""
    processor = shadow(limit=100_000)
    processor.receive(headers("POST", end=False))
    command = processor.receive(body(b"x" * size, end=False))
    assert isinstance(command, Score)
    assert command.request.body_truncated is is_cut


def test_observed_request_gets_no_reply() -> None:
    """Observability mode: Envoy reads no answer."""
    processor = shadow()
    assert isinstance(processor.receive(headers("GET", observed=True)), Score)
    assert processor.decided(PASS) == Nothing(is_last=True)


def test_observed_body_may_just_end() -> None:
    """The chunks that came are scored when Envoy closes its side."""
    processor = shadow()
    first = processor.receive(headers("POST", end=False, mode=pb.STREAMED, observed=True))
    assert first == Nothing()
    processor.receive(body(b"ab", end=False))
    rest = processor.ended()
    assert isinstance(rest, Score)
    assert rest.request.body == b"ab"


def test_missing_body_is_told() -> None:
    """An Envoy that forbids the override never sends the body: the head is scored, not lost."""
    processor = shadow()
    processor.receive(headers("POST", "/?q=x", end=False))
    rest = processor.ended()
    assert isinstance(rest, Score)
    assert rest.unread is Uninspected.ERROR


def test_settled_stream_needs_nothing_more() -> None:
    """The end of Envoy's side after a verdict asks for no second one."""
    processor = shadow()
    processor.receive(headers("GET"))
    processor.decided(PASS)
    assert processor.ended() is None


@pytest.mark.parametrize("kind", ["response_headers", "response_body", "response_trailers"])
def test_every_message_gets_its_reply(kind: str) -> None:
    """A user's configuration may send response phases too; each is answered in kind."""
    processor = shadow()
    message = pb.ProcessingRequest()
    getattr(message, kind).SetInParent()
    assert reply(processor.receive(message)).WhichOneof("response") == kind


def test_spoofed_headers_are_removed_with_the_first_reply() -> None:
    """Before the body is awaited, so that a failure later can't let them through."""
    message = headers("POST", end=False, x_kysira_score="0", x_kysira_mode="off")
    mutation = reply(shadow().receive(message)).request_headers.response.header_mutation
    assert sorted(mutation.remove_headers) == ["x-kysira-mode", "x-kysira-score"]


@pytest.mark.parametrize("mode", [pb.NONE, pb.BUFFERED, pb.STREAMED])
@pytest.mark.parametrize("more", [{}, {"te": "trailers", "content_type": "application/grpc"}])
def test_body_that_a_route_leaves_out_is_not_asked_for(
    mode: "pb.BodySendMode", more: dict[str, str]
) -> None:
    """The head is decided, and Envoy keeps the body: no override, and the stream is closed."""
    processor = processor_in(Mode.ACTIVE, inspects_body=False)
    command = processor.receive(headers("POST", "/upload", end=False, mode=mode, **more))
    assert isinstance(command, Score)
    assert command.unread is Uninspected.POLICY
    answer = processor.decided(PASS)
    assert isinstance(answer, Reply)
    assert answer.is_last
    assert not reply(answer).HasField("mode_override")
    assert processor.ended() is None


def test_duplex_body_that_a_route_leaves_out_flows() -> None:
    """In the one mode in which a body goes through us, every chunk is handed back."""
    processor = processor_in(Mode.SHADOW, inspects_body=False)
    processor.receive(headers("POST", end=False, mode=pb.FULL_DUPLEX_STREAMED))
    first = processor.decided(PASS)
    assert isinstance(first, Reply)
    assert not first.is_last
    answer = reply(processor.receive(body(b"attack")))
    assert answer.request_body.response.body_mutation.streamed_response.body == b"attack"


def test_request_without_body_leaves_nothing_out() -> None:
    """Where there is no body nothing is said of one, and an upgrade is one."""
    processor = processor_in(Mode.SHADOW, inspects_body=False)
    command = processor.receive(headers("GET"))
    assert isinstance(command, Score)
    assert command.unread is None
    processor = processor_in(Mode.SHADOW, inspects_body=False)
    command = processor.receive(headers("GET", end=False, upgrade="websocket"))
    assert isinstance(command, Score)
    assert command.unread is Uninspected.UPGRADE


def test_head_says_what_decides() -> None:
    """Whose snapshot it is depends on the head alone, and it is asked for once."""
    asked: list[Request] = []

    def decided_by(head: Request) -> Snapshot:
        asked.append(head)
        return Snapshot(Policy(max_body_bytes=3), Mode.ACTIVE)

    processor = Processor(decided_by)
    processor.receive(headers("POST", "/a", end=False))
    processor.head_decided(None)
    command = processor.receive(body(b"abcdef"))
    assert isinstance(command, Score)
    assert command.request.body == b"abc"
    assert [head.target for head in asked] == [b"/a"]
    assert processor.snapshot.mode is Mode.ACTIVE


def test_observed_request_is_decided_in_shadow() -> None:
    """Nothing can be blocked where nobody listens."""
    processor = processor_in(Mode.ACTIVE)
    processor.receive(headers("GET", observed=True))
    assert processor.snapshot.mode is Mode.SHADOW
