"""kysira-train says what it wants, and what is wrong, in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference.training.__main__ import parse


def test_options_are_read() -> None:
    """Every option has its place; the folder is named after the model."""
    model, options = parse(
        ["sqli", "--data", "d", "--seed", "3", "--epochs", "0.5", "--device", "cuda",
         "--limit", "9", "--permissive-only", "--dry-run"]
    )  # fmt: skip
    assert model == "sqli"
    assert (options.data, options.out) == (Path("d"), Path("sqli-classifier"))
    assert (options.seed, options.epochs, options.device, options.limit) == (3, 0.5, "cuda", 9)
    assert options.permissive_only
    assert options.dry_run
    assert parse(["prompt-injection", "--data", "d"])[1].out == Path("prompt-injection")


@pytest.mark.parametrize(
    "argv",
    [
        ["sqli"],
        ["xss", "--data", "d"],
        ["sqli", "--data", "d", "--epochs", "0"],
        ["sqli", "--data", "d", "--epochs", "nan"],
        ["sqli", "--data", "d", "--limit", "0"],
        ["sqli", "--data", "d", "--device", "tpu"],
    ],
)
def test_wrong_command_line_is_refused(argv: list[str]) -> None:
    """Exit 2, as every command does."""
    with pytest.raises(SystemExit) as caught:
        parse(argv)
    assert caught.value.code == 2


def test_missing_data_is_one_line(tmp_path: Path) -> None:
    """No traceback: the folder and the file that it lacks."""
    done = subprocess.run(
        [sys.executable, "-m", "inference.training", "sqli", "--data", str(tmp_path), "--dry-run"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "heldout_norm_sha1.txt" in done.stderr


def test_missing_library_is_told_first(tmp_path: Path) -> None:
    """Before the data is read, which takes a minute."""
    (tmp_path / "sklearn.py").write_text("raise ModuleNotFoundError('No module named sklearn')")
    done = subprocess.run(
        [sys.executable, "-m", "inference.training", "sqli", "--data", str(tmp_path / "none")],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install '.[train]'" in done.stderr
