"""Figures of the dev sources are by request, and by what the rules miss."""

from pathlib import Path

import numpy as np

from inference.training.options import TrainOptions
from inference.training.sqli_dev import (
    Case,
    Dev,
    dev_table,
    field_point,
    gains_table,
    ranking_table,
    read_dev,
)
from inference.training.sqli_regex import Rules
from tests.inference.training.training_samples import write_data

DEV = Dev(
    (
        Case("libinjection", True, (0,), 0.99),
        Case("libinjection", True, (1,), 0.2),
        Case("libinjection", False, (2, 3), 0.0),
        Case("api", False, (), 0.0),
    ),
    ("a", "b", "c", "d"),
)


def test_dev_sources_are_read(tmp_path: Path) -> None:
    """Each row is a case with its texts and the rules' word."""
    folder = write_data(tmp_path)
    dev = read_dev(TrainOptions(folder, tmp_path), Rules())
    assert [case.set for case in dev.cases] == ["dev", "libinjection"]
    assert [len(case.texts) for case in dev.cases] == [1, 1]
    assert dev.cases[1].rules > dev.cases[0].rules


def test_request_has_its_highest_margin() -> None:
    """A request of which nothing is shown is far below all."""
    found = DEV.request_margins(np.array([1.0, 2.0, -3.0, 5.0]))
    assert found[:3].tolist() == [1.0, 2.0, 5.0]
    assert found[3] < -20


def test_table_has_each_column_alone_and_joined() -> None:
    """Of two attacks the rules find one, the model the other."""
    scores = np.array([0.1, 0.97, 0.96, 0.0])
    text = dev_table(DEV, {"net": scores})
    (attacks,) = [line for line in text.splitlines() if line.startswith("| libinjection, attacks")]
    assert [cell.split(" %")[0] for cell in attacks.split(" | ")[1:]] == ["50.0", "50.0", "100.0"]
    (hard,) = [line for line in text.splitlines() if line.startswith("| libinjection, benign (1)")]
    assert [cell.split(" %")[0] for cell in hard.split(" | ")[1:]] == ["0.000", "100.0", "100.0"]
    (adds,) = [line for line in gains_table(DEV, {"net": scores}).splitlines() if "libinj" in line]
    assert "| 50.0 %" in adds


def test_ranking_is_against_its_own_negatives() -> None:
    """A benign text above one of two attacks costs half the recall."""
    margins = np.array([1.0, 4.0, 2.0, 0.0])
    text = ranking_table(DEV, {"net": DEV.request_margins(margins)})
    assert text.splitlines()[-1].endswith("| 0.5000 |")
    assert field_point(DEV, margins).recall.hits == 1
