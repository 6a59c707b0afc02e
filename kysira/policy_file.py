"""``kysira.yaml``: read, checked, and made into a policy.

Importing this takes a tenth of a second, so services that are given no such file don't.
"""

import json
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kysira.client_address import SAID_BY_PROXIES, Network
from kysira.errors import PolicyError
from kysira.located_yaml import Problem, read_yaml
from kysira.policy import Policy
from kysira.policy_model import ExclusionPart, PolicyFile, RoutePart, read_moment
from kysira.policy_problems import problems_of, repeated_names
from kysira.routes import Route
from kysira.types import DEFAULT_THRESHOLD, DETECTORS, Exclusion, ScoreOptions

MAX_FILE_BYTES = 1 << 20


def read_policy(path: Path) -> PolicyFile:
    """Return what a file declares; raises PolicyError with a line for each thing that is wrong."""
    return parse_policy(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; raises PolicyError where there is none, or a very long one."""
    try:
        if not path.is_file() and path.exists():  # a pipe would block
            raise PolicyError(f"{path}: is no file")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    if len(data) > MAX_FILE_BYTES:
        raise PolicyError(f"{path}: is longer than {MAX_FILE_BYTES} bytes")
    return data


def parse_policy(data: bytes, name: str) -> PolicyFile:
    """Return what a file's text declares; ``name`` is what errors call it. Raises PolicyError."""
    try:
        found = read_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PolicyError(f"{name}:{line}: is not UTF-8") from None
    problems = list(found.problems)
    declared = PolicyFile()
    if found.data is None and not problems:
        problems.append(Problem("is empty: write {} for a policy of defaults"))
    elif found.data is not None:
        problems += repeated_names(found)
        try:
            declared = PolicyFile.model_validate(found.data)
        except ValidationError as error:
            problems += problems_of(error, found, PolicyFile)
    if problems:
        lines = sorted((each.line, str(each)) for each in problems)
        raise PolicyError(*dict.fromkeys(f"{name}:{line}: {text}" for line, text in lines))
    return declared


def build(declared: PolicyFile, given: Mapping[str, Any], unix_seconds: float) -> Policy:
    """Return the policy in force at a time.

    ``given`` is what options and variables say, by the names of the settings: it wins.
    """
    parts = declared.detectors.items()
    disabled = {slug for slug, part in parts if not part.enabled}
    thresholds = {slug: part.threshold for slug, part in parts if part.threshold is not None}
    default = Policy()

    def first(setting: str, said: Any, otherwise: Any) -> Any:
        return given.get(setting, otherwise if said is None else said)

    networks = declared.trusted_proxies
    policy = Policy(
        ScoreOptions(
            threshold=first("score_threshold", declared.threshold, DEFAULT_THRESHOLD),
            thresholds=thresholds,
            disabled=frozenset(given.get("disabled_detectors", disabled)),
        ),
        max_body_bytes=first("max_body_bytes", declared.max_body_bytes, default.max_body_bytes),
        on_oversize=first("on_oversize", declared.on_oversize, default.on_oversize),
        on_failure=first("on_failure", declared.on_failure, default.on_failure),
        timeout_s=first("timeout_ms", declared.timeout_ms, default.timeout_s * 1000) / 1000,
        mode=first("mode", declared.mode, default.mode),
        routes=tuple(map(_route, declared.routes)),
        exclusions=tuple(map(_exclusion, declared.exclusions)),
        trusted_proxies=first(
            "trusted_proxies", None if networks is None else tuple(map(_as_network, networks)), ()
        ),
        client_address_headers=first(
            "client_address_headers", declared.client_address_headers, SAID_BY_PROXIES
        ),
    )
    return policy.at(unix_seconds)


def _as_network(text: str) -> Network:
    return ip_network(text, strict=False)


def _route(part: RoutePart) -> Route:
    return Route(
        part.name,
        part.match.host or "",
        part.match.path or "/",
        frozenset(part.match.methods or ()),
        part.mode,
        part.threshold,
        part.inspect_body,
        part.on_failure,
    )


def _exclusion(part: ExclusionPart) -> Exclusion:
    expires = None if part.expires is None else read_moment(part.expires)
    return Exclusion(part.path, part.location, part.detector, part.name, expires, part.reason)


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors and checks."""
    schema = PolicyFile.model_json_schema()
    schema["properties"]["detectors"]["propertyNames"] = {"enum": list(DETECTORS)}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "kysira.yaml"}
    return {**head, **{key: value for key, value in schema.items() if key != "title"}}


def policy_schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(policy_schema(), indent=2) + "\n"
