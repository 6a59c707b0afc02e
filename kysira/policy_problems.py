"""What is wrong with a policy file, in words that say what to write."""

import difflib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kysira.located_yaml import Located, Location, Problem
from kysira.policy_model import METHOD

_SHOWN = 60


def problems_of(error: ValidationError, found: Located, model: type[BaseModel]) -> list[Problem]:
    """Return one problem for each error, at its line; ``model`` is the whole file's."""
    errors = error.errors(include_url=False)
    # A list whose entries are all wrong is not empty.
    around = {each["loc"][:-1] for each in errors}
    told = [e for e in errors if e["type"] != "too_short" or e["loc"] not in around]
    return [_problem(each, found, model) for each in told]


def repeated_names(found: Located) -> list[Problem]:
    """Return a problem for each name that two routes, or two exclusions, have."""
    problems = []
    for part in ("routes", "exclusions"):
        rows = found.data.get(part) if isinstance(found.data, dict) else None
        names = [row.get("name") if isinstance(row, dict) else None for row in _list(rows)]
        counts = Counter(name for name in names if isinstance(name, str))
        for place, name in enumerate(names):
            if isinstance(name, str) and counts[name] > 1 and name in names[:place]:
                at = (part, place, "name")
                problems.append(Problem(f"{_shown(name)} is there twice", at, found.line_of(at)))
    return problems


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _problem(error: ErrorDetails, found: Located, model: type[BaseModel]) -> Problem:
    # An alternative's name and "[key]" are pydantic's, no part of the file.
    location = tuple(each for each in error["loc"] if each != "[key]")
    while location and location not in found.lines and error["type"] != "missing":
        location = location[:-1]
    is_missing = error["type"] == "missing"
    line = found.line_of(location[:-1] if is_missing else location)
    return Problem(_text(error, location, model), location, line)


def _text(error: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"there is no such key{_suggestion(str(location[-1]), _keys(model, location[:-1]))}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "too_long":
        return f"has more than {context['max_length']} entries"
    if kind == "too_short":
        return "is empty"
    wanted = _WANTED.get(kind, _otherwise)(error, context)
    return f"{_shown(given)} must be {wanted}"


def _otherwise(error: ErrorDetails, _: Mapping[str, Any]) -> str:
    return f"something else: {error['msg']}"


def _range(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    if "ge" in context:
        return f"{context['ge']:.15g} or more"
    return f"{context['le']:.15g} or less"


def _always(text: str) -> Callable[[ErrorDetails, Mapping[str, Any]], str]:
    return lambda _, __: text


_PATTERNS = {METHOD: "a method in capitals, such as POST"}
_WANTED: dict[str, Callable[[ErrorDetails, Mapping[str, Any]], str]] = {
    "enum": lambda _, context: str(context["expected"]).replace("'", ""),
    "float_type": _always("a number from 0 to 1"),
    "finite_number": _always("a number from 0 to 1"),
    "int_type": _always("a whole number"),
    "bool_type": _always("true or false"),
    "string_type": _always("text"),
    "tuple_type": _always("a list"),
    "dict_type": _always("keys with values"),
    "model_type": _always("keys with values"),
    "greater_than_equal": _range,
    "less_than_equal": _range,
    "string_too_long": lambda _, context: f"at most {context['max_length']} characters long",
    "string_pattern_mismatch": lambda _, context: _PATTERNS.get(
        context["pattern"], "of a-z, 0-9 and -"
    ),
}


def _keys(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that there are at a place of the file."""
    known: dict[tuple[str, ...], list[str]] = {}
    _collect(model, (), known)
    words = [each for each in location if isinstance(each, str)]
    named = ["*" if words[n - 1 : n] == ["detectors"] else word for n, word in enumerate(words)]
    return known.get(tuple(named), [])


def _collect(
    model: type[BaseModel], at: tuple[str, ...], known: dict[tuple[str, ...], list[str]]
) -> None:
    known[at] = list(model.model_fields)
    for name, field in model.model_fields.items():
        for part, is_mapping in _models_in(field.annotation):
            _collect(part, (*at, name, "*") if is_mapping else (*at, name), known)


def _models_in(annotation: Any) -> list[tuple[type[BaseModel], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(annotation, False)]
    is_mapping = getattr(annotation, "__origin__", None) is dict
    found = [part for inner in getattr(annotation, "__args__", ()) for part in _models_in(inner)]
    return [(part, is_mapping or was) for part, was in found]


def _suggestion(word: object, known: list[str]) -> str:
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    if close:
        return f"; is it {close[0]}?"
    return f"; there are {', '.join(known)}" if known else ""


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, (dict, list)) else "what is there"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
