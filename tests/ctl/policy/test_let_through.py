"""What an exclusion would let through besides."""

from collections import Counter
from typing import Any

from ctl.events.record import Record
from ctl.policy.let_through import LetThrough, counted
from kysira.policy import Policy
from tests.ctl.replay.made import event, finding, policy

AFTER = policy(exclusions=[{"name": "q", "path": "/search", "location": "query:q",
                            "detector": "sqli"}])  # fmt: skip
ONE = event(finding(), id="one")


def looked(*others: Record) -> LetThrough:
    """Return what would pass of events, one of which is meant."""
    effect = LetThrough(ONE)
    effect.look([ONE, *others], Policy(), AFTER)
    return effect


def like_one(**changed: Any) -> Record:
    """Return another event like the one that is meant."""
    return event(finding(matched=changed.pop("matched", "UNION SELECT")), id="two", **changed)


def test_only_the_event_itself_is_no_sign() -> None:
    """What passes already, and what is still blocked, is not let through."""
    effect = looked(
        event(id="p"), like_one(path="/x"), event(finding(), finding("xss", "query:r"), id="x"),
        event(id="e", action="error"),
    )  # fmt: skip
    assert (effect.events, effect.over, effect.others, effect.is_itself) == (4, 3, 0, True)
    assert effect.signs == []


def test_others_are_counted_by_who_sent_what() -> None:
    """With samples, which a person can look at."""
    effect = looked(like_one(), like_one(method="POST"))
    assert effect.others == 2
    assert effect.sources == {"192.0.2.7": 2}
    assert effect.paths == {"GET /search": 1, "POST /search": 1}
    assert effect.reasons == {"sqli:rule": 2}
    assert [each.event.id for each in effect.samples] == ["two", "two"]
    assert effect.signs == []
    assert effect.as_json()["others_let_through"] == 2


def test_signs_of_attacks_are_told() -> None:
    """Other addresses, detectors, reasons, and other shapes of what was matched."""
    assert looked(like_one(source_ip="192.0.2.9")).signs == ["they come from 2 addresses"]
    assert looked(event(finding(), finding("xss", "query:r", 0.5), id="two")).signs == [
        "other detectors found something in them too: xss",
        "they were found for other reasons too: 1 × xss:rule",
    ]
    assert looked(like_one(matched="' OR 1=1")).signs == [
        "what was matched looks otherwise: ' OR 1=1"
    ]


def test_samples_are_bounded() -> None:
    """However many there are."""
    effect = looked(*[like_one(source_ip=f"10.0.{n // 250}.{n % 250}") for n in range(3000)])
    assert effect.others == 3000
    assert len(effect.sources) == 1000
    assert len(effect.samples) == 10


def decided_by(reason: str, **changed: Any) -> Record:
    """Return an event that was found for a reason."""
    matched = changed.pop("matched", "UNION SELECT")
    return event(finding(reason=reason, matched=matched), **changed)


def test_odd_ones_are_the_first_samples() -> None:
    """However many harmless ones come before them, and of each reason one before a second."""
    harmless = [decided_by("sqli:rule", id=f"h{n}", source_ip=f"10.0.0.{n}") for n in range(79)]
    delays = [decided_by("sqli:time_delay", matched="'; WAITFOR", id=f"d{n}") for n in range(6)]
    effect = looked(
        *harmless, *delays, decided_by("sqli:outfile (decoded)", matched="'; INTO", id="o"),
        event(finding(), finding("xss", "query:r", 0.5), id="x"),
        decided_by("sqli:rule", matched="other shape", id="s"),
    )  # fmt: skip
    assert [each.event.id for each in effect.samples][:9] == [
        "x", "d0", "o", "d1", "d2", "d3", "d4", "d5", "s",
    ]  # fmt: skip
    assert effect.samples[1].matched == ["'; WAITFOR"]
    assert effect.odd_reasons == {"sqli:time_delay": 6, "sqli:outfile": 1, "xss:rule": 1}
    assert effect.as_json()["other_reasons"]["sqli:time_delay"] == 6


def test_same_reason_decoded_is_no_other() -> None:
    """How a client wrote it is no other technique."""
    assert looked(decided_by("sqli:rule (decoded)", id="two")).odd_reasons == {}


def test_counts_are_told_together() -> None:
    """The most frequent first, the rest as a number."""
    assert counted(Counter({"a": 6, "b": 1079, "": 1}), 2) == "1,079 × b, 6 × a, 1 more"
    assert counted(Counter({"": 1}), 2) == "1 × -"
