"""Of more windows than a model is shown, the most suspicious are."""

from inference.fields import Field
from inference.model_choice import MAX_VALUES, MAX_WINDOWS, choose
from kysira.types import Place
from tests.inference.fake_models import CHARACTERS, FakeModel


def field(text: str, place: Place = Place.QUERY, name: str = "q") -> Field:
    return Field(place, name, text.encode())


def shown(fields: list[Field], guess: object = None) -> list[str]:
    choice = choose(
        fields, FakeModel(), guess or (lambda _: 0.0),  # type: ignore[arg-type]
        lambda each: 0.5 if b"weak" in each.value else 0.0,
    )  # fmt: skip
    return [part.window.text for value in choice.values for part in value.shown]


def test_few_windows_are_all_shown() -> None:
    """In the order of the request."""
    fields = [field("one"), field("two", Place.HEADER, "x"), field("x" * CHARACTERS + "three")]
    assert shown(fields) == ["one", "two", "x" * CHARACTERS, "three"]
    assert choose(fields, FakeModel(), lambda _: 0.0, lambda _: 0.0).is_whole


def test_each_value_has_a_window_before_any_has_two() -> None:
    """Where nothing tells them apart; and headers come last."""
    fields = [field(letter * CHARACTERS * 4) for letter in "abcdef"]
    fields.append(field("header", Place.HEADER, "x"))
    found = shown(fields)
    assert len(found) == MAX_WINDOWS
    assert {text[0] for text in found} == set("abcdef")


def test_suspicion_of_the_rules_comes_first() -> None:
    """Before any guess."""
    fields = [field(f"value {number}") for number in range(20)]
    fields[10] = field("weak")
    assert "weak" in shown(fields, guess=lambda text: 0.0 if text == "weak" else 9.0)


def test_values_that_are_read_are_bounded() -> None:
    """Of very many, those at both ends; that some are left out is told."""
    fields = [field(f"value {number}") for number in range(3 * MAX_VALUES)]
    guessed: list[str] = []
    choice = choose(fields, FakeModel(), lambda text: guessed.append(text) or 0.0, lambda _: 0.0)  # type: ignore[func-returns-value]
    assert len(guessed) == MAX_VALUES
    assert not choice.is_whole
    assert [value.is_whole for value in choice.values] == [True] * MAX_WINDOWS
