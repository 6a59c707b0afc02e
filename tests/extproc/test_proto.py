"""The compiled messages are those of the .proto files."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import extproc.proto

FOLDER = Path(extproc.proto.__file__).parent
SOURCES = sorted(path.stem for path in FOLDER.glob("*.proto"))


@pytest.mark.parametrize("source", SOURCES)
def test_compiled_messages_are_fresh(source: str, tmp_path: Path) -> None:
    """``make proto`` would change nothing but the version line of the compiler."""
    assert importlib.util.find_spec("grpc_tools"), "pip install '.[lint]'"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", str(FOLDER),
         f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", f"{source}.proto"],
        check=True,
    )  # fmt: skip
    for name in (f"{source}_pb2.py", f"{source}_pb2.pyi"):
        assert (tmp_path / name).read_text() == (FOLDER / name).read_text()
