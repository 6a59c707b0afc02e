"""The way to the services that are meant."""

import pytest

from ctl.fleet.open import fleet
from ctl.fleet.options import Which
from ctl.fleet.target import read_target
from kysira.errors import StartError


async def test_fleet_is_every_service_meant() -> None:
    """Addresses become targets, and a client that asks them."""
    meant = Which(tuple(map(read_target, ("127.0.0.1:1", "127.0.0.2:1"))), "", "", "", "", 5.0)
    async with fleet(meant) as found:
        assert [target.name for target in found.targets] == ["127.0.0.1:1", "127.0.0.2:1"]
        [first, _] = await found.client.ask_all(found.targets, "/")
        assert first.error == "connection refused"


async def test_fleet_of_pods_needs_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods are found by kubectl alone."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartError, match="kubectl"):
        async with fleet(Which((), "ns", "", "", "", 5.0)):
            pass
