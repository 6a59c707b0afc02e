"""Follows the event streams of all services at once, and goes on after what interrupts them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import aiohttp

from ctl.events.live import NO_EVENTS, RECENT, events_of, is_told, why_silent
from ctl.events.order import TimeOrder
from ctl.events.record import Record, record_of_line
from ctl.events.seen import MOST, Seen
from ctl.events.sse import Parser
from ctl.fleet.client import FleetClient, Reply
from ctl.fleet.open import Fleet
from ctl.fleet.target import Target
from kysira.errors import StartError
from kysira.events.log import REMEMBERED, REPLAYED

STREAM = "/api/events"
_HOLD_S = 0.3
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_SILENCE_S = 45.0
"""A service says something every 15 seconds."""
_HEAD_S = 10.0
"""It begins a stream at once."""
_SEEN_EACH = 2 * REMEMBERED

Show = Callable[[Record], bool]
"""Takes an event; returns False when no more are wanted."""


async def follow(
    fleet: Fleet, show: Show, note: Callable[[str], None], *, has_replay: bool = True
) -> None:
    """Show the events of all services, each once, until no more are wanted; else for ever.

    ``note`` is told who does not answer, and that it does again. Raises StartError when none
    answers at the start.
    """
    start = _Start(len(fleet.targets))
    told = _Told(show, start, services=len(fleet.targets))
    followers = [
        _Follower(fleet.client, target, told.put, note, start, has_replay=has_replay)
        for target in fleet.targets
    ]
    tasks = [asyncio.create_task(follower.run()) for follower in followers]
    tasks.append(asyncio.create_task(told.run()))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        told.finish()


class _Told:
    """Shows events by time, each once."""

    def __init__(self, show: Show, start: "_Start", *, services: int) -> None:
        self._show = show
        self._start = start
        self._hold_s = _HOLD_S if services > 1 else 0
        self._order = TimeOrder(self._hold_s)
        self._seen = Seen(max(MOST, services * _SEEN_EACH))
        self._has_news = asyncio.Event()
        self._is_done = False

    def put(self, event: Record) -> None:
        if self._seen.is_new(event):
            self._order.put(event)
            self._has_news.set()

    async def run(self) -> None:
        """Return when no more are wanted; the past of all comes first, as one."""
        await self._start.is_over.wait()
        while not self._is_done:
            await self._has_news.wait()
            await asyncio.sleep(self._hold_s)
            for event in self._order.due():
                if not self._show(event):
                    self._is_done = True
                    return
            if not self._order:
                self._has_news.clear()

    def finish(self) -> None:
        """Show what is still held, as at a Ctrl-C."""
        if not self._is_done:
            self._is_done = True
            for event in self._order.rest():
                if not self._show(event):
                    return


class _Start:
    """Knows which services have answered at first."""

    def __init__(self, services: int) -> None:
        self._unasked = self._unanswered = services
        self.is_over = asyncio.Event()
        """Set once each has answered, or not."""

    def has_begun(self) -> None:
        """Note that one answered at first."""
        self._end_one()

    def has_failed(self, reason: str) -> None:
        """Note that one did not answer at first; raises StartError when none did."""
        self._unanswered -= 1
        if self._unanswered == 0:
            raise StartError(f"no service answers: {reason}")
        self._end_one()

    def _end_one(self) -> None:
        self._unasked -= 1
        if self._unasked == 0:
            self.is_over.set()


class _Follower:
    """Follows one service."""

    def __init__(
        self, client: FleetClient, target: Target, put: Callable[[Record], None],
        note: Callable[[str], None], start: _Start, *, has_replay: bool,
    ) -> None:  # fmt: skip
        self._client = client
        self._target = target
        self._put = put
        self._note = note
        self._start = start
        self._has_replay = has_replay
        self._last: Record | None = None
        self._is_known = False
        """True once it has answered."""
        self._has_failed = False
        """True when it did not answer at first."""
        self._said = ""
        """What the user knows of the interruption; "" while there is none."""
        self._pause_s = 0.0

    async def run(self) -> None:
        """Follow it for ever; raises StartError when no service answers at the start."""
        while True:
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(max(_FIRST_PAUSE_S, 2 * self._pause_s), _LONGEST_PAUSE_S)
            reply = await self._client.ask(self._target, RECENT)
            if not is_told(reply):
                self._fail(reply)
                continue
            self._catch_up(list(events_of(reply)))
            try:
                await self._stream()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self._say(f"the stream broke ({type(error).__name__}); connecting again")

    def _fail(self, reply: Reply) -> None:
        if not (self._is_known or self._has_failed):
            self._has_failed = True
            self._start.has_failed(why_silent(reply))
        self._say(f"{reply.error or NO_EVENTS}; trying again")

    def _say(self, what: str) -> None:
        """Tell of an interruption, each thing once."""
        if self._said != what:
            self._said = what
            self._note(f"{self._target.name}: {what}")

    def _catch_up(self, events: list[Record]) -> None:
        """Take what the service remembers, as far as it was not told."""
        is_first, self._is_known = not self._is_known, True
        if not is_first:
            events = self._after_last(events)
        elif self._has_replay:
            events = events[-REPLAYED:]
        else:
            self._last, events = events[-1] if events else None, []
        for event in events:
            self._take(event)
        if is_first and not self._has_failed:
            self._start.has_begun()

    def _after_last(self, events: list[Record]) -> list[Record]:
        last = self._last
        if last is None:
            return events
        ids = [event.id for event in events]
        if last.id in ids:
            return events[ids.index(last.id) + 1 :]
        self._note(
            f"{self._target.name}: some events after {last.text('timestamp')} may be missing: a "
            f"service remembers {REMEMBERED}, from before a restart those of its file sink"
        )
        return [event for event in events if event.at >= last.at]

    def _take(self, event: Record) -> None:
        self._last = event
        self._put(event)

    async def _stream(self) -> None:
        """Take events as they come, until the stream ends."""
        last = self._last.id if self._last else ""
        headers = {"Last-Event-ID": last} if last else {}
        parser = Parser()
        async with AsyncExitStack() as held:
            async with asyncio.timeout(_HEAD_S):
                answer = await held.enter_async_context(
                    self._client.stream(self._target, STREAM, headers)
                )
            if answer.status != 200:
                self._say(f"its stream answered {answer.status}; trying again")
                return
            if self._said:
                self._say(f"connected again, going on after {last or 'the start'}")
                self._said = ""
            async for piece in _pieces(answer.content):
                self._pause_s = 0.0
                for message in parser.feed(piece):
                    if event := record_of_line(message.data, self._target.name):
                        self._take(event)
        self._say("the stream ended; connecting again")


async def _pieces(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield what comes; raises TimeoutError after a long silence."""
    while True:
        async with asyncio.timeout(_SILENCE_S):
            piece = await content.readany()
        if not piece:
            return
        yield piece
