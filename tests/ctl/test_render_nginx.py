"""kysiractl render nginx."""

from pathlib import Path

import pytest

from ctl.nginx.options import NginxOptions, Via
from ctl.nginx.template import render_nginx, render_parts, render_script
from tests.ctl.command import run
from tests.ctl.golden import Golden, is_complete
from tests.nginx import nginx_binary

CASES = {
    "njs": (),
    "auth-request": ("--via", "auth-request", "--on-failure", "closed", "--adapter", "a:1"),
    "mirror": ("--via", "mirror", "--nginx-version", "1.27.0"),
    "tls": ("--tls-cert", "/cert.pem", "--tls-key", "/key.pem", "--target", "https://app:1"),
}


@pytest.mark.parametrize("case", CASES)
def test_rendered_is_golden(case: str, golden: Golden, tmp_path: Path) -> None:
    """The very bytes that were read and found good, in each file."""
    outcome = run("render", "nginx", *CASES[case], "--output-dir", str(tmp_path))
    assert outcome.code == 0, outcome.err
    for path in tmp_path.iterdir():
        golden.check("nginx", f"{case}/{path.name}", path.read_text())


def test_no_golden_file_is_left_over() -> None:
    """Each is a case's; only njs has a script."""
    scripts = {f"{case}/kysira.js" for case in ("njs", "tls")}
    assert is_complete("nginx", {f"{case}/nginx.conf" for case in CASES} | scripts)


def test_configuration_is_alone_on_stdout() -> None:
    """Stdout is the file; stderr says that the script is to be had too."""
    outcome = run("render", "nginx")
    assert (outcome.code, outcome.out) == (0, render_nginx(NginxOptions()))
    assert "kysira.js" in outcome.err
    assert "--output-dir" in outcome.err


