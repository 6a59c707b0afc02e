"""The scoring port, and the scorer that asks an inference service over HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from kysira.breaker import Breaker
from kysira.errors import ScoringError, ScoringOverload, ScoringTimeout, ScoringTooLarge
from kysira.exclusions import held_at
from kysira.types import Request, ScoreOptions, Verdict
from kysira.wire import request_to_json, verdict_from_json

_MOST_ANSWER_BYTES = 1 << 20
"""A verdict takes some hundreds; what is much longer would only fill the memory."""
_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class Scorer(Protocol):
    """Turns requests into verdicts."""

    @property
    def description(self) -> str:
        """Return ``in-process`` or the service's URL, without credentials."""

    @property
    def is_failing(self) -> bool:
        """Return True while scoring is broken for all requests: the last call got no verdict."""

    @property
    def detectors(self) -> Mapping[str, str]:
        """Map the detectors to what backs each, ``model`` or ``regex``; nothing if unknown."""

    def score(self, request: Request, options: ScoreOptions) -> Verdict | Awaitable[Verdict]:
        """Return the verdict, or what to await when it can't be had at once.

        Both raise ScoringError when there is none.
        """

    async def close(self) -> None:
        """Release threads and connections."""


class HttpScorer:
    """Asks ``POST /score/all`` of an inference service."""

    def __init__(
        self, url: str, *, max_connections: int = 100, breaker: Breaker | None = None
    ) -> None:
        """Connect lazily, so that the service may start later; needs a running event loop."""
        self._breaker = breaker or Breaker()
        self._url = url.rstrip("/") + "/score/all"
        self.description = masked_url(url)
        self.is_failing = False
        self.detectors: Mapping[str, str] = {}  # its /health says
        self._verdicts = 0
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=max_connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a small answer could become a large one
            trust_env=False,
        )

    async def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Return the verdict; raises ScoringError. The deadline is the caller's to set.

        A service that hangs is not waited for by every request: after some it is asked once a
        second, until it answers.
        """
        if not self._breaker.allows():
            raise ScoringTimeout(f"inference at {self.description} hangs: not asked just now")
        if options.exclusions:  # not all of a long policy with each request
            options = replace(options, exclusions=held_at(options.exclusions, request.target))
        payload = json.dumps(request_to_json(request, options)).encode()
        verdicts = self._verdicts
        try:
            verdict = verdict_from_json(await self._ask(payload))
        except ScoringTooLarge:  # the request's fault
            self._breaker.answered()
            raise
        except ScoringTimeout:
            self._breaker.missed()
            self.is_failing = True
            raise
        except ScoringError:  # at once: nobody waited
            self._breaker.answered()
            self.is_failing = True
            raise
        except asyncio.CancelledError:
            # The deadline, or a client that left: the service is slow if nobody got a verdict.
            if verdicts == self._verdicts:
                self.is_failing = True
                self._breaker.missed()
            raise
        self._verdicts += 1
        self._breaker.answered()
        self.is_failing = False
        return verdict

    async def _ask(self, payload: bytes) -> bytes:
        try:
            async with self._session.post(
                self._url, data=payload, headers=_HEADERS, allow_redirects=False
            ) as response:
                answer = await self._read(response)
                status = response.status
        except TimeoutError:  # first, as it is an OSError
            raise ScoringTimeout(f"inference at {self.description} timed out") from None
        except (aiohttp.ClientError, OSError) as error:
            # Other texts than the system's quote the answer, which may quote a request.
            why = str(error) if isinstance(error, OSError) else type(error).__name__
            raise ScoringError(f"inference at {self.description}: {why}") from error
        if status == 200:
            return answer
        if status == 503:
            raise ScoringOverload(f"inference is loading or overloaded: {answer[:200]!r}")
        if status == 413:
            raise ScoringTooLarge(f"inference reads no request this large: {answer[:200]!r}")
        # This one is logged, and services like to quote what they do not understand.
        raise ScoringError(f"inference at {self.description} answered {status}")

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        answer = bytearray()
        async for piece in response.content.iter_any():
            answer += piece
            if len(answer) > _MOST_ANSWER_BYTES:
                response.close()
                raise ScoringError(f"inference at {self.description} answers without end")
        return bytes(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def masked_url(url: str) -> str:
    """Return the URL without user name and password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]))
