"""Ports are looked at before anything starts."""

import socket

import pytest

from ctl.stack.ports import require_free
from kysira.errors import StartError


def test_free_ports_pass() -> None:
    """Free ones and any number of zeros are fine."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    require_free({"--a": port, "--b": 0, "--c": 0})


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_taken_port_is_named(is_shared: bool, host: str) -> None:
    """A listener is noticed, also one that would share its port or has every address."""
    with socket.socket() as other:
        if is_shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((host, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError) as caught:
            require_free({"--a": 0, "--b": port})
    assert str(caught.value) == (
        f"port {port} is taken: choose another with --b (0 is any free one)"
    )


def test_same_port_twice_is_named() -> None:
    """Two parts can't have one port."""
    with pytest.raises(StartError, match="--a and --b are both 4: choose two ports"):
        require_free({"--a": 4, "--b": 4})
