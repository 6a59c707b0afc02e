"""Hanging calls are not made again and again, and the first answer ends that."""

from kysira.breaker import Breaker


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time that it is set to."""
        return self.now


def opened(clock: Clock) -> Breaker:
    """Return a breaker that three hanging calls have opened."""
    breaker = Breaker(misses=3, pause_s=1.0, clock=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.missed()
    return breaker


def test_breaker_opens_after_misses() -> None:
    """Three in a row, and no call is made any more."""
    assert not opened(Clock()).allows()


def test_breaker_tries_once_a_pause() -> None:
    """After the pause one call may see; the others still may not."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 1.0
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.missed()
    clock.now += 0.99
    assert not breaker.allows()
    clock.now += 0.02
    assert breaker.allows()


def test_answer_closes_the_breaker() -> None:
    """Once it has answered, everybody may call again."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 1.0
    assert breaker.allows()
    breaker.answered()
    assert all(breaker.allows() for _ in range(10))


def test_answers_between_misses_keep_it_closed() -> None:
    """A service that is slow only now and then is asked on."""
    breaker = Breaker(misses=2, clock=Clock())
    for _ in range(5):
        breaker.missed()
        breaker.answered()
    assert breaker.allows()
