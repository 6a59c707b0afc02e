"""The shared vocabulary: words of the contract, immutability, thresholds."""

from dataclasses import FrozenInstanceError, fields

import pytest

from kysira.types import (
    DEFAULT_THRESHOLD,
    Action,
    Decision,
    Exclusion,
    Finding,
    Mode,
    Request,
    ScoreOptions,
    Uninspected,
    Verdict,
)


def test_words_are_the_contracts() -> None:
    """Modes, actions and reasons are spelt as the API reference and the metrics spell them."""
    assert [*Mode] == ["shadow", "active"]
    assert [*Action] == ["passed", "shadow_kill", "active_kill", "error", "skipped"]
    assert [*Uninspected] == [
        "timeout", "oversize", "overload", "parse", "encoding", "upgrade", "budget", "policy",
        "error",
    ]  # fmt: skip
    assert DEFAULT_THRESHOLD == 0.95


def test_header_returns_first_value() -> None:
    """The first value of a repeated header is returned, and nothing for one that is absent."""
    request = Request("GET", b"/", (("accept", b"a"), ("x", b"1"), ("x", b"2")))
    assert request.header("x") == b"1"
    assert request.header("y") == b""


def test_detectors_threshold_beats_the_general() -> None:
    """A detector with a threshold of its own is held to it, every other one to the general."""
    options = ScoreOptions(threshold=0.8, thresholds={"xss": 0.5})
    assert options.threshold_of("xss") == 0.5
    assert options.threshold_of("sqli") == 0.8
    assert ScoreOptions().threshold_of("xss") == DEFAULT_THRESHOLD


@pytest.mark.parametrize(
    "value",
    [
        Request("GET", b"/"), ScoreOptions(), Exclusion(), Finding("xss", 0.5, "", ""), Verdict(),
        Decision(Action.PASSED, Mode.SHADOW),
    ],
)  # fmt: skip
def test_values_are_immutable(value: object) -> None:
    """What crosses a file boundary can't be changed by who receives it."""
    name = fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)


def test_shared_defaults_are_immutable() -> None:
    """The empty mappings that all values share can't be filled."""
    with pytest.raises(TypeError):
        Verdict().breakdown["xss"] = 1.0  # type: ignore[index]
    with pytest.raises(TypeError):
        ScoreOptions().thresholds["xss"] = 1.0  # type: ignore[index]


def test_refused_means_a_status() -> None:
    """A decision refuses exactly when it has a status to refuse with."""
    assert not Decision(Action.SHADOW_KILL, Mode.SHADOW).is_refused
    assert Decision(Action.ACTIVE_KILL, Mode.ACTIVE, refuse_status=403).is_refused


def test_exclusion_ends_when_it_says() -> None:
    """At that moment, and never where it says none."""
    assert not Exclusion(expires=10.0).has_expired(9.9)
    assert Exclusion(expires=10.0).has_expired(10.0)
    assert not Exclusion().has_expired(1e12)
