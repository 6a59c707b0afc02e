"""The compiled messages are those of ext_proc.proto."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import extproc.proto

FOLDER = Path(extproc.proto.__file__).parent


def test_compiled_messages_are_fresh(tmp_path: Path) -> None:
    """``make proto`` would change nothing but the version line of the compiler."""
    assert importlib.util.find_spec("grpc_tools"), "pip install '.[lint]'"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", str(FOLDER),
         f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "ext_proc.proto"],
        check=True,
    )  # fmt: skip
    for name in ("ext_proc_pb2.py", "ext_proc_pb2.pyi"):
        assert (tmp_path / name).read_text() == (FOLDER / name).read_text()
