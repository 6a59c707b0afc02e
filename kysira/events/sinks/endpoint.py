"""The endpoint of the http sink: posts one batch, and says what came of it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar

from kysira import __version__
from kysira.events.settings import BatchFormat
from kysira.events.sinks.batch import Batch
from kysira.events.sinks.retry import is_passing, retry_after_s

BATCH_ID = "X-Kysira-Batch-Id"
TIMEOUT_S = 10.0
_ANSWER_BYTES = 1 << 16
_ANSWER_S = 1.0
_CONTENT_TYPES = {
    BatchFormat.NDJSON: "application/x-ndjson",
    BatchFormat.JSON: "application/json",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where batches are posted, and how."""

    url: str
    format: BatchFormat = BatchFormat.NDJSON
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """Such as one with a key: not for logs."""
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """Return what logs call it: a URL may hold keys in its user, path and query."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class Outcome(NamedTuple):
    """What came of posting a batch."""

    is_done: bool
    """False when the same batch should be sent again later."""
    is_refused: bool = False
    """True when the endpoint will never take it."""
    why: str = ""
    wait_s: float | None = None
    """How long the endpoint has asked to be left alone."""


class EndpointClient:
    """Posts batches to an endpoint; a context manager of its connections."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._session = ClientSession(
            timeout=ClientTimeout(total=endpoint.timeout_s),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,  # nobody reads the answer: it must not grow either
            trust_env=False,
            headers={
                "Content-Type": _CONTENT_TYPES[endpoint.format],
                "User-Agent": f"kysira/{__version__}",
                **endpoint.headers,
            },
        )

    async def post(self, batch: Batch, data: bytes) -> Outcome:
        """Send a batch; whatever goes wrong on the way is an outcome."""
        try:
            async with self._session.post(
                self._endpoint.url, data=self._body(data), headers={BATCH_ID: batch.id},
                allow_redirects=False,
            ) as response:  # fmt: skip
                # Read only so that the connection is kept; its end comes as an EOFError.
                with suppress(ClientError, OSError, EOFError):
                    async with asyncio.timeout(_ANSWER_S):
                        await response.content.readexactly(_ANSWER_BYTES)
                return _outcome(response)
        except TimeoutError:
            return Outcome(False, why=f"no answer within {self._endpoint.timeout_s:g} s")
        except (ClientError, OSError, ValueError) as error:
            # Other texts than the system's quote the URL, which may hold a key.
            return Outcome(False, why=str(error) if isinstance(error, OSError) else _kind(error))

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()

    def _body(self, data: bytes) -> bytes:
        if self._endpoint.format is BatchFormat.NDJSON:
            return data
        return b"[" + data.rstrip(b"\n").replace(b"\n", b",") + b"]"


def _kind(error: Exception) -> str:
    return type(error).__name__


def _outcome(response: ClientResponse) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Outcome(True)
    why = f"status {status}"
    if 300 <= status < 400:
        why += ", and redirects are not followed"
    if is_passing(status):
        return Outcome(False, why=why, wait_s=retry_after_s(response.headers.get("Retry-After")))
    return Outcome(True, is_refused=True, why=why)
