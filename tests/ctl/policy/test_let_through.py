"""What an exclusion would let through besides."""

from typing import Any

from ctl.events.record import Record
from ctl.policy.let_through import LetThrough
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
    assert [each.id for each in effect.samples] == ["two", "two"]
    assert effect.signs == []
    assert effect.as_json()["others_let_through"] == 2


def test_signs_of_attacks_are_told() -> None:
    """Other addresses, other detectors, other shapes of what was matched."""
    assert looked(like_one(source_ip="192.0.2.9")).signs == ["they come from 2 addresses"]
    assert looked(event(finding(), finding("xss", "query:r", 0.5), id="two")).signs == [
        "other detectors found something in them too: xss"
    ]
    assert looked(like_one(matched="' OR 1=1")).signs == [
        "what was matched looks otherwise: ' xx 0=0"
    ]


def test_samples_are_bounded() -> None:
    """However many there are."""
    effect = looked(*[like_one(source_ip=f"10.0.{n // 250}.{n % 250}") for n in range(3000)])
    assert effect.others == 3000
    assert len(effect.sources) == 1000
    assert len(effect.samples) == 10
