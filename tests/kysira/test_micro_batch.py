"""Work asked for in one turn of the event loop is done together, and each asker gets its own."""

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from kysira.micro_batch import MicroBatch
from kysira.types import Request, ScoreOptions, Verdict
from tests.kysira.test_guard import CLEAN, REQUEST, Bench, FakeScorer


class ScoresAtOnce(FakeScorer):
    """Finds nothing, and takes no turn of the event loop for it."""

    def score(self, request: Request, options: ScoreOptions) -> Verdict:  # type: ignore[override]
        """Return that nothing was found."""
        return CLEAN


class Panic(BaseException):
    """What no ``except Exception`` sees, such as a panic in a library in Rust."""


class FakeClock:
    """Stands still but for the work that it is told of."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s


def failing(error: BaseException) -> Callable[[], str]:
    """Return work that raises it."""

    def work() -> str:
        raise error

    return work


async def test_work_of_one_turn_is_done_together() -> None:
    """All is asked for before the first is done; then one after the other, in order."""
    batch = MicroBatch[int]()
    log: list[str] = []

    def work(number: int) -> int:
        log.append(f"did {number}")
        return number * number

    async def ask(number: int) -> int:
        log.append(f"asked {number}")
        answer = await batch.run(partial(work, number))
        log.append(f"got {number}")
        return answer

    assert await asyncio.gather(*map(ask, range(4))) == [0, 1, 4, 9]
    assert log == [f"{what} {number}" for what in ("asked", "did", "got") for number in range(4)]


async def test_work_alone_waits_for_no_other() -> None:
    """It is done in the next turn, and so is the next, when what came before is over."""
    batch = MicroBatch[str]()
    for answer in ("one", "two"):
        task = asyncio.create_task(batch.run(partial(str, answer)))
        for _ in range(3):  # begun, done, told
            assert not task.done()
            await asyncio.sleep(0)
        assert task.result() == answer


async def test_work_of_a_later_turn_is_done_in_a_later_one() -> None:
    """What an answer leads to is not done before the others of its turn have theirs."""
    batch = MicroBatch[None]()
    log: list[str] = []

    async def ask(name: str) -> None:
        for turn in (1, 2):
            await batch.run(partial(log.append, f"{name}{turn}"))

    await asyncio.gather(ask("a"), ask("b"), ask("c"))
    assert log == ["a1", "b1", "c1", "a2", "b2", "c2"]


@pytest.mark.parametrize("error", [ValueError("bad"), Panic("bad"), asyncio.CancelledError("bad")])
async def test_error_is_its_askers_alone(error: BaseException) -> None:
    """Whatever work raises is raised where it was asked for; the others have their answers."""
    batch = MicroBatch[str]()
    caught: list[BaseException] = []

    async def ask_for_error() -> None:
        try:
            await batch.run(failing(error))
        except BaseException as found:
            caught.append(found)

    before, _, after = await asyncio.gather(
        batch.run(lambda: "before"), ask_for_error(), batch.run(lambda: "after")
    )
    assert (before, after) == ("before", "after")
    assert caught == [error]


async def test_stop_iteration_is_a_runtime_error() -> None:
    """As from a coroutine: no future takes it, and nobody may wait for ever because of it."""
    batch = MicroBatch[str]()
    failed, after = await asyncio.gather(
        batch.run(failing(StopIteration(5))), batch.run(lambda: "after"), return_exceptions=True
    )
    assert isinstance(failed, RuntimeError)
    assert after == "after"


def test_interrupt_ends_the_loop() -> None:
    """Ctrl-C during work ends the program, and nobody waits for an answer that never comes."""
    told: list[str] = []

    async def ask(batch: MicroBatch[str]) -> None:
        told.append(await batch.run(lambda: "after"))

    async def main() -> None:
        batch = MicroBatch[str]()
        await asyncio.gather(batch.run(failing(KeyboardInterrupt())), ask(batch))

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert told == ["after"]


class Given(NamedTuple):
    """What became of an asker that was cancelled, and how often its work was done."""

    times: int
    answer: object
    ended: type[BaseException] | None


def ended_by(task: "asyncio.Task[None]") -> type[BaseException] | None:
    """Return the kind of error that it ended with."""
    error = task.exception()
    return type(error) if error else None


async def given_up(answer: str | Exception, *, is_done: bool, within_s: float | None) -> Given:
    """Cancel an asker before its work is done, or between that and the answer."""
    batch = MicroBatch[object]()
    times = 0
    got: list[object] = []

    def work() -> object:
        nonlocal times
        times += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask() -> None:
        async with asyncio.timeout(within_s):
            try:
                got.append(await batch.run(work))
            except ValueError as error:
                got.append(error)
            await asyncio.sleep(0)
            got.append("not cancelled")

    asker = asyncio.create_task(ask())
    canceller = asyncio.create_task(batch.run(asker.cancel if is_done else bool))
    if within_s is None and not is_done:
        await asyncio.sleep(0)
        asker.cancel()
    await asyncio.wait([asker, canceller])
    (only,) = got
    return Given(times, only, asyncio.CancelledError if asker.cancelled() else ended_by(asker))


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("answer", ["answer", ValueError("bad")])
async def test_cancelled_asker_has_its_answer_first(
    answer: str | Exception, *, is_done: bool
) -> None:
    """Its work is done once, not lost or done again; what it awaits next is cancelled."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    given = await given_up(answer, is_done=is_done, within_s=None)
    gc.collect()
    assert given == (1, answer, asyncio.CancelledError)
    assert not complaints


