"""Some of what a column gets wrong is kept, and shown so that no payload steers the terminal."""

from ctl.bench.columns import Answer, Outcome
from ctl.bench.examples import MAX_CHARACTERS, Examples, printable, told
from ctl.bench.replay import Reply
from tests.ctl.bench.made_rows import reply, row


def test_wrong_rows_are_kept_by_source_and_label() -> None:
    """As many as asked for; right ones and other columns' are not."""
    examples = Examples("one", missed=2, flagged=1)
    for column in ("one", "two"):
        for source in ("a", "b"):
            for number in range(3):
                for is_attack, wrong in ((True, Outcome.PASSED), (False, Outcome.BLOCKED)):
                    shown = row(str(number), is_attack=is_attack, source=source)
                    examples.watch(column, reply(shown, wrong))
    examples.watch("one", reply(row("right", source="c"), Outcome.PASSED))
    examples.watch("one", reply(row("silent", source="c"), Outcome.UNANSWERED))
    kept = [(each.source, each.is_attack, each.text) for each in examples.kept]
    assert sorted(kept) == [
        (source, *rest)
        for source in ("a", "b")
        for rest in ((False, "0"), (True, "0"), (True, "1"))
    ]


def test_example_says_what_was_found() -> None:
    """Share, category and hints in one line, and the text below it."""
    examples = Examples("one", missed=1, flagged=1)
    shown = row("x" * 5000, is_attack=True, category="sqli", source="made")
    answers = (Answer(Outcome.PASSED, found="sqli:quote 0.5 at query:q"), Answer(Outcome.BLOCKED))
    examples.watch("one", Reply(shown, answers))
    head, text = told(examples.kept).split("\n")
    assert head == "--- made missed 0.5 [sqli] sqli:quote 0.5 at query:q"
    assert text == "x" * MAX_CHARACTERS
    assert examples.kept[0].as_data["share"] == 0.5


def test_nothing_found_is_said() -> None:
    """An empty place would look like a mistake; a URL's status is better than that."""
    examples = Examples("one", missed=2, flagged=0)
    examples.watch("one", reply(row("a", is_attack=True), Outcome.PASSED))
    examples.watch("one", reply(row("b", is_attack=True), Outcome.PASSED, said="200"))
    assert [each.found for each in examples.kept] == ["nothing", "200"]


def test_payload_can_not_steer_a_terminal() -> None:
    """Escapes, overrides of direction and half characters are shown by their codes."""
    hostile = "a\x1b[31m\x07\u202eb\ud800\r\x9b\tc\nd é"
    assert printable(hostile) == "a\\x1b[31m\\x07\\u202eb\\ud800\\r\\x9b\tc\nd é"
