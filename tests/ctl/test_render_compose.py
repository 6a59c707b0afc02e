"""kysiractl render compose."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ctl.render_output import parse
from tests.ctl.command import Outcome, run
from tests.ctl.golden import Golden, is_complete
from tests.needs import need

CASES = {
    "ext-proc": [],
    "proxy": ["--component", "proxy", "--target", "http://shop:3000"],
    "told": [
        "--target", "https://shop.example", "--listen-address", "0.0.0.0", "--port", "80",
        "--mode", "active", "--threshold", "0.9", "--timeout-ms", "200", "--on-failure", "closed",
        "--max-body-bytes", "65536", "--inference-url", "http://inference:8081", "--sinks",
        "stdout,http", "--http-sink-url", "https://logs.example/in?a=$b", "--admin-token-file",
        "/etc/kysira/token", "--image-registry", "registry.example:5000/x", "--envoy-image",
        "registry.example:5000/envoy:v1.40.0",
    ],
}  # fmt: skip
FILES = {
    "ext-proc": {"docker-compose.yaml", "envoy.yaml", "policy/kysira.yaml"},
    "proxy": {"docker-compose.yaml", "policy/kysira.yaml"},
    "told": {"docker-compose.yaml", "envoy.yaml", "policy/kysira.yaml"},
}


def written(folder: Path, *arguments: str) -> Outcome:
    """Return what the command said, which must have written its files."""
    outcome = run("render", "compose", *arguments, "--output-dir", str(folder))
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return outcome


def names(folder: Path) -> set[str]:
    """Return the files below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in found}


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, golden: Golden, tmp_path: Path) -> None:
    """What was read and found good is what is written."""
    written(tmp_path, *CASES[case], "--image-tag", "0.0.0")
    assert names(tmp_path) == FILES[case]
    for name in FILES[case]:
        golden.check("compose", f"{case}/{name}", (tmp_path / name).read_text())