async def test_deadline_of_an_asker_is_still_its_own() -> None:
    """A timeout that ends meanwhile is a TimeoutError at what is awaited next."""
    assert await given_up("answer", is_done=False, within_s=0) == (1, "answer", TimeoutError)


async def test_cancelled_asker_holds_up_nobody() -> None:
    """The others' work is done as ever, in order, also what was put off for a turn."""
    clock = FakeClock()
    batch = MicroBatch[None](clock=clock)
    log: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    def first() -> None:
        clock.now_s += 1
        log.append("first")
        tasks[2].cancel()

    tasks.append(asyncio.create_task(batch.run(first)))
    tasks += [asyncio.create_task(batch.run(partial(log.append, name))) for name in "abc"]
    await asyncio.wait(tasks)
    assert sorted(log) == ["a", "b", "c", "first"]
    assert [name for name in log if name != "b"] == ["first", "a", "c"]


async def test_request_of_a_client_that_has_gone_is_counted(tmp_path: Path) -> None:
    """Envoy may have let it pass: what has come is scored and told, whether or not it waits."""
    bench = Bench(tmp_path)
    bench.scorer = ScoresAtOnce()
    guard = bench.guard()
    checks = [guard.check(REQUEST, guard.snapshot(REQUEST)) for _ in range(3)]
    tasks = [asyncio.create_task(check) for check in checks]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert len(bench.events.told) == 3
    assert bench.value("requests_total", action="passed") == 3


async def test_long_work_lets_others_have_a_turn() -> None:
    """After two milliseconds the loop goes round; the rest comes before what is asked later."""
    clock = FakeClock()
    batch = MicroBatch[None](clock=clock)
    log: list[str] = []

    def work(name: str) -> None:
        clock.now_s += 0.0011
        log.append(name)

    async def ask(name: str) -> None:
        await batch.run(partial(work, name))
        if name == "a":
            await batch.run(partial(work, "A"))

    def turn(number: int) -> None:
        log.append(f"turn {number}")
        if number < 4:
            asyncio.get_running_loop().call_soon(turn, number + 1)

    tasks = [asyncio.create_task(ask(name)) for name in "abcde"]
    asyncio.get_running_loop().call_soon(turn, 1)
    await asyncio.gather(*tasks)
    assert log == ["turn 1", "a", "b", "turn 2", "c", "d", "turn 3", "e", "A", "turn 4"]


async def test_long_work_alone_is_followed_by_the_next() -> None:
    """Work over the bound holds up the others for a turn, and for no longer."""
    clock = FakeClock()
    batch = MicroBatch[int](clock=clock)

    def work(number: int) -> int:
        clock.now_s += 1
        return number

    answers = await asyncio.gather(*[batch.run(partial(work, number)) for number in range(50)])
    assert answers == list(range(50))
