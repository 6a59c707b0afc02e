"""How long and how much: the bounds that nobody has had reason to set."""

from dataclasses import dataclass

MAX_HEAD_BYTES = 65536
"""A longer head of a request is refused: servers behind allow 8 to 64 KiB."""
MAX_HEADERS = 256
MAX_RESPONSE_HEAD_BYTES = 262144
HIGH_WATER_BYTES = 131072
"""What waits of one body before its sender is held back."""
MAX_IDLE_CONNECTIONS = 256
"""Connections to the app that are kept while nobody needs them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that either side may take."""

    header_s: float = 10.0
    """From the first byte of a request to the end of its head."""
    body_s: float = 30.0
    """Between two pieces of a request's body."""
    silence_s: float = 1.0
    """How long a body of unknown length may pause before what came of it is scored: a client may
    wait for the answer before it goes on."""
    keep_alive_s: float = 75.0
    """Between two requests of a connection."""
    write_s: float = 60.0
    """For a receiver to take anything of what is sent."""
    linger_s: float = 5.0
    """For a client to read its answer, when the connection ends before its request did."""
    handshake_s: float = 10.0
    connect_s: float = 5.0
    answer_s: float = 60.0
    """From the end of a request to the head of the app's answer."""
    idle_s: float = 50.0
    """How long an unused connection to the app is kept, unless it says less: servers allow 60 s
    and more, or tell."""
    drain_s: float = 20.0
    """For running requests to finish when the service ends."""
