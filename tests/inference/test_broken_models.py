"""A model that can't be used ends the start of a service: one line naming the file, and exit 1."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference.grams import BITS, Grams
from inference.model_grams import CALIBRATION, GRAMS
from tests.inference.model_samples import write_graph, write_model
from tests.inference.service_client import service

SCRIPTS = Path(sys.executable).parent
SERVICES = {
    "kysira-inference": {"KYSIRA_INFERENCE_PORT": "0"},
    "kysira-ext-proc": {"KYSIRA_GRPC_PORT": "0", "KYSIRA_METRICS_PORT": "0"},
}
"""Console scripts that load models, and what lets them listen on any port."""


def cut(path: Path) -> None:
    """Keep half of a file, as a copy that was interrupted leaves it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without(name: str) -> Callable[[Path], None]:
    """Return what removes a file of the folder."""
    return lambda folder: (folder / name).unlink()


def half_of(name: str) -> Callable[[Path], None]:
    """Return what cuts a file of the folder in half."""
    return lambda folder: cut(folder / name)


def saying(name: str, text: str) -> Callable[[Path], object]:
    """Return what puts another text into a file of the folder."""
    return lambda folder: (folder / name).write_bytes(text.encode("latin-1"))


def labels(*names: str) -> Callable[[Path], None]:
    """Return what makes the configuration promise these labels, whatever the graph gives."""

    def rewrite(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_bytes())
        config["id2label"] = {str(number): name for number, name in enumerate(names)}
        (folder / "config.json").write_text(json.dumps(config))

    return rewrite


def as_file(folder: Path) -> None:
    """Put a file where the folder was."""
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def three_columns(folder: Path) -> None:
    """Make the graph give another number of logits than there are labels."""
    write_graph(folder / "model.onnx", columns=3)


def strange_input(folder: Path) -> None:
    """Make the graph ask for something that no tokenizer gives."""
    write_graph(folder / "model.onnx", extra_input="pixel_values")


def add_grams(folder: Path, **own: object) -> None:
    """Add good n-grams to the model; ``own`` goes to their calibration."""
    scale = {"temperature": 1.0, "shift": 0.0}
    Grams(np.zeros(1 << BITS, np.int8), 0.01, 0.0).save(folder / GRAMS)
    (folder / CALIBRATION).write_text(json.dumps({"alone": scale, "together": scale, **own}))


def calibrated(**own: object) -> Callable[[Path], None]:
    """Return what adds n-grams whose calibration says something else."""
    return lambda folder: add_grams(folder, **own)


def half_the_grams(gone: str, *, is_link: bool = False) -> Callable[[Path], None]:
    """Return what adds n-grams of which one file is missing, or a link to nothing."""

    def damage(folder: Path) -> None:
        add_grams(folder)
        (folder / gone).unlink()
        if is_link:
            (folder / gone).symlink_to("nothing")

    return damage