def test_every_golden_has_its_case() -> None:
    """None is left behind."""
    assert is_complete("compose", {f"{case}/{name}" for case in FILES for name in FILES[case]})


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("format_", ["yaml", "json"])
def test_compose_takes_the_file(case: str, format_: str, tmp_path: Path) -> None:
    """Docker compose's own check of names, types and variables, without a daemon."""
    written(tmp_path, *CASES[case], "-o", format_)
    done = subprocess.run(
        [*_compose(), "-f", str(tmp_path / f"docker-compose.{format_}"), "config"],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "KYSIRA_ADMIN_TOKEN": "s3cret"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "not set" not in done.stderr  # a variable that was none of ours
    assert ("s3cret" in done.stdout) == (case != "told")


def test_compose_refuses_an_unknown_key(tmp_path: Path) -> None:
    """The check above can fail."""
    path = tmp_path / "docker-compose.yaml"
    path.write_text("services: {a: {image: b, read_onyl: true}}\n")
    command = [*_compose(), "-f", str(path), "config"]
    assert subprocess.run(command, capture_output=True, timeout=120, check=False).returncode != 0


def test_every_option_arrives(tmp_path: Path) -> None:
    """Each option changes what is written."""
    written(tmp_path, *CASES["told"], "--image-tag", "v7")
    (compose,) = parse((tmp_path / "docker-compose.yaml").read_text())
    assert compose["services"]["envoy"]["image"] == "registry.example:5000/envoy:v1.40.0"
    assert compose["services"]["envoy"]["ports"] == ["0.0.0.0:80:10000"]
    service = compose["services"]["kysira-ext-proc"]
    assert service["image"] == "registry.example:5000/x/kysira-ext-proc:v7"
    assert service["environment"]["KYSIRA_INFERENCE_URL"] == "http://inference:8081"
    assert service["environment"]["KYSIRA_SINKS"] == "stdout,http"
    assert service["environment"]["KYSIRA_HTTP_SINK_URL"] == "https://logs.example/in?a=$$b"
    assert compose["secrets"]["kysira_admin_token"]["file"] == "/etc/kysira/token"
    (policy,) = parse((tmp_path / "policy/kysira.yaml").read_text())
    assert policy == {
        "mode": "active", "threshold": 0.9, "timeout_ms": 200, "max_body_bytes": 65536,
        "on_failure": "closed",
    }  # fmt: skip
    envoy = (tmp_path / "envoy.yaml").read_text()
    for part in ("per_connection_buffer_limit_bytes: 65536", '"shop.example"', "code: 503"):
        assert part in envoy


def test_json_is_for_programs(tmp_path: Path) -> None:
    """Each file names the others as they are called then."""
    outcome = written(tmp_path, "-o", "json")
    assert names(tmp_path) == {"docker-compose.json", "envoy.json", "policy/kysira.json"}
    services = json.loads((tmp_path / "docker-compose.json").read_text())["services"]
    assert services["envoy"]["volumes"] == ["./envoy.json:/etc/envoy/envoy.json:ro"]
    environment = services["kysira-ext-proc"]["environment"]
    assert environment["KYSIRA_POLICY"] == "/etc/kysira/kysira.json"
    assert "docker-compose.json up -d" in outcome.err


def test_policy_that_is_there_stays(tmp_path: Path) -> None:
    """People edit it: an option beside it wins, and --policy replaces it."""
    written(tmp_path)
    path = tmp_path / "policy" / "kysira.yaml"
    path.write_text("mode: active\ntimeout_ms: 900\n")
    outcome = written(tmp_path, "--threshold", "0.9")
    assert path.read_text() == "mode: active\ntimeout_ms: 900\n"
    assert "stays as it is" in outcome.err
    compose = (tmp_path / "docker-compose.yaml").read_text()
    assert 'KYSIRA_SCORE_THRESHOLD: "0.9"' in compose
    assert "KYSIRA_MODE" not in compose
    assert "message_timeout: 1.1s" in (tmp_path / "envoy.yaml").read_text()
    mine = tmp_path / "mine.yaml"
    mine.write_text("mode: shadow\n")
    assert "stays" not in written(tmp_path, "--policy", str(mine)).err
    assert path.read_text() == "mode: shadow\n"


def test_rendering_again_changes_nothing(tmp_path: Path) -> None:
    """The policy that was made is not taken for one of the user's."""
    written(tmp_path, "--mode", "active")
    before = {name: (tmp_path / name).read_text() for name in names(tmp_path)}
    outcome = written(tmp_path, "--mode", "active")
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == before
    assert "stays" not in outcome.err


def test_app_on_this_machine_is_told(tmp_path: Path) -> None:
    """It must listen where containers reach it."""
    assert "host.docker.internal:3000" in written(tmp_path).err
    assert "host.docker.internal" not in written(tmp_path, "--target", "http://shop:1").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--component", "inference", "--output-dir", "x"], "--component"),
        (["--target", "shop:80", "--output-dir", "x"], "--target must begin with http"),
        (["--listen-address", "localhost", "--output-dir", "x"], "--listen-address IP address"),
        (["--envoy-image", "a b", "--output-dir", "x"], "--envoy-image is not an image"),
        (["--image-tag", "a b", "--output-dir", "x"], "--image-tag is not an image"),
        (["--image-registry", "", "--output-dir", "x"], "--image-registry is not a registry"),
        (["--sinks", "http", "--output-dir", "x"], "KYSIRA_HTTP_SINK_URL"),
        (["--port", "0", "--output-dir", "x"], "--port"),
        ([], "--output-dir say which folder"),
    ],
)
def test_bad_option_is_usage(arguments: list[str], words: str) -> None:
    """Exit 2, nothing on stdout, and on stderr the option and what to do."""
    outcome = run("render", "compose", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    text = " ".join(outcome.err.replace("│", " ").split())
    for word in words.split():
        assert word in text


def _compose() -> list[str]:
    """Return docker compose, whichever there is."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    plugin = ["docker", "compose"]
    is_there = (
        bool(shutil.which("docker"))
        and not subprocess.run(
            [*plugin, "version"], capture_output=True, timeout=60, check=False
        ).returncode
    )
    need(is_there, "docker compose: apt-get install docker-compose")
    return plugin


def test_missing_token_file_is_told(tmp_path: Path) -> None:
    """It may be written later, but docker compose does not start without it."""
    given = ["render", "compose", "--output-dir", str(tmp_path), "--admin-token-file"]
    assert "is no file yet" in run(*given, str(tmp_path / "token")).err
    (tmp_path / "token").write_text("t")
    assert "is no file yet" not in run(*given, str(tmp_path / "token")).err
