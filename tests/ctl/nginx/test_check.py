"""nginx's own word on what is rendered."""

import os
from pathlib import Path

import pytest

from ctl.envoy.options import Address, Target
from ctl.nginx.check import check_nginx, find_nginx
from ctl.nginx.options import NginxOptions, Via
from kysira.errors import RenderError
from tests.nginx import nginx_binary


@pytest.mark.parametrize("via", list(Via))
def test_nginx_takes_what_is_rendered(via: Via) -> None:
    """Though app, adapter and certificate are somewhere else."""
    options = NginxOptions(
        via=via, target=Target(Address("app.invalid", 443), is_tls=True), tls_cert="/not/here",
        tls_key="/not/here", adapters=(Address("adapter.invalid", 1), Address("b.invalid", 2)),
        run_dir="/not/here", script="/not/here/kysira.js",
    )  # fmt: skip
    check_nginx(Path(nginx_binary()), options)


def test_refusal_is_in_nginx_s_words(tmp_path: Path) -> None:
    """One line, with the program's name and what it says is wrong."""
    nginx = tmp_path / "nginx"
    lines = ["nginx: [warn] 1#1: x", "nginx: [emerg] 1#1: no such directive", "nginx: it failed"]
    says = "".join(f"echo '{line}' >&2\n" for line in lines)
    nginx.write_text(f"#!/bin/sh\n{says}exit 1\n")
    nginx.chmod(0o755)
    with pytest.raises(RenderError, match=r"does not take it: no such directive$"):
        check_nginx(nginx, NginxOptions())


def test_silent_refusal_is_one_too(tmp_path: Path) -> None:
    """An nginx that says nothing is not believed to agree."""
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\nexit 1\n")
    nginx.chmod(0o755)
    with pytest.raises(RenderError, match="no word"):
        check_nginx(nginx, NginxOptions())


def test_nginx_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH comes first."""
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\n")
    nginx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_nginx() == nginx
