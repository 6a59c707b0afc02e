"""The options of an nginx configuration: read at the edge, refused with a word on what to do."""

from pathlib import Path

import pytest

from ctl.nginx.options import NginxOptions, read_path, read_size, read_version


@pytest.mark.parametrize("text", ["0", "512k", "10m", "1g", "131072", "8K"])
def test_size_is_as_nginx_writes_it(text: str) -> None:
    """What nginx takes is kept as it is."""
    assert read_size(text) == text


@pytest.mark.parametrize("text", ["", "-1", "10mb", "1.5m", "10 m", "1t", "10m; x"])
def test_other_sizes_are_refused(text: str) -> None:
    """Nothing that would end the directive gets through."""
    with pytest.raises(ValueError, match="is not a size"):
        read_size(text)


@pytest.mark.parametrize(
    ("text", "version", "has_directive"),
    [("1.22.1", (1, 22, 1), False), ("1.25.1", (1, 25, 1), True), ("1.29", (1, 29, 0), True)],
)
def test_version_decides_how_http2_is_asked_for(
    text: str, version: tuple[int, int, int], has_directive: bool
) -> None:
    """From 1.25.1 on it has a directive of its own."""
    assert read_version(text) == version
    assert NginxOptions(version=version).listens_http2_by_directive is has_directive


@pytest.mark.parametrize("text", ["", "1", "v1.22", "1.22.1.1", "1.x"])
def test_other_versions_are_refused(text: str) -> None:
    """A mistyped version is no version."""
    with pytest.raises(ValueError, match="is not a version"):
        read_version(text)


def test_path_is_absolute() -> None:
    """Nginx would look for a relative one beside its own configuration."""
    assert read_path("/etc/ssl/a b.pem") == "/etc/ssl/a b.pem"
    assert read_path("key.pem") == str(Path.cwd() / "key.pem")


@pytest.mark.parametrize("text", ["", 'a"b', "a'b", "a;b", "a$b", "a{b", "a}b", "a\nb", "a\\b"])
def test_path_that_nginx_would_misread_is_refused(text: str) -> None:
    """No path ends a directive or names a variable."""
    with pytest.raises(ValueError, match="can't"):
        read_path(text)
