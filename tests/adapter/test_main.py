"""The programs of the front-ends say what they can be told."""

import dataclasses
import subprocess
import sys

import pytest

from adapter.settings import ProxySettings


@pytest.mark.parametrize(("entry", "settings"), [("proxy", ProxySettings)])
def test_help_lists_every_setting(entry: str, settings: type) -> None:
    """With its option and its variable."""
    program = f"from adapter.__main__ import {entry}; {entry}()"
    told = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True
    ).stdout
    for field in dataclasses.fields(settings):
        assert f"--{field.name.replace('_', '-')}" in told
        assert f"KYSIRA_{field.name.upper()}" in told
