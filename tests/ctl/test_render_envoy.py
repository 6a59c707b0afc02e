"""kysiractl render envoy."""

import shutil
from pathlib import Path

import pytest

from ctl.envoy.options import EnvoyOptions
from ctl.envoy.template import render_envoy, render_snippet
from tests.ctl.command import run
from tests.ctl.golden import Golden, is_complete

CASES = {
    "default.yaml": (),
    "closed.yaml": ("--on-failure", "closed", "--status-on-error", "429", "--access-log"),
    "names.yaml": (
        "--target", "https://app.example", "--target-http2", "--ext-proc", "guard.ns.svc:50051",
        "--ext-proc", "[::1]:2",
    ),
    "tls.yaml": ("--ext-proc", "guard.example:443", "--tls", "--tls-ca", "/ca.pem"),
    "snippet.yaml": ("--snippet", "--max-body-bytes", "70000"),
    "envoy-1.32.yaml": ("--envoy-version", "1.32", "--on-failure", "closed", "--access-log"),
    "json.json": ("-o", "json"),
}  # fmt: skip
USER = Path(__file__).parents[1] / "data" / "envoy" / "user_block.yaml"


@pytest.mark.parametrize("case", CASES)
def test_rendered_is_golden(case: str, golden: Golden) -> None:
    """The very bytes that were read and found good; again and again."""
    outcome = run("render", "envoy", *CASES[case])
    assert outcome.code == 0, outcome.err
    golden.check("envoy", case, outcome.out)
    assert run("render", "envoy", *CASES[case]) == outcome


def test_no_golden_file_is_left_over() -> None:
    """Each is a case's."""
    assert is_complete("envoy", set(CASES))


def test_configuration_is_alone_on_stdout() -> None:
    """Stdout is the file, stderr silent, so that ``> envoy.yaml`` just works."""
    outcome = run("render", "envoy")
    assert (outcome.code, outcome.out, outcome.err) == (0, render_envoy(EnvoyOptions()), "")


def test_every_option_arrives() -> None:
    """Each option changes what is rendered."""
    outcome = run(
        "render", "envoy", "--target", "https://app:1", "--target-ca", "/ca.pem", "--target-http2",
        "--connect-timeout", "2s", "--listen-address", "::1", "--port", "11", "--admin-port", "12",
        "--access-log", "--ext-proc", "a:13", "--ext-proc", "b:14", "--on-failure", "closed",
        "--status-on-error", "500", "--message-timeout", "700ms", "--max-body-bytes", "70000",
    )  # fmt: skip
    assert outcome.code == 0
    for part in (
        'sni: "app"', '"/ca.pem"', "alpn_protocols: [h2]", "connect_timeout: 2s", '"::1"',
        "port_value: 11", "port_value: 12", "StdoutAccessLog", '{address: "a", port_value: 13}',
        '{address: "b", port_value: 14}', "failure_mode_allow: false", "code: 500",
        "message_timeout: 0.7s", "per_connection_buffer_limit_bytes: 70000",
    ):  # fmt: skip
        assert part in outcome.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "app:80"], "--target must begin with http"),
        (["--ext-proc", "app"], "--ext-proc is not host:port"),
        (["--listen-address", "localhost"], "--listen-address is not an IP address"),
        (["--message-timeout", "5"], "--message-timeout is not a time"),
        (["--connect-timeout", "0s"], "--connect-timeout is not a time"),
        (["--status-on-error", "200"], "--status-on-error is not an HTTP error status"),
        (["--on-failure", "maybe"], "--on-failure open closed"),
        (["--port", "65536"], "--port 65535"),
        (["--max-body-bytes", "0"], "--max-body-bytes"),
        (["--in-place"], "--in-place needs --into"),
        (["--in-place", "--into", str(USER), "--output", "x"], "--in-place leave it out"),
        (["--snippet", "--into", str(USER)], "--snippet leave it out"),
        (["--in-place", "--into", str(USER), "-o", "json"], "--in-place leave it out"),
        (["--snippet", "-o", "json"], "--snippet is YAML"),
        (["--tls-server-name", "a"], "--tls-server-name needs --tls"),
        (["--tls-ca", "/ca.pem"], "--tls-ca needs --tls"),
        (["--port", "9901"], "--port --admin-port"),
        (["--envoy-version", "x"], "--envoy-version is not a version"),
        (["--bogus"], "--bogus"),
    ],
)
def test_bad_option_is_usage(arguments: list[str], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "envoy", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def test_snippet_is_printed() -> None:
    """--snippet gives the parts alone."""
    outcome = run("render", "envoy", "--snippet", "--ext-proc", "127.0.0.1:50051")
    assert (outcome.code, outcome.out) == (0, render_snippet(EnvoyOptions()))


def test_into_prints_and_leaves_the_file(tmp_path: Path) -> None:
    """The result is printed, notes go to stderr, the file is as it was."""
    path = Path(shutil.copy(USER, tmp_path))
    outcome = run("render", "envoy", "--into", str(path))
    assert outcome.code == 0
    assert "kysira.ext_proc" in outcome.out
    assert f"kysiractl: {path}: listener backoffice: without use_remote_add" in outcome.err
    assert f"kysiractl: {path}: listener database: has no http_conn" in outcome.err
    assert path.read_bytes() == USER.read_bytes()


def test_in_place_changes_the_file_once(tmp_path: Path) -> None:
    """--in-place writes what would be printed; a second time it is said that nothing is new."""
    path = Path(shutil.copy(USER, tmp_path))
    printed = run("render", "envoy", "--into", str(path)).out
    outcome = run("render", "envoy", "--into", str(path), "--in-place")
    assert (outcome.code, outcome.out) == (0, "")
    assert f"wrote {path}" in outcome.err
    assert path.read_text() == printed
    before = path.stat()
    outcome = run("render", "envoy", "--into", str(path), "--in-place")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.endswith(f"kysiractl: {path} is up to date\n")
    assert "wrote" not in outcome.err
    assert path.stat().st_ino == before.st_ino


def test_output_is_written(tmp_path: Path) -> None:
    """--output writes the file instead of stdout."""
    path = tmp_path / "envoy.yaml"
    outcome = run("render", "envoy", "--output", str(path))
    assert (outcome.code, outcome.out) == (0, "")
    assert path.read_text() == render_envoy(EnvoyOptions())


@pytest.mark.parametrize("text", ["a: [", "a: 1\n", "static_resources: {listeners: []}\n"])
def test_file_that_can_not_be_merged_is_invalid(tmp_path: Path, text: str) -> None:
    """Exit 4 and one line with the file's name, nothing on stdout, nothing written."""
    path = tmp_path / "envoy.yaml"
    path.write_text(text)
    outcome = run("render", "envoy", "--into", str(path), "--in-place")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"kysiractl: {path}: ")
    assert outcome.err.count("\n") == 1
    assert path.read_text() == text


