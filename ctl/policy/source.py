"""A policy from where it is: a file, a running service, or nowhere, which is the defaults."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctl.fleet.options import Which
from ctl.inputs import STDIN
from kysira.errors import PolicyError, StartError
from kysira.located_yaml import Location
from kysira.policy import Policy
from kysira.types import Mode

if TYPE_CHECKING:
    from ctl.fleet.client import Reply

POLICY_PATH = "/_kysira/policy"
DEFAULTS = "the defaults"
_NO_POLICY = "answered something that is no policy"


@dataclass(frozen=True, slots=True)
class Known:
    """A policy, and where it is from."""

    name: str
    """A file's path, a target, or ``the defaults``."""
    policy: Policy
    mode: Mode
    """The one in force: a service's may have been flipped."""
    lines: Mapping[Location, int] = field(default_factory=dict)
    """Where the parts of a file are; nothing where there is none."""

    def origin(self, *keys: str | int) -> str:
        """Return where a part is said: ``kysira.yaml:3``, or ``default``."""
        if self.name == DEFAULTS:
            return "default"
        if not self.lines:
            return self.name
        return f"{self.name}:{self.lines[keys]}" if keys in self.lines else "default"


def of_file(path: Path, now: float) -> Known:
    """Return the policy of a file; raises PolicyError with a line for each problem."""
    return of_bytes(read(path), "standard input" if str(path) == STDIN else str(path), now)


def read(path: Path) -> bytes:
    """Return what a file holds, ``-`` is standard input; raises PolicyError."""
    from kysira.policy_file import MAX_FILE_BYTES, read_bytes  # noqa: PLC0415 - pydantic

    if str(path) != STDIN:
        return read_bytes(path)
    if sys.stdin is None:
        raise PolicyError("standard input is closed")
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise PolicyError(f"standard input is longer than {MAX_FILE_BYTES} bytes")
    return data


def of_bytes(data: bytes, name: str, now: float) -> Known:
    """Return the policy that a file's text declares; raises PolicyError."""
    from kysira.located_yaml import read_yaml  # noqa: PLC0415
    from kysira.policy_file import build, parse_policy  # noqa: PLC0415 - pydantic

    policy = build(parse_policy(data, name), {}, now)
    return Known(name, policy, policy.mode, read_yaml(data.decode("utf-8-sig")).lines)


def of_defaults() -> Known:
    """Return what holds without a file."""
    policy = Policy()
    return Known(DEFAULTS, policy, policy.mode)


async def ask(which: Which) -> "list[Reply]":
    """Return what every service says of its policy; raises StartError when none is found."""
    from ctl.fleet.open import fleet  # noqa: PLC0415 - aiohttp takes 0.2 s

    async with fleet(which) as found:
        replies = await found.client.ask_all(found.targets, POLICY_PATH)
    return list(replies)


def is_told(reply: "Reply") -> bool:
    """Return True for an answer that is a policy."""
    return reply.is_ok and isinstance(reply.body, dict) and isinstance(
        reply.body.get("policy"), dict
    )  # fmt: skip


def why_silent(reply: "Reply") -> str:
    """Return why there is no policy of a service, for people."""
    return f"{reply.target.name}: {reply.error or _NO_POLICY}"


def of_reply(reply: "Reply", now: float) -> Known:
    """Return the policy in force in a service; raises StartError where it did not tell."""
    from kysira.policy_file import build, parse_policy  # noqa: PLC0415 - pydantic

    name = reply.target.name
    if not is_told(reply):
        raise StartError(why_silent(reply))
    told: dict[str, Any] = reply.body
    try:
        policy = build(parse_policy(json.dumps(told["policy"]).encode(), name), {}, now)
        mode = Mode(told["mode"])
    except (PolicyError, KeyError, ValueError):
        raise StartError(
            f"{name}: its policy is none that kysiractl knows: are the versions equal?"
        ) from None
    if policy.hash != told.get("hash"):
        raise StartError(f"{name}: its policy has another hash here: are the versions equal?")
    return Known(name, policy, mode)


async def of_service(which: Which, now: float) -> Known:
    """Return the policy of the services, which must have the same; raises StartError."""
    replies = await ask(which)
    known = [of_reply(reply, now) for reply in replies]
    odd = [each for each in known if each.policy.hash != known[0].policy.hash]
    if odd:
        raise StartError(
            f"{known[0].name} and {odd[0].name} have different policies: name one of them"
        )
    return known[0]