def test_every_option_arrives() -> None:
    """Each option changes what is rendered."""
    outcome = run(
        "render", "nginx", "--via", "auth-request", "--target", "https://app:1", "--target-ca",
        "/ca.pem", "--adapter", "a:13", "--adapter", "b:14", "--on-failure", "closed",
        "--check-timeout", "700ms", "--connect-timeout", "70ms", "--listen-address", "::1",
        "--port", "11", "--tls-cert", "/cert.pem", "--tls-key", "/key.pem",
        "--client-max-body-size", "7m", "--access-log", "--run-dir", "/run/kysira",
        "--nginx-version", "1.27.0",
    )  # fmt: skip
    assert outcome.code == 0
    for part in (
        "auth_request /_kysira/check;", "proxy_pass https://kysira_app;", "server app:1;",
        'proxy_ssl_trusted_certificate "/ca.pem";', "server a:13 ", "server b:14 ", "return 503",
        "proxy_read_timeout 700ms;", "proxy_connect_timeout 70ms;", "listen [::1]:11 ssl;",
        "http2 on;", 'ssl_certificate "/cert.pem";', 'ssl_certificate_key "/key.pem";',
        "client_max_body_size 7m;", "access_log /dev/stdout kysira;",
        'pid "/run/kysira/nginx.pid";',
    ):  # fmt: skip
        assert part in outcome.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--via", "lua"], "--via njs auth-request mirror"),
        (["--target", "app:80"], "--target must begin with http"),
        (["--adapter", "app"], "--adapter is not host:port"),
        (["--listen-address", "localhost"], "--listen-address is not an IP address"),
        (["--check-timeout", "5"], "--check-timeout is not a time"),
        (["--connect-timeout", "0s"], "--connect-timeout is not a time"),
        (["--client-max-body-size", "10mb"], "--client-max-body-size is not a size"),
        (["--tls-cert", "/c"], "--tls-cert needs --tls-key"),
        (["--via", "mirror", "--on-failure", "closed"], "--on-failure a mirror holds up no"),
        (["--tls-cert", "/c;", "--tls-key", "/k"], "--tls-cert holds what"),
        (["--run-dir", "/a$b"], "--run-dir holds what"),
        (["--nginx-version", "newest"], "--nginx-version is not a version"),
        (["--port", "0"], "--port"),
        (["--output", "x", "--include"], "--output use --output-dir"),
        (["--output", "x", "--output-dir", "y"], "--output use --output-dir"),
    ],
)
def test_bad_option_is_usage(arguments: list[str], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "nginx", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


@pytest.mark.parametrize(
    ("via", "words"),
    [
        ("auth-request", "request bodies are not inspected"),
        ("mirror", "mirror is shadow only"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--include"]])
def test_what_is_not_done_is_told(via: str, words: str, form: list[str]) -> None:
    """On stderr, whichever form is rendered."""
    assert words in run("render", "nginx", "--via", via, *form).err


def test_parts_are_printed_each_under_its_name() -> None:
    """--include gives what goes into a configuration that there is."""
    outcome = run("render", "nginx", "--include")
    assert outcome.code == 0
    for part in render_parts(NginxOptions()):
        assert f"# ---- {part.name} ----\n{part.text}" in outcome.out


def test_script_lies_beside_the_output(tmp_path: Path) -> None:
    """-o writes the configuration, and kysira.js where nginx looks for it."""
    path = tmp_path / "nginx.conf"
    outcome = run("render", "nginx", "--output", str(path))
    assert (outcome.code, outcome.out) == (0, "")
    assert path.read_text() == render_nginx(NginxOptions())
    assert (tmp_path / "kysira.js").read_text() == render_script(NginxOptions())
    assert outcome.err.count("wrote ") == 2


def test_output_dir_holds_every_file(tmp_path: Path) -> None:
    """The parts name the script's place, since they are included from somewhere else."""
    outcome = run("render", "nginx", "--include", "--output-dir", str(tmp_path))
    assert outcome.code == 0
    names = {"http", "server", "guard", "headers"}
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {f"kysira-{name}.conf" for name in names} | {"kysira.js"}
    assert f'from "{tmp_path}/kysira.js";' in (tmp_path / "kysira-http.conf").read_text()


def test_missing_folder_is_told(tmp_path: Path) -> None:
    """Exit 4 and one line with the path."""
    outcome = run("render", "nginx", "--via", "mirror", "--output", str(tmp_path / "a" / "b"))
    assert outcome.code == 4
    assert str(tmp_path / "a" / "b") in outcome.err


def test_short_timeout_is_told() -> None:
    """A timeout that the adapter's own exceeds is allowed, with a word about it."""
    outcome = run("render", "nginx", "--check-timeout", "300ms")
    assert outcome.code == 0
    assert "KYSIRA_TIMEOUT_MS" in outcome.err


def test_this_machine_s_nginx_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--check fails with its refusal; without, it is told and the file printed all the same."""
    refusing = tmp_path / "nginx"
    refusing.write_text("#!/bin/sh\necho 'nginx: [emerg] 1#1: no njs here' >&2\nexit 1\n")
    refusing.chmod(0o755)
    nginx_binary()
    assert run("render", "nginx", "--check").code == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    strict = run("render", "nginx", "--check")
    assert (strict.code, strict.out) == (4, "")
    told = run("render", "nginx")
    assert (told.code, told.out) == (0, render_nginx(NginxOptions(via=Via.NJS)))
    for outcome in (strict, told):
        assert "does not take it: no njs here" in outcome.err


def test_https_target_without_a_name_is_told() -> None:
    """Nginx does not compare IP addresses with those in a certificate."""
    assert "by name" in run("render", "nginx", "--target", "https://192.0.2.1").err
    assert "by name" not in run("render", "nginx", "--target", "https://app.example").err


def test_missing_run_dir_is_told(tmp_path: Path) -> None:
    """Nginx would not start; asked to check, neither does this succeed."""
    nginx_binary()
    missing = tmp_path / "none"
    told = run("render", "nginx", "--via", "mirror", "--run-dir", str(missing))
    assert (told.code, f"--run-dir {missing} is no folder" in told.err) == (0, True)
    checked = run("render", "nginx", "--via", "mirror", "--run-dir", str(missing), "--check")
    assert (checked.code, f"--run-dir {missing} is no folder" in checked.err) == (4, True)
