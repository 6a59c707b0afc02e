"""What kysiractl can be told once."""

import dataclasses
from typing import Any

import pytest

from ctl.config.settings import SECRETS, CtlSettings

FIELDS = {field.name: field for field in dataclasses.fields(CtlSettings)}


def read(name: str, text: str) -> Any:
    """Return what a setting makes of its text."""
    return FIELDS[name].metadata["read"](text)


def test_targets_are_separated_by_commas() -> None:
    """Blanks and empty ones don't count."""
    assert read("targets", "a:1, b:2,,") == ("a:1", "b:2")


def test_paths_may_begin_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has no shell that would expand it."""
    monkeypatch.setenv("HOME", "/home/ann")
    assert str(read("admin_token_file", "~/token")) == "/home/ann/token"
    assert str(read("admin_token_file", "/etc/token")) == "/etc/token"


def test_secrets_are_settings() -> None:
    """What is never shown is there, and every setting says what it is."""
    assert set(FIELDS) >= SECRETS
    assert all(field.metadata["help"].endswith(".") for field in FIELDS.values())
