"""What a model's folder says is read, and what is wrong with it is named."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from inference.model_folder import GRAPHS, LONGEST, ModelSpec, as_number, read_folder
from kysira.errors import ModelError, ScoringError
from tests.inference.model_samples import write_graph, write_model


def spec(labels: tuple[str, ...] = ("BENIGN", "INJECTION"), **values: object) -> ModelSpec:
    return ModelSpec(Path("m"), None, labels, **{"attacks": (1,), **values})  # type: ignore[arg-type]


def test_settings_come_from_the_files(tmp_path: Path) -> None:
    """The label by its name, the length by the model, the rest by default."""
    found = read_folder(write_model(tmp_path))
    assert found.labels == ("BENIGN", "INJECTION")
    assert found.attacks == (1,)
    assert found.max_length == 64
    assert found.temperature == 1.0
    assert found.graph == tmp_path / "model.onnx"


def test_kysira_json_wins(tmp_path: Path) -> None:
    """What a user says of a model goes before what its configuration says."""
    folder = write_model(tmp_path, attack_label="BENIGN", max_length=7, temperature=2)
    found = read_folder(folder)
    assert (found.attacks, found.max_length, found.temperature) == ((0,), 7, 2)


@pytest.mark.parametrize("number", range(len(GRAPHS)))
def test_best_graph_is_taken(tmp_path: Path, number: int) -> None:
    """Every place is looked at, quantised before full."""
    folder = write_model(tmp_path)
    (folder / "model.onnx").unlink()
    for name in GRAPHS[number:]:
        write_graph(folder / name)
    assert read_folder(folder).graph == folder / GRAPHS[number]


@pytest.mark.parametrize(
    ("labels", "attacks"),
    [
        ({"0": "SAFE", "1": "INJECTION"}, (1,)),
        ({"0": "sqli", "1": "benign"}, (0,)),
        ({"0": "Legit", "1": "dodgy"}, (1,)),
        ({"0": "BENIGN", "1": "INJECTION", "2": "JAILBREAK"}, (1, 2)),
        ({"0": "benign", "1": "sqli", "2": "other"}, (1,)),
    ],
)
def test_attack_label_is_found(
    tmp_path: Path, labels: dict[str, str], attacks: tuple[int, ...]
) -> None:
    """The usual names are known, in any case and any order."""
    assert read_folder(write_model(tmp_path, labels=labels)).attacks == attacks


@pytest.mark.parametrize("labels", [{"0": "LABEL_0", "1": "LABEL_1"}, {"0": "a", "1": "b"}])
def test_unknown_labels_are_no_guess(tmp_path: Path, labels: dict[str, str]) -> None:
    """A wrong guess would turn the model around; the error says how to tell."""
    folder = write_model(tmp_path, labels=labels)
    with pytest.raises(ModelError, match=r"config\.json: which of .*attack_label"):
        read_folder(folder)
    (folder / "kysira.json").write_text(json.dumps({"attack_label": labels["1"]}))
    assert read_folder(folder).attacks == (1,)


def test_default_labels_are_filled_in(tmp_path: Path) -> None:
    """The transformers library leaves LABEL_0 and LABEL_1 out of the file."""
    folder = write_model(tmp_path, attack_label=["LABEL_1"])
    (folder / "config.json").write_text("{}")
    assert read_folder(folder).attacks == (1,)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.json", "{"),
        ("config.json", "[]"),
        ("config.json", "[" * 100_000),
        ("config.json", '{"id2label": []}'),
        ("config.json", '{"id2label": {"1": "INJECTION"}}'),
        ("config.json", '{"id2label": {}}'),
        ("kysira.json", "\xff"),
        ("kysira.json", '{"attack_label": "nope"}'),
        ("kysira.json", '{"attack_label": []}'),
        ("kysira.json", '{"temperature": 0}'),
        ("kysira.json", '{"temperature": NaN}'),
        ("kysira.json", f'{{"temperature": 1{"0" * 400}}}'),
        ("kysira.json", '{"temperature": true}'),
        ("kysira.json", f'{{"temperature": -1{"0" * 400}}}'),
        ("kysira.json", '{"temperature": "1"}'),
        ("kysira.json", '{"max_length": 0}'),
        ("kysira.json", '{"max_length": "64"}'),
        ("kysira.json", '{"max_lenght": 64}'),
    ],
)
def test_broken_file_is_named(tmp_path: Path, file: str, text: str) -> None:
    """The error is one line with the file's name."""
    folder = write_model(tmp_path)
    (folder / file).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError) as caught:
        read_folder(folder)
    assert str(folder / file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "length",
    [LONGEST + 1, 10**18, 10**30, 10**400, -(10**400), True, 64.0],
    ids=lambda length: f"{length!s:.9}",
)
def test_max_length_is_bounded(tmp_path: Path, length: object) -> None:
    """A length that no memory holds is refused by the file's name and the bound."""
    folder = write_model(tmp_path, max_length=length)
    with pytest.raises(ModelError, match=rf"kysira\.json: max_length [^\n]* 1 to {LONGEST}$"):
        read_folder(folder)


