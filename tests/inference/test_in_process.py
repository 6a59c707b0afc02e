"""The engine behind the scoring port: quick at once, slow in threads, never without bounds."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from inference.detector import Detector, Rule
from inference.engine import Engine
from inference.in_process import (
    INLINE_BYTES,
    MAX_WAITING,
    EngineScorer,
    load_scorer,
    threads_for,
)
from kysira.errors import ScoringError, ScoringOverload, ScoringTimeout
from kysira.settings import NO_MODEL, Device, EngineSettings
from kysira.types import Request, ScoreOptions, Uninspected, Verdict
from tests.inference.fake_models import FakeModel

OPTIONS = ScoreOptions()
RULES = (Rule("union", "union-select"),)
SMALL = Request("GET", b"/?a=union-select")
LARGE = Request("POST", b"/", body=b"a=union-select&b=" + b"x" * INLINE_BYTES)


class BlockingModel(FakeModel):
    """Answers when it is let, and knows which threads asked."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.release = threading.Event()
        self.threads: set[str] = set()
        self.is_broken = False

    def _wait(self, _: str) -> float:
        self.threads.add(threading.current_thread().name)
        assert self.release.wait(20)
        if self.is_broken:
            raise ScoringError("the model failed")
        return 0.5


@pytest.fixture
def model() -> BlockingModel:
    return BlockingModel()


@pytest.fixture
async def scorer(model: BlockingModel) -> AsyncIterator[EngineScorer]:
    """Return a scorer with one rule and the model."""
    engine = Engine((Detector("sqli", RULES),), classifiers={"sqli": model})
    scorer = EngineScorer(engine, threads=2, max_wait_s=60)
    yield scorer
    model.release.set()
    await scorer.close()


async def score(scorer: EngineScorer, request: Request) -> Verdict:
    """Return the verdict, awaiting it where it must be."""
    answer = scorer.score(request, OPTIONS)
    return answer if isinstance(answer, Verdict) else await answer


async def test_small_request_is_scored_at_once(scorer: EngineScorer) -> None:
    """What the rules decide needs no thread and no turn of the event loop."""
    answer = scorer.score(SMALL, OPTIONS)
    assert isinstance(answer, Verdict)
    assert answer.score == 0.99


@pytest.mark.parametrize(
    "request_",
    [
        LARGE,
        Request("GET", b"/?a=union-select&b=" + b"x" * INLINE_BYTES),
        Request("GET", b"/?a=union-select", (("cookie", b"x" * INLINE_BYTES),)),
        Request("POST", b"/", (("content-encoding", b"gzip"),), b"a=union-select"),
        Request(
            "POST",
            b"/",
            (("content-encoding", b""), ("content-encoding", b"br")),
            b"a=union-select",
        ),
    ],
    ids=["body", "target", "headers", "compressed", "compressed by a second header"],
)
async def test_large_request_leaves_the_loop_free(scorer: EngineScorer, request_: Request) -> None:
    """What may take long is scored elsewhere, with the same verdict."""
    answer = scorer.score(request_, OPTIONS)
    assert not isinstance(answer, Verdict)  # the event loop is free
    assert (await answer).score == 0.99


async def test_model_never_blocks_the_loop(scorer: EngineScorer, model: BlockingModel) -> None:
    """While a model thinks, other requests are scored."""
    waiting = asyncio.create_task(score(scorer, Request("GET", b"/?a=one-two")))
    assert (await score(scorer, SMALL)).score == 0.99
    assert not waiting.done()
    model.release.set()
    assert (await waiting).score == 0.5
    assert all(name.startswith("scorer") for name in model.threads)


async def test_known_value_needs_no_thread(scorer: EngineScorer, model: BlockingModel) -> None:
    """What a model has said of a value is there at once."""
    asked = Request("GET", b"/?a=one-two")
    model.release.set()
    first = await score(scorer, asked)
    again = scorer.score(asked, OPTIONS)
    assert isinstance(again, Verdict)
    assert again == first


async def test_models_failure_is_a_scoring_error(
    scorer: EngineScorer, model: BlockingModel
) -> None:
    """A model that fails means that the request was not scored."""
    model.is_broken = True
    model.release.set()
    with pytest.raises(ScoringError, match="the model failed"):
        await score(scorer, Request("GET", b"/?a=one-two"))


