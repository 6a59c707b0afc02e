"""Addresses of the machine that tests run on."""

import socket


def outside_address() -> str:
    """Return the address of the interface that leads outside, "" where none does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Sends nothing, picks the interface.
        is_found = probe.connect_ex(("192.0.2.1", 9)) == 0
        return str(probe.getsockname()[0]) if is_found else ""
