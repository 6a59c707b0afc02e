"""The models are shown what could matter to them, most suspicious first, and nothing twice."""

import base64
import json
from collections.abc import Sequence

import pytest

from inference.detector import Detector, Rule
from inference.engine import Engine
from inference.model_stage import MAX_WINDOWS
from inference.readings import LONGEST
from kysira.types import Request, ScoreOptions, Uninspected
from tests.inference.fake_models import CHARACTERS, FakeModel

OPTIONS = ScoreOptions()
SQLI = Detector("sqli", (Rule("weak", "weak-sign", 0.4),))
WORDS = Detector(
    "prompt-injection", (Rule("ignore", "ignore-all"),),
    model_gate=lambda field, text: b" " in text,
)  # fmt: skip


def engine_with(model: FakeModel, *slugs: str) -> Engine:
    """Return an engine in which the model backs these detectors."""
    return Engine((SQLI, WORDS), classifiers=dict.fromkeys(slugs or ("sqli",), model))


def get(query: str, **headers: str) -> Request:
    pairs = tuple((name.replace("_", "-"), value.encode()) for name, value in headers.items())
    return Request("GET", f"/?{query}".encode(), pairs)


def form(pairs: Sequence[tuple[str, str]]) -> Request:
    body = "&".join(f"{name}={value}" for name, value in pairs).encode()
    return Request("POST", b"/", (("content-type", b"application/x-www-form-urlencoded"),), body)


@pytest.mark.parametrize(
    "value",
    [
        b"model%2Dbait".replace(b"%", b"%2525"),
        b"model&#45;bait%20or",
        base64.b64encode(b"some text, and then model-bait"),
        base64.b64encode(b"some text, and then model%2Dbait"),
    ],
)
def test_model_is_shown_what_is_decoded(value: bytes) -> None:
    """An encoding hides nothing from a model; the finding says that it was undone."""
    request = Request("POST", b"/", (("content-type", b"application/json"),),
                      json.dumps({"a": value.decode()}).encode())  # fmt: skip
    finding = engine_with(FakeModel()).score(request, OPTIONS).findings[0]
    assert (finding.score, finding.location) == (0.97, "json:a")
    assert finding.reason == "sqli:model (decoded)"
    assert finding.steps


def test_gate_looks_at_what_is_decoded() -> None:
    """A value that is one word as sent may be many to the application."""
    model = FakeModel()
    verdict = engine_with(model, "prompt-injection").score(get("a=one%2520model-bait"), OPTIONS)
    assert model.asked == ["one model-bait"]
    assert verdict.score == 0.97


def test_finding_tells_where() -> None:
    """Its span is the window's, in bytes of the decoded value."""
    text = "é" * CHARACTERS + "model-bait"
    request = Request("POST", b"/", body=text.encode(), free_text=True)
    finding = engine_with(FakeModel()).score(request, OPTIONS).findings[0]
    assert finding.span == (2 * CHARACTERS, 2 * CHARACTERS + 10)


def test_harmless_score_has_no_reason() -> None:
    """A model's low score is a score, and nobody is told a reason."""
    verdict = engine_with(FakeModel()).score(get("a=one-two"), OPTIONS)
    assert (verdict.score, verdict.reason, verdict.detector) == (0.01, "", "")
    assert verdict.breakdown["sqli"] == 0.01
    assert verdict.findings == ()


@pytest.mark.parametrize(("score", "expected"), [(0.9, 0.95), (0.5, 0.68), (0.01, 0.02), (1, 1)])
def test_orders_of_a_tool_weigh_more(score: float, expected: float) -> None:
    """What a tool returns is held to a stricter bound than what a user says."""
    said: dict[str, str] = {"role": "user", "content": "some model-bait"}
    engine = engine_with(FakeModel(score))
    for role, wanted in (("user", score), ("tool", expected)):
        body = json.dumps({"messages": [{**said, "role": role}]}).encode()
        verdict = engine.score(Request("POST", b"/", (), body), OPTIONS)
        assert verdict.score == pytest.approx(wanted, abs=0.005)


def test_many_windows_of_a_value_need_more() -> None:
    """The highest of many scores is the likelier to be chance: it counts the less."""
    scores = []
    for windows in (1, 8, 16, 32):
        text = "x" * CHARACTERS * (windows - 1) + "model-bait"
        model = FakeModel(guess=suspect)
        request = Request("POST", b"/", body=text.encode(), free_text=True)
        scores.append(engine_with(model).score(request, OPTIONS).score)
    assert scores[:2] == [0.97, 0.97]
    assert scores[2:] == [pytest.approx(0.942, abs=0.001), pytest.approx(0.89, abs=0.001)]


