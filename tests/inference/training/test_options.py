"""Progress goes to stderr; a report is what is left."""

import pytest

from inference.training.options import Progress


def test_progress_is_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout is for the card."""
    tell = Progress()
    tell("step 1")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("s] step 1\n")
    assert tell.seconds >= 0
