"""Requests that doctor sends where clients do: a harmless one, and attacks that would harm nothing.

What they are called exempts them from nothing: they are scored as any other.
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from ctl.doctor.node import Node
from ctl.fleet.client import why
from kysira import __version__

USER_AGENT = f"kysiractl-doctor/{__version__}"
ATTACK = "' UNION SELECT password FROM users--"
_MOST_BYTES = 1 << 20
_TOKEN_LETTERS = 10


@dataclass(frozen=True, slots=True)
class Probe:
    """One request."""

    method: str
    url: str
    token: str
    """What no other request has in its query: its event is known by it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    json_body: Node | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int = 0
    """0 when there was no answer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """With names in lower case."""
    body: bytes = b""
    error: str = ""
    """Why there was none."""
    is_cut: bool = False
    """True when the connection was ended instead, as the proxy may end one of an attacker."""


def new_token() -> str:
    """Return letters that nobody guesses, and that events show: they look like no secret."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_TOKEN_LETTERS))


def probe(url: str, query: str = "", json_body: Node | None = None) -> Probe:
    """Return a probe of the URL; what it asks is added to the URL's own query."""
    parts, token = urlsplit(url), new_token()
    asked = "&".join(filter(None, (parts.query, f"doctor={token}", query)))
    where = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", asked, ""))
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*"}
    return Probe("GET" if json_body is None else "POST", where, token, headers, json_body)


def attack_in_query(url: str) -> Probe:
    """Return a probe that no app would take for a user's."""
    return probe(url, f"q={quote(ATTACK)}")


def attack_in_body(url: str) -> Probe:
    """Return a probe whose line and headers are harmless."""
    return probe(url, json_body={"comment": ATTACK})


def benign(url: str, spoof: str) -> Probe:
    """Return a harmless probe that claims, with a word nobody else uses, to be scored already."""
    made = probe(url, "q=garden+chairs")
    headers = {**made.headers, "X-Kysira-Reason": spoof}
    return Probe(made.method, made.url, made.token, headers)


async def send(session: aiohttp.ClientSession, sent: Probe, timeout_s: float) -> Answer:
    """Return the answer to a probe; never raises for what server or network do."""
    try:
        async with session.request(
            sent.method, URL(sent.url, encoded=True), headers=sent.headers, json=sent.json_body,
            allow_redirects=False, timeout=aiohttp.ClientTimeout(total=timeout_s),
        ) as answer:  # fmt: skip
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, headers, await _body(answer))
    except TimeoutError:
        return Answer(error=f"no answer in {timeout_s:g} s")
    except (aiohttp.ServerDisconnectedError, ConnectionResetError, aiohttp.ClientOSError) as error:
        is_refused = isinstance(error, aiohttp.ClientConnectorError)
        return Answer(error=why(error), is_cut=not is_refused)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(error=why(error))


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    try:
        while len(body) < _MOST_BYTES and (piece := await answer.content.read(_MOST_BYTES)):
            body += piece  # one read is what there is, not all
    except (aiohttp.ClientError, OSError):  # the status has come, which says enough
        pass
    return body