async def test_busy_models_leave_the_rules(scorer: EngineScorer, model: BlockingModel) -> None:
    """Beyond what may wait for the models the rules decide alone, and large bodies are read."""
    asked = Request("GET", b"/?a=one-two")
    tasks = [asyncio.create_task(score(scorer, asked)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    verdict = await score(scorer, asked)
    assert (verdict.score, verdict.uninspected) == (0.0, (Uninspected.OVERLOAD,))
    assert (await score(scorer, SMALL)).score == 0.99
    assert (await score(scorer, LARGE)).score == 0.99
    model.release.set()
    assert [verdict.score for verdict in await asyncio.gather(*tasks)] == [0.5] * MAX_WAITING
    assert (await score(scorer, asked)).uninspected == ()


async def test_late_models_leave_the_rules(model: BlockingModel) -> None:
    """A model that does not answer in time is not waited for, and that is told."""
    detector = Detector("sqli", (Rule("union", "union-select"), Rule("weak", "weak-sign", 0.4)))
    scorer = EngineScorer(Engine((detector,), classifiers={"sqli": model}), max_wait_s=0.05)
    verdict = await score(scorer, Request("GET", b"/?a=weak-sign"))
    assert (verdict.score, verdict.reason) == (0.4, "sqli:weak")
    assert verdict.uninspected == (Uninspected.TIMEOUT,)
    model.release.set()
    await scorer.close()


async def test_too_many_are_refused_at_once() -> None:
    """Beyond what may wait a large request is refused, and small ones are scored all the same."""
    release = threading.Event()
    slow = Rule("slow", "slow-word", check=lambda *_: release.wait(20))
    scorer = EngineScorer(Engine((Detector("sqli", (slow, *RULES)),)), max_wait_s=60)
    large = Request("POST", b"/", body=b"a=slow-word&b=" + b"x" * INLINE_BYTES)
    tasks = [asyncio.create_task(score(scorer, large)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ScoringOverload):
        await score(scorer, large)
    assert (await score(scorer, SMALL)).score == 0.99
    release.set()
    assert [verdict.score for verdict in await asyncio.gather(*tasks)] == [0.99] * MAX_WAITING
    assert (await score(scorer, large)).score == 0.99
    await scorer.close()


async def test_abandoned_work_keeps_its_place(scorer: EngineScorer, model: BlockingModel) -> None:
    """A deadline ends the wait, not the work: its place is free when the work is done."""
    asked = Request("GET", b"/?a=one-two")
    for _ in range(MAX_WAITING):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await score(scorer, asked)
    assert (await score(scorer, asked)).uninspected == (Uninspected.OVERLOAD,)
    model.release.set()
    async with asyncio.timeout(20):
        while (verdict := await score(scorer, asked)).uninspected:
            await asyncio.sleep(0.001)
    assert verdict.score == 0.5


async def test_late_work_is_dropped(model: BlockingModel) -> None:
    """What nobody waits for any more is not done: a burst must not delay what comes after it."""
    detector = Detector("sqli", (Rule("union", "union-select"),))
    scorer = EngineScorer(Engine((detector,), classifiers={"sqli": model}), max_wait_s=0)
    with pytest.raises(ScoringTimeout, match="waited too long"):
        await score(scorer, LARGE)
    assert not model.threads
    await scorer.close()


async def test_close_drops_what_waits(scorer: EngineScorer, model: BlockingModel) -> None:
    """After closing nothing is scored in threads any more, and running work ends."""
    asked = Request("GET", b"/?a=one-two")
    tasks = [asyncio.create_task(score(scorer, asked)) for _ in range(4)]
    while len(model.threads) < 2:
        await asyncio.sleep(0.001)
    await scorer.close()
    model.release.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 2
    with pytest.raises(RuntimeError):
        await score(scorer, Request("GET", b"/?a=three-four"))


def test_it_says_that_it_is_here() -> None:
    """The health answer shows it as ``in-process``."""
    assert EngineScorer.description == "in-process"


def test_more_may_wait_for_a_gpu() -> None:
    """A thread that waits for a GPU costs nothing, and fills its batch; a CPU's cores are few."""
    assert threads_for(Device.CPU) <= 4 < threads_for(Device.CUDA) == threads_for(Device.MPS)


async def test_scorer_is_loaded_as_set() -> None:
    """What is returned scores at once, without the detector that is left out."""
    settings = EngineSettings(sqli_model=NO_MODEL, pi_model=NO_MODEL, disabled_detectors=("xss",))
    scorer = load_scorer(settings)
    verdict = scorer.score(Request("GET", b"/?q=<script>alert(1)</script>"), ScoreOptions())
    assert isinstance(verdict, Verdict)
    assert "xss" not in verdict.breakdown
    await scorer.close()


async def test_detectors_are_told_with_what_backs_them(scorer: EngineScorer) -> None:
    """As the service's health says."""
    assert scorer.detectors == {"sqli": "model"}