def test_short_timeout_is_told() -> None:
    """A timeout that ext-proc's own exceeds is allowed, with a word about it."""
    outcome = run("render", "envoy", "--message-timeout", "300ms")
    assert outcome.code == 0
    assert "KYSIRA_TIMEOUT_MS" in outcome.err


def test_mode_and_threshold_are_told_where_to_set() -> None:
    """Envoy's configuration holds neither; the options are taken, and change nothing else."""
    outcome = run("render", "envoy", "--mode", "active", "--threshold", "0.9")
    assert outcome.out == run("render", "envoy").out
    for words in ("KYSIRA_MODE=active", "kysiractl mode active", "KYSIRA_SCORE_THRESHOLD=0.9"):
        assert words in outcome.err


def test_too_old_envoy_is_invalid() -> None:
    """Exit 4; one that lacks less gets the rest, and a note for each part."""
    outcome = run("render", "envoy", "--envoy-version", "1.31")
    assert (outcome.code, outcome.out) == (4, "")
    assert run("render", "envoy", "--envoy-version", "1.35").err.count("Envoy 1.35: ") == 2


def test_any_free_port_is_any() -> None:
    """Two zeros are two ports."""
    assert run("render", "envoy", "--port", "0", "--admin-port", "0").code == 0


def test_address_given_twice_is_asked_once() -> None:
    """Twice in the cluster it would get twice the load."""
    given = ["--ext-proc", "a:1", "--ext-proc", "b:1", "--ext-proc", "A:1"]
    assert run("render", "envoy", *given).out.count("port_value: 1}") == 2


@pytest.mark.parametrize("target", ["envoy", "istio"])
def test_service_with_one_address_is_told(target: str) -> None:
    """Envoy keeps its connection to one pod then; a headless Service shows it all of them."""
    options = ["--selector", "app=shop"] if target == "istio" else []
    given = ["render", target, *options, "--ext-proc"]
    assert "headless" in run(*given, "guard.kysira.svc:50051").err
    assert "headless" not in run(*given, "guard-headless.kysira.svc.cluster.local:50051").err
    assert "headless" not in run(*given, "guard.example:50051").err