def test_value_is_shown_once() -> None:
    """What was said of a value is remembered: the verdict is the same, the model is not asked."""
    model = FakeModel()
    engine = engine_with(model, "sqli", "prompt-injection")
    request = get("a=model-bait+b", user_agent="Some Browser/1.0 (X11)")
    first = engine.score(request, OPTIONS)
    asked = len(model.asked)
    assert engine.score(request, OPTIONS) == first
    assert not engine.inspect(request, OPTIONS).needs_models
    assert engine.score(get("other=model-bait+b"), OPTIONS).score == 0.97
    assert len(model.asked) == asked


def test_remembered_values_count_towards_the_windows() -> None:
    """Whether a value was seen before changes nothing in the verdict."""
    pairs = [(f"n{number}", f"value-{number}") for number in range(MAX_WINDOWS + 4)]
    engine = engine_with(FakeModel())
    first = engine.score(form(pairs), OPTIONS)
    assert first.uninspected == (Uninspected.BUDGET,)
    assert engine.score(form(pairs), OPTIONS) == first


def test_header_is_told_from_a_value_by_its_name() -> None:
    """A gate's word on a header does not hold for the same text elsewhere."""
    gated = Detector("sqli", SQLI.rules, model_gate=lambda field, _: field.name != "x-dull")
    model = FakeModel()
    engine = Engine((gated,), classifiers={"sqli": model})
    engine.score(get("", x_dull="some text here"), OPTIONS)
    assert model.asked == []
    engine.score(get("", x_other="some text here"), OPTIONS)
    assert model.asked == ["some text here"]


def test_windows_of_a_request_are_bounded() -> None:
    """The most suspicious to the rules first, then to the guess; what is left is told."""
    model = FakeModel(guess=lambda text: 3.0 if text.startswith("odd") else -2.0)
    pairs = [(f"n{number}", f"value-{number}") for number in range(40)]
    pairs[20] = ("x", "a-weak-sign")
    pairs[25] = ("y", "odd-one-out")
    verdict = engine_with(model).score(form(pairs), OPTIONS)
    assert sorted(model.asked) == sorted(
        ["value-0", "value-1", "value-2", "a-weak-sign", "odd-one-out", "value-37", "value-38",
         "value-39"]
    )  # fmt: skip
    assert verdict.uninspected == (Uninspected.BUDGET,)
    few = engine_with(FakeModel()).score(form(pairs[:5]), OPTIONS)
    assert few.uninspected == ()


def suspect(text: str) -> float:
    """Guess as a logit: below 0 is harmless, and the bait is a little less so."""
    return -1.0 if "model-bait" in text else -5.0


@pytest.mark.parametrize("decoys", [7, 60, 90, 300])
@pytest.mark.parametrize("where", ["first", "last"])
def test_decoys_do_not_hide_a_value(decoys: int, where: str) -> None:
    """However many harmless values stand beside it, the suspicious one is shown."""
    pairs = [(f"n{number}", f"decoy-{number} " * 20) for number in range(decoys)]
    pairs.insert(0 if where == "first" else decoys, ("x", "y" * 200 + "model-bait"))
    assert engine_with(FakeModel(guess=suspect)).score(form(pairs), OPTIONS).score == 0.97


def test_decoys_do_not_hide_what_is_encoded() -> None:
    """Every reading of a value is ranked, not only the first."""
    hidden = base64.b64encode(b"some text, and then model-bait").decode()
    pairs = [(f"n{number}", f"decoy-{number} and more") for number in range(12)]
    pairs.insert(6, ("x", hidden))
    assert engine_with(FakeModel(guess=suspect)).score(form(pairs), OPTIONS).score == 0.97


def test_one_encoded_text_does_not_hide_another() -> None:
    """Each base64 text of a value is shown."""
    bait, benign = (base64.b64encode(text).decode() for text in (
        b"some text, and then model-bait", b"another text that says nothing"))  # fmt: skip
    body = f"&amp;#65; {bait} {benign}"
    request = Request("POST", b"/", body=body.encode(), free_text=True)
    assert engine_with(FakeModel()).score(request, OPTIONS).score == 0.97


