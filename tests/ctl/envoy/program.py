"""Asks the real Envoy whether it takes a configuration."""

import subprocess
from pathlib import Path

from tests.envoy import envoy_binary


def validate(text: str, path: Path) -> None:
    """Fail unless ``envoy --mode validate`` takes the text, without a warning."""
    path.write_text(text)
    command = [envoy_binary(), "--mode", "validate", "--config-path", str(path)]
    command += ["--log-level", "warning"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[:2000]
    assert "deprecated" not in done.stderr, done.stderr[:2000]