def nothing_in_it(folder: Path) -> None:
    """Empty the folder."""
    shutil.rmtree(folder)
    folder.mkdir()


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, ""),
    "a file": (as_file, ""),
    "empty": (nothing_in_it, "config.json"),
    "config gone": (without("config.json"), "config.json"),
    "config cut": (half_of("config.json"), "config.json"),
    "config a list": (saying("config.json", "[]"), "config.json"),
    "config binary": (saying("config.json", "\xff\xfe\x00"), "config.json"),
    "labels unknown": (labels("a", "b"), "config.json"),
    "labels too many": (labels("benign", "sqli", "other"), "model.onnx"),
    "tokenizer gone": (without("tokenizer.json"), "tokenizer.json"),
    "tokenizer cut": (half_of("tokenizer.json"), "tokenizer.json"),
    "tokenizer of another": (saying("tokenizer.json", '{"model": {}}'), "tokenizer.json"),
    "graph empty": (saying("model.onnx", ""), "model.onnx"),
    "graph cut": (half_of("model.onnx"), "model.onnx"),
    "graph of three columns": (three_columns, "model.onnx"),
    "graph of a strange input": (strange_input, "model.onnx"),
    "n-grams of no array": (saying("ngrams.npz", "PK"), "ngrams.npz"),
    "n-grams gone": (half_the_grams(GRAMS), "ngrams.npz"),
    "n-grams a dangling link": (half_the_grams(GRAMS, is_link=True), "ngrams.npz"),
    "calibration gone": (half_the_grams(CALIBRATION), "ngrams.json"),
    "calibration a dangling link": (half_the_grams(CALIBRATION, is_link=True), "ngrams.json"),
    "calibration of 400 digits": (
        calibrated(alone={"temperature": 1, "shift": 10**400}),
        "ngrams.json",
    ),
    "skip of 400 digits": (calibrated(skip_below=10**400), "ngrams.json"),
    "skip of a truth": (calibrated(skip_below=True), "ngrams.json"),
    "skip of everything": (calibrated(skip_below=1e9), "ngrams.json"),
    "settings no JSON": (saying("kysira.json", "{"), "kysira.json"),
    "settings of no key": (saying("kysira.json", '{"lenght": 4}'), "kysira.json"),
    "settings of no label": (saying("kysira.json", '{"attack_label": "x"}'), "kysira.json"),
    "settings of 10^18 tokens": (
        saying("kysira.json", f'{{"max_length": {10**18}}}'),
        "kysira.json",
    ),
    "settings of 10^30 tokens": (
        saying("kysira.json", f'{{"max_length": {10**30}}}'),
        "kysira.json",
    ),
    "settings of 400 digits": (
        saying("kysira.json", f'{{"temperature": {10**400}}}'),
        "kysira.json",
    ),
}
"""What is done to a good model's folder, and the file that must be named."""


def start(script: str, tmp_path: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a console script to its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KYSIRA_")}
    own = {**SERVICES[script], "KYSIRA_DATA_DIR": str(tmp_path / "data"), **settings}
    return subprocess.run(
        [SCRIPTS / script], capture_output=True, text=True, timeout=120, env={**clean, **own}
    )


def assert_refused(script: str, done: "subprocess.CompletedProcess[str]", file: Path) -> None:
    """Fail unless the service ended with 1 and one line of its own that names the file."""
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"{script}: model "), done.stderr
    assert str(file) in done.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_broken_model_ends_the_start(tmp_path: Path, name: str) -> None:
    """Whatever is wrong with its folder."""
    damage, file = BROKEN[name]
    folder = write_model(tmp_path / "model")
    damage(folder)
    done = start(
        "kysira-inference", tmp_path, KYSIRA_SQLI_MODEL=str(folder), KYSIRA_PI_MODEL="none"
    )
    assert_refused("kysira-inference", done, folder / file)


@pytest.mark.parametrize("name", ["no folder", "config cut", "graph cut", "graph of three columns"])
@pytest.mark.parametrize("setting", ["KYSIRA_SQLI_MODEL", "KYSIRA_PI_MODEL"])
def test_broken_model_ends_ext_proc(tmp_path: Path, name: str, setting: str) -> None:
    """The service that scores in its own process says the same, of either model."""
    damage, file = BROKEN[name]
    folder = write_model(tmp_path / "model")
    damage(folder)
    others = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none"}
    done = start("kysira-ext-proc", tmp_path, **{**others, setting: str(folder)})
    assert_refused("kysira-ext-proc", done, folder / file)


def test_good_model_is_loaded(tmp_path: Path) -> None:
    """What is damaged above is not at fault before it is."""
    folder = write_model(tmp_path / "model")
    with service(KYSIRA_SQLI_MODEL=str(folder), KYSIRA_PI_MODEL="none") as process:
        process.wait_until_ready()
        assert process.get("/health").json["detectors"]["sqli"] == "model"


def test_good_grams_are_loaded(tmp_path: Path) -> None:
    """Nor are the n-grams, before they are damaged."""
    folder = write_model(tmp_path / "model")
    add_grams(folder)
    with service(KYSIRA_SQLI_MODEL=str(folder), KYSIRA_PI_MODEL="none") as process:
        process.wait_until_ready()
        assert process.get("/health").json["detectors"]["sqli"] == "model"
