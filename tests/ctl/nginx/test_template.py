"""What is rendered for nginx: taken by the real one without a warning, safe where it is read."""

import itertools
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ctl.envoy.options import Address, Target
from ctl.nginx.options import NginxOptions, Via
from ctl.nginx.template import NEVER, TOLD, render_nginx, render_parts, render_script, scripts
from kysira.settings import OnFailure
from tests.adapter.certificates import make_certificate
from tests.nginx import free_ports, nginx_binary, nginx_version

VARIANTS = [
    NginxOptions(via=via, on_failure=on_failure)
    for via, on_failure in itertools.product(Via, OnFailure)
]
TWO = (Address("127.0.0.1", 8090), Address("::1", 8091))


def validate(options: NginxOptions, folder: Path) -> None:
    """Fail unless ``nginx -t`` takes it, without a warning."""
    placed = replace(
        options, listen_address="127.0.0.1", port=free_ports(1)[0], run_dir=str(folder)
    )
    path = folder / "nginx.conf"
    path.write_text(render_nginx(placed))
    for part in scripts(placed):
        (folder / part.name).write_text(part.text)
    user = ["-g", "user root;"] if folder.owner() == "root" else []
    command = [nginx_binary(), "-t", "-q", "-c", str(path), *user]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: f"{o.via}-{o.on_failure}")
def test_nginx_takes_it(tmp_path: Path, options: NginxOptions) -> None:
    """As rendered by default, and with everything that can be set."""
    validate(options, tmp_path)
    made = make_certificate(tmp_path, "nginx")
    cert, key = str(made.cert), str(made.key)
    everything = replace(
        options, target=Target(Address("localhost", 443), is_tls=True), target_ca=cert,
        tls_cert=cert, tls_key=key, adapters=TWO, access_log=True, client_max_body_size="0",
        check_timeout=1.5, connect_timeout=0.05, version=nginx_version(),
    )  # fmt: skip
    validate(everything, tmp_path)


def test_newer_nginx_gets_its_own_http2() -> None:
    """``listen … http2`` is deprecated from 1.25.1 on, ``http2 on`` unknown before."""
    tls = NginxOptions(tls_cert="/c", tls_key="/k")
    assert "listen 0.0.0.0:80 ssl http2;" in render_nginx(tls)
    assert "http2 on;" not in render_nginx(tls)
    newer = render_nginx(replace(tls, version=(1, 25, 1)))
    assert "listen 0.0.0.0:80 ssl;" in newer
    assert "http2 on;" in newer
    assert "http2" not in render_nginx(NginxOptions())


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: f"{o.via}-{o.on_failure}")
def test_nothing_of_a_client_s_is_left(options: NginxOptions) -> None:
    """Every name that Kysira uses is set or emptied where the app is asked."""
    texts = [render_nginx(options), render_parts(options)[-1].text]
    for text, name in itertools.product(texts, (*TOLD, *NEVER)):
        assert f"proxy_set_header {name} " in text


@pytest.mark.parametrize("via", list(Via))
def test_configuration_says_what_it_does_not_do(via: Via) -> None:
    """Blind to bodies, or shadow only: in capitals, where it can't be missed."""
    options = NginxOptions(via=via)
    whole, parts = render_nginx(options), "".join(part.text for part in render_parts(options))
    for text in (whole, parts):
        assert ("BODIES ARE NOT INSPECTED" in text) is (via is Via.AUTH_REQUEST)
        assert ("SHADOW ONLY" in text) is (via is Via.MIRROR)


def test_parts_say_where_they_go() -> None:
    """Each begins with it."""
    for via in Via:
        for part in render_parts(NginxOptions(via=via)):
            assert re.match(r"# Into (http \{ \}|server \{ \}|every location)", part.text), part


def test_check_outlasts_a_decision() -> None:
    """By default nginx waits longer for the adapter than that takes at most."""
    assert "proxy_read_timeout 500ms;" in render_nginx(NginxOptions())


def test_hanging_adapter_is_given_up() -> None:
    """Nginx leaves an only server alone as little as never: it needs another beside it."""
    beside = "server unix:/dev/null/none down;"
    assert beside in render_nginx(NginxOptions())
    two = render_nginx(NginxOptions(adapters=TWO))
    assert beside not in two
    assert "server [::1]:8091 max_fails=3 fail_timeout=2s;" in two
    assert "proxy_next_upstream_tries 2;" in two


def test_script_fails_open_or_closed() -> None:
    """The two differ in nothing else."""
    opened = render_script(NginxOptions()).splitlines()
    closed = render_script(NginxOptions(on_failure=OnFailure.CLOSED)).splitlines()
    assert sum("internalRedirect" in line for line in opened) == 2
    assert sum("internalRedirect" in line for line in closed) == 1
    assert "r.return(503, " in "\n".join(closed)
    assert "503" not in "\n".join(opened)


def test_same_options_give_the_same_bytes() -> None:
    """So that a committed configuration can be compared."""
    assert render_nginx(NginxOptions()) == render_nginx(NginxOptions())
