"""The names of detectors, known without the engine."""

import pytest

from ctl.detectors import complete_slug, read_slug, slugs
from inference.detectors import load_detectors


def test_slugs_are_the_engines() -> None:
    """A detector that is added is known here too."""
    assert slugs() == tuple(sorted(detector.slug for detector in load_detectors()))


def test_slug_error_names_the_nearest() -> None:
    """Or all that there are."""
    assert read_slug("sqli") == "sqli"
    with pytest.raises(ValueError, match=r"is it path-traversal\?"):
        read_slug("path_traversal")
    with pytest.raises(ValueError, match="there are command-injection, "):
        read_slug("zzz")


def test_slugs_are_completed() -> None:
    """For a shell."""
    assert complete_slug("xp") == ["xpath-injection"]