@pytest.mark.parametrize("blank", [" ", "\t", "\x01", "\u200b", "\u2028", "\ufeff"])
def test_blanks_do_not_hide_a_text(blank: str) -> None:
    """Runs of what nobody sees are one blank to a model."""
    model = FakeModel()
    text = "a" + blank * 20_000 + "model-bait" + blank * 20_000 + "b"
    request = Request("POST", b"/", body=text.encode(), free_text=True)
    engine_with(model).score(request, OPTIONS)
    assert "model-bait" in "".join(model.asked) or len(text.encode()) > LONGEST
    short = "a" + blank * 3000 + "model-bait" + blank * 3000 + "b"
    request = Request("POST", b"/", body=short.encode(), free_text=True)
    assert engine_with(FakeModel()).score(request, OPTIONS).score == 0.97


def test_low_threshold_counts_for_models_too() -> None:
    """A policy that asks for less than an even chance gets it."""
    engine = engine_with(FakeModel(0.3))
    assert engine.score(get("a=model-bait"), OPTIONS).findings == ()
    strict = ScoreOptions(thresholds={"sqli": 0.2})
    assert engine.score(get("a=model-bait"), strict).findings[0].reason == "sqli:model"


def test_equal_scores_name_the_same_value() -> None:
    """The verdict is the same whatever was seen before, its location included."""
    pairs = [(f"n{number}", f"model-bait-{number}") for number in range(6)]
    engine = engine_with(FakeModel())
    first = engine.score(form(pairs), OPTIONS)
    assert engine.score(form(pairs), OPTIONS) == first
    engine.score(form(pairs[3:]), OPTIONS)
    assert engine.score(form(pairs), OPTIONS) == first


def test_equal_values_are_shown_once() -> None:
    """One value in four places is one question, and leaves the windows to others."""
    model = FakeModel()
    engine_with(model).score(form([(f"n{number}", "same-value") for number in range(4)]), OPTIONS)
    assert model.asked.count("same-value") == 1


def test_span_is_told_only_where_it_is_known() -> None:
    """Of bytes that are no UTF-8, and of a value that is not shown whole, there is none."""
    for body in (b"\xff" * 200 + b"model-bait", b"x" * LONGEST + b"model-bait"):
        request = Request("POST", b"/", body=body, free_text=True)
        assert engine_with(FakeModel()).score(request, OPTIONS).findings[0].span == (0, 0)


def test_gates_decode_within_a_budget() -> None:
    """Encoded values beyond it are looked at as sent, which is told, and not remembered so."""
    pairs = [(f"n{number}", f"%2541{number}-" * 40) for number in range(300)]
    engine = engine_with(FakeModel(), "prompt-injection")
    assert engine.score(form(pairs), OPTIONS).uninspected == (Uninspected.BUDGET,)
    assert engine.score(form(pairs[-1:]), OPTIONS).uninspected == ()


@pytest.mark.parametrize("where", ["head", "tail"])
def test_long_value_is_shown_from_both_ends(where: str) -> None:
    """Padding in front does not hide the end from a model; an unread middle is told."""
    padding = "pad-" * LONGEST
    value = f"model-bait {padding}" if where == "head" else f"{padding} model-bait"
    model = FakeModel()
    verdict = engine_with(model).score(form([("a", value)]), OPTIONS)
    assert verdict.score == pytest.approx(0.8, abs=0.01)  # one of very many windows
    assert len(model.asked) == MAX_WINDOWS
    assert verdict.uninspected == (Uninspected.BUDGET,)
    short = form([("a", "pad-" * (CHARACTERS // 4 * 6))])
    assert engine_with(FakeModel()).score(short, OPTIONS).uninspected == ()


def test_windows_are_shared_by_values() -> None:
    """A long value in front does not take the windows of a short one that comes behind it."""
    model = FakeModel()
    pairs = [("a", "pad-" * (CHARACTERS // 4 * 6)), ("b", "model-bait")]
    assert engine_with(model).score(form(pairs), OPTIONS).score == 0.97
    long = [("a", "pad-" * CHARACTERS * 4), ("b", "model-bait")]
    assert engine_with(FakeModel()).score(form(long), OPTIONS).score == 0.97


@pytest.mark.parametrize("size", [1 << 16, 1 << 20])
def test_work_on_a_long_value_is_bounded(size: int) -> None:
    """However long a value is, a model is shown windows of both ends."""
    request = Request("POST", b"/", body=b"%2541'" * (size // 6), free_text=True)
    model = FakeModel()
    engine_with(model).score(request, OPTIONS)
    assert len(model.asked) == MAX_WINDOWS
    assert model.asked[0] == "A'" * (CHARACTERS // 2)
