"""The form of a registration: what a person fills in, read strictly."""

import json
import unicodedata
from dataclasses import dataclass, fields
from typing import Any

from kysira.errors import RequestError

BODY_BYTES = 1 << 15
"""No form is longer: its values have 2,554 characters at most, each 12 bytes at most in JSON."""
_LONGEST = {"name": 100, "email": 254, "company": 200, "message": 2000}
_NEEDED = ("name", "email")
_LONGEST_LOCAL_PART = 64


@dataclass(frozen=True, slots=True)
class Registration:
    """Who asks for contact."""

    name: str
    email: str
    company: str = ""
    message: str = ""


def read_form(body: bytes) -> Registration:
    """Return the registration in a JSON body; raises RequestError that says what to do."""
    row = _row(body)
    known = [field.name for field in fields(Registration)]
    if unknown := sorted(row.keys() - set(known)):
        shown = ascii(", ".join(unknown)[:80])
        raise RequestError(f"unknown: {shown}; there are {', '.join(known)}")
    values = {name: _value(name, value) for name, value in row.items()}
    for name in _NEEDED:
        if not values.get(name):
            raise RequestError(f"{name} is missing")
    if not _is_plausible(values["email"]):
        raise RequestError("email must be an address, such as name@example.com")
    return Registration(**values)


def _row(body: bytes) -> dict[str, Any]:
    try:
        row = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise RequestError('the body must be JSON: {"name": "…", "email": "…"}')
    return row


def _value(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{name} must be text")
    text = value.strip()
    if len(text) > _LONGEST[name]:
        raise RequestError(f"{name} must have {_LONGEST[name]} characters at most")
    allowed = "\n\r\t" if name == "message" else ""
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in allowed for char in text):
        raise RequestError(f"{name} holds a control character")
    return text


def _is_plausible(email: str) -> bool:
    """Return True for what could be an address; only a letter to it would tell."""
    local, at, domain = email.rpartition("@")
    labels = domain.split(".")
    return (
        bool(at)
        and 0 < len(local) <= _LONGEST_LOCAL_PART
        and "@" not in local
        and len(labels) > 1
        and all(_is_label(label) for label in labels)
        and not any(char.isspace() or char in '<>(),;:"\\[]' for char in email)
    )


def _is_label(text: str) -> bool:
    bare = text.replace("-", "")
    return 0 < len(text) <= 63 and bare.isalnum() and text[0] != "-" and text[-1] != "-"
