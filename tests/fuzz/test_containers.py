"""An attack that is found when it stands alone is found in every container that is read."""

import dataclasses
from typing import NamedTuple

from hypothesis import given

from inference.detectors import load_detectors
from kysira.types import DEFAULT_THRESHOLD, Request, Uninspected
from tests.fuzz.choices import Choices, built
from tests.fuzz.containers import FORM, KINDS, PLAIN, carried, form_body, multipart_body
from tests.fuzz.engines import rules_alone
from tests.fuzz.examples import examples
from tests.fuzz.hostile import CODINGS
from tests.fuzz.promises import OPTIONS
from tests.fuzz.spellings import SPELLINGS, attacks, spelled

DEEP = 6
"""Spellings one upon the other: more than are undone."""
MAX_BYTES = 1 << 16
"""Of a spelled attack: six times ``&#39;`` would be a megabyte."""
CHARSETS = ("utf-16", "utf-7", "ibm037", "hz", "iso-2022-jp", "x-none", "utf-8; charset=utf-32")


class Wrapped(NamedTuple):
    """A request that carries an attack, and the detector that finds it alone."""

    request: Request
    detector: str

    @property
    def is_found(self) -> bool:
        """Return whether the detector finds it in there."""
        verdict = rules_alone().score(self.request, OPTIONS)
        return verdict.breakdown[self.detector] >= DEFAULT_THRESHOLD

    @property
    def problems(self) -> set[Uninspected]:
        """Return what the verdict says was not read."""
        return {*rules_alone().score(self.request, OPTIONS).uninspected}


def wrapped(choices: Choices, most: int = 1) -> Wrapped:
    """Return an attack in up to so many spellings, in a container of any kind."""
    value, detector = choices.pick(attacks())
    chain = choices.picks(sorted(SPELLINGS), most)
    while len(spelled(value, chain)) > MAX_BYTES:
        chain.pop()
    # What is overlong is no XML.
    kinds = [kind for kind in KINDS if kind != "xml" or "overlong" not in chain]
    return Wrapped(carried(choices, choices.pick(kinds), spelled(value, chain)), detector)


@examples(3000)
@given(built(wrapped))
def test_wrapped_attack_is_found(attack: Wrapped) -> None:
    """In a form, in JSON at any depth, in a part, compressed, in another charset, and spelled."""
    assert attack.is_found


@examples(1000)
@given(built(lambda choices: wrapped(choices, DEEP)))
def test_deeply_wrapped_attack_is_found_or_told(attack: Wrapped) -> None:
    """Spelled deeper than is read, it is found all the same, or the verdict says so."""
    assert attack.is_found or Uninspected.BUDGET in attack.problems


def cut_behind(choices: Choices) -> Wrapped:
    """Return an attack in a form whose end was cut off at the inspection limit."""
    value, detector = choices.pick(attacks())
    body = form_body(choices, value).data + b"&more=" + b"a b " * choices.number(20)
    request = Request("POST", b"/", (("content-type", FORM),), body, body_truncated=True)
    return Wrapped(request, detector)


@examples(500)
@given(built(cut_behind))
def test_cut_body_hides_nothing(attack: Wrapped) -> None:
    """What came of a body is read, and that it is not all is told."""
    assert attack.is_found
    assert Uninspected.OVERSIZE in attack.problems


def wrongly_declared(choices: Choices) -> Wrapped:
    """Return an attack in a form that is sent as it is, and declared to be encoded."""
    value, detector = choices.pick(attacks())
    body = form_body(choices, value).data
    kind, headers = FORM, []
    if choices.happens():
        kind += b"; charset=" + choices.pick(CHARSETS).encode()
    else:
        headers = [("content-encoding", choices.pick(CODINGS))]
    return Wrapped(Request("POST", b"/", (("content-type", kind), *headers), body), detector)


@examples(1000)
@given(built(wrongly_declared))
def test_wrong_declaration_hides_nothing(attack: Wrapped) -> None:
    """A charset or a coding that is declared and not there does not hide what an app reads."""
    assert attack.is_found


def ordinary(choices: Choices) -> Request:
    """Return a request that a client may send; none sends a form of parts in UTF-16."""
    kind, value = choices.pick(KINDS), choices.pick(PLAIN).encode()
    if kind != "multipart":
        return carried(choices, kind, value)
    body = multipart_body(choices, value)
    return Request("POST", b"/", (("content-type", body.content_type),), body.data)


@examples(1000)
@given(built(ordinary))
def test_well_formed_request_has_no_problems(request: Request) -> None:
    """What clients write is read whole, and nothing is found but by chance in compressed bytes."""
    verdict = rules_alone().score(request, OPTIONS)
    assert verdict.uninspected == ()
    found = {finding.location for finding in verdict.findings if finding.score >= DEFAULT_THRESHOLD}
    assert found <= {"body:[head]", "body:[strings]"}
    cut = dataclasses.replace(request, body_truncated=True)
    assert rules_alone().score(cut, OPTIONS).uninspected == (Uninspected.OVERSIZE,)


def test_attacks_are_many() -> None:
    """The properties hold for attacks of every detector but those that some places alone make."""
    slugs = {detector for _, detector in attacks()}
    assert len(attacks()) >= 500
    assert {detector.slug for detector in load_detectors()} - slugs == {"open-redirect"}
