"""What can go wrong between a client and the app; never seen outside of this package.

ProxyError
├── MessageError     a client's message is broken, ambiguous or too slow
└── UpstreamError    the app can't be reached, or its answer can't be read
    └── StaleError   a kept connection was closed before anything of an answer came
"""


class ProxyError(Exception):
    """An error with the HTTP status that tells the client of it."""

    status = 500

    def __init__(self, detail: str, status: int | None = None) -> None:
        """``detail`` is for the client to read: it must say nothing of what is inside."""
        super().__init__(detail)
        self.detail = detail
        if status is not None:
            self.status = status


class MessageError(ProxyError):
    """A client's message is broken, could be read in two ways, or doesn't come."""

    status = 400


class UpstreamError(ProxyError):
    """The app can't be reached, or its answer can't be read."""

    status = 502

    def __init__(self, detail: str, status: int | None = None, *, cause: str = "") -> None:
        """``cause`` is for the log, and no client's to know."""
        super().__init__(detail, status)
        self.cause = cause


class StaleError(UpstreamError):
    """A kept connection was closed before anything of an answer came."""