@pytest.mark.parametrize("length", [1, LONGEST])
def test_max_length_may_be_its_bound(tmp_path: Path, length: int) -> None:
    """Both ends count."""
    assert read_folder(write_model(tmp_path, max_length=length)).max_length == length


def test_link_to_nothing_is_named(tmp_path: Path) -> None:
    """Settings that can't be followed are not settings that were never made."""
    folder = write_model(tmp_path)
    (folder / "kysira.json").symlink_to("nothing")
    with pytest.raises(ModelError, match=r"kysira\.json: no such file or directory$"):
        read_folder(folder)


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), True, False, None, "1", [1], math.nan],
    ids=lambda value: f"{value!s:.9}",
)
def test_number_is_no_other_value(value: object) -> None:
    """Whatever is no number, or too large for a float, is NaN: no bound lets it through."""
    assert math.isnan(as_number(value))


@pytest.mark.parametrize("value", [0, -3, 1.5, -math.inf])
def test_number_stays_what_it_is(value: float) -> None:
    """Whole or not."""
    assert as_number(value) == value
    assert isinstance(as_number(value), float)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """So is a folder that isn't there, and one without a configuration."""
    with pytest.raises(ModelError, match=r"nothing: no such folder"):
        read_folder(tmp_path / "nothing")
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        read_folder(tmp_path)


def test_probabilities_are_a_softmax() -> None:
    """Rows are independent, temperature divides, several attack labels add up."""
    logits = np.array([[0.0, 2.0], [3.0, 3.0]], dtype=np.float32)
    first, second = spec().probabilities(logits)
    assert first == pytest.approx(1 / (1 + math.exp(-2)))
    assert second == pytest.approx(0.5)
    cooler = spec(temperature=2.0).probabilities(logits)
    assert cooler[0] == pytest.approx(1 / (1 + math.exp(-1)))
    three = spec(("a", "b", "c"), attacks=(1, 2)).probabilities(np.zeros((1, 3), np.float32))
    assert three == pytest.approx([2 / 3])


def test_single_logit_is_a_sigmoid() -> None:
    """So are the logits of a multi-label model, of which the highest attack counts."""
    one = spec(("INJECTION",), attacks=(0,)).probabilities(np.array([[2.0]], np.float32))
    assert one == pytest.approx([1 / (1 + math.exp(-2))])
    several = spec(("x", "y"), attacks=(0, 1), is_multi_label=True)
    assert several.probabilities(np.array([[2.0, -1.0]], np.float32)) == pytest.approx(one)


@pytest.mark.parametrize("logits", [[[1e30, -1e30]], [[-1e30, 1e30]], [[88.0, -3e38]]])
def test_extreme_logits_stay_probabilities(logits: list[list[float]]) -> None:
    """No overflow turns a score into something that is not a number."""
    for kind in (spec(), spec(is_multi_label=True)):
        (score,) = kind.probabilities(np.array(logits, np.float32))
        assert 0.0 <= score <= 1.0


@pytest.mark.parametrize(
    "logits", [[[1.0, 2.0, 3.0]], [1.0, 2.0], [[math.nan, 0.0]], [[math.inf, 0.0]]]
)
def test_wrong_output_is_an_error(logits: object) -> None:
    """A shape that doesn't fit the labels, or no number, is never a score."""
    with pytest.raises(ScoringError):
        spec().probabilities(np.array(logits, np.float32))
