"""Every column is asked about every row, and rows are counted per request."""

import threading
from collections.abc import Iterator

import pytest

from ctl.bench.columns import Answer, Column, Outcome
from ctl.bench.replay import Key, Reply, Tally, replay
from ctl.bench.rows import Row
from kysira.types import Request
from tests.ctl.bench.made_rows import column, reply, row

BAD = column("one", b"bad")


def test_row_counts_as_the_share_of_its_requests() -> None:
    """One of three places blocked is a third of a false positive."""
    results = replay([row("bad it is"), row("fine by me")], [BAD])
    tally = results.by_source[Key("one", "s", False)]
    assert (tally.rows, tally.rate) == (2, pytest.approx(1 / 6))


def test_whole_request_counts_once() -> None:
    """False positives are per request, not per field."""
    whole = Row("s", False, "", request=Request("GET", b"/?a=bad+one&b=bad+two"))
    assert replay([whole], [BAD]).by_source[Key("one", "s", False)].flagged == 1


def test_causes_are_counted_per_request() -> None:
    """A cause found in each of three requests is one row."""
    found = Answer(Outcome.BLOCKED, causes=("alpha:spot",))
    results = replay([row()], [Column("one", lambda _: found)])
    assert results.by_source[Key("one", "s", False)].causes == {"alpha:spot": pytest.approx(1)}


def test_attacks_are_counted_by_category() -> None:
    """A row that names none has its own line; benign rows have no category."""
    rows = [
        row("bad", is_attack=True, category="sqli"),
        row("good", is_attack=True),
        row("bad", category="sqli"),
    ]
    results = replay(rows, [BAD])
    assert results.by_category == {
        Key("one", "sqli", True): Tally(1, pytest.approx(1 / 3)),
        Key("one", "unnamed", True): Tally(1, 0.0),
    }


def test_scores_are_those_of_the_category() -> None:
    """Attacks of another kind do not count for a detector; all benign rows do."""
    rows = [
        row("a", is_attack=True, category="sqli"),
        row("b", is_attack=True, category="xss"),
        row("c"),
    ]
    scores = iter([0.1, 0.9, 0.2, 0.5, 0.5, 0.5, 0.0, 0.0, 0.3])
    own = Column("one", lambda _: Answer(Outcome.PASSED, scores={"sqli": next(scores)}))
    results = replay(rows, [own])
    assert results.scores == {("one", "sqli", True): [0.9], ("one", "sqli", False): [0.3]}


@pytest.mark.parametrize(
    ("outcomes", "share", "is_right"),
    [
        ((Outcome.BLOCKED, Outcome.UNANSWERED), 1.0, True),
        ((Outcome.BLOCKED, Outcome.PASSED, Outcome.UNSENT), 0.5, False),
        ((Outcome.UNSENT, Outcome.UNANSWERED), None, True),
    ],
)
def test_unanswered_requests_are_in_no_rate(
    outcomes: tuple[Outcome, ...], share: float | None, is_right: bool
) -> None:
    """They neither blocked anything nor let it through."""
    found = reply(row(is_attack=True), *outcomes)
    assert (found.share, found.is_right) == (share, is_right)


def test_row_without_an_answer_is_not_counted() -> None:
    """What it got instead is."""
    silent = Column("two", lambda _: Answer(Outcome.UNANSWERED, "timeout"))
    results = replay([row()], [BAD, silent])
    assert list(results.by_source) == [Key("one", "s", False)]
    assert results.said["two"] == {(Outcome.UNANSWERED, "timeout"): 3}


def test_watchers_see_all_in_order() -> None:
    """Column by column, row by row, however many threads there are."""
    seen: list[tuple[str, str]] = []
    rows = [row(str(number)) for number in range(40)]
    columns = [BAD, column("far", b"bad", is_remote=True)]
    replay(rows, columns, lambda name, found: seen.append((name, found.row.payload)), threads=3)
    assert seen == [(name, str(number)) for number in range(40) for name in ("one", "far")]


def test_remote_columns_are_asked_at_the_same_time() -> None:
    """Two requests wait for each other, which one after the other they could not."""
    together = threading.Barrier(2, timeout=20)

    def ask(_: Request) -> Answer:
        together.wait()
        return Answer(Outcome.PASSED)

    rows = [Row("s", False, "", request=Request("GET", b"/")) for _ in range(8)]
    results = replay(rows, [Column("far", ask, is_remote=True)], threads=2)
    assert results.by_source[Key("far", "s", False)].rows == 8


def test_rows_are_read_as_they_are_needed() -> None:
    """A corpus may be larger than memory: only some rows are in flight."""
    ahead: list[int] = []
    read = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield row()

    def watch(_: str, __: Reply) -> None:
        ahead.append(read - len(ahead))

    replay(rows(), [column("far", b"bad", is_remote=True)], watch, threads=2)
    assert len(ahead) == 100
    assert max(ahead) <= 5
