"""kysira-inference starts, says what is wrong when it can't, and stops cleanly."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from inference.service import InferenceSettings
from tests.inference.model_samples import write_model
from tests.inference.service_client import COMMAND, ServiceProcess, raw_request, service

CALL = json.dumps({"request_text": "GET /f?a=../../etc/passwd"}).encode()


def run(*options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run the service to its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KYSIRA_")}
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=120,
        env={**clean, "KYSIRA_INFERENCE_PORT": "0", **settings},
    )  # fmt: skip


def held_model(folder: Path) -> bytes:
    """Make a model whose load waits until the returned bytes are written to its config.json."""
    write_model(folder)
    config = (folder / "config.json").read_bytes()
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    return config


def wait_until_refused(port: int) -> None:
    """Return once nobody listens; connecting is the only way to learn it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except (ConnectionRefusedError, ConnectionResetError):
            return
    raise AssertionError("still listening")


def assert_loading(process: ServiceProcess, folder: Path) -> None:
    health = process.get("/health")
    assert (health.status, health.json["status"]) == (200, "loading")
    assert (health.json["sqli_model"], health.json["pi_model"]) == (str(folder), None)
    assert process.get("/ready").status == 503
    for path in ("/score", "/score/all", "/score/xss", "/score/nope"):
        answer = process.send("POST", path, CALL, {"content-type": "application/json"})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert "loading" in answer.json["error"]


def test_loading_is_told(tmp_path: Path) -> None:
    """It answers before its model is there, and scores with the model once it is."""
    config = held_model(tmp_path)
    with service(KYSIRA_SQLI_MODEL=str(tmp_path), KYSIRA_PI_MODEL="none") as process:
        assert_loading(process, tmp_path)
        (tmp_path / "config.json").write_bytes(config)
        process.wait_until_ready()
        health = process.get("/health").json
        assert health["status"] == "ok"
        assert health["detectors"]["sqli"] == "model"
        assert process.get("/ready").status == 200
        text = f"GET /?q={'attackword+' * 6}or%27"
        answer = process.post("/score", {"request_text": text}).json
        assert answer["score"] == pytest.approx(0.953, abs=0.01)
        assert answer["reason"] == "sqli:model"


def test_signal_ends_a_load(tmp_path: Path) -> None:
    """A model that takes for ever does not keep the process from stopping."""
    held_model(tmp_path)
    with service(KYSIRA_SQLI_MODEL=str(tmp_path)) as process:
        process.program.signal(signal.SIGTERM)
        assert process.program.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_requests_finish(number: signal.Signals) -> None:
    """Nobody new is let in, who is in gets an answer, and the exit status is 0."""
    with service() as process:
        process.wait_until_ready()
        with process.connect() as idle, process.connect() as busy:
            length = f"Content-Length: {len(CALL)}"
            busy.sendall(raw_request("/score/all", length, "Expect: 100-continue"))
            assert busy.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            process.program.signal(number)
            wait_until_refused(process.port)
            busy.sendall(CALL[:10])
            busy.sendall(CALL[10:])
            answer = busy.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nConnection: close\r\n" in answer
            assert b"path-traversal" in answer
            assert busy.recv(1) == idle.recv(1) == b""
        assert process.program.wait() == 0


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.onnx"])
def test_broken_model_stops_the_start(tmp_path: Path, file: str) -> None:
    """One line names the file, and the exit status is 1."""
    folder = write_model(tmp_path)
    (folder / file).write_bytes(b"broken")
    done = run(KYSIRA_PI_MODEL=str(folder))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"kysira-inference: model file {folder / file}: ")


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"KYSIRA_SQLI_MODEL": "/nowhere"}, "model /nowhere: no such folder"),
        ({"KYSIRA_DEVICE": "tpu"}, "KYSIRA_DEVICE: 'tpu' must be cpu or cuda or mps"),
        ({"KYSIRA_INFERENCE_PORT": "65536"}, "KYSIRA_INFERENCE_PORT: '65536' is not"),
        ({"KYSIRA_DISABLED_DETECTORS": "xss,nope"}, "no detector is called nope"),
        ({"KYSIRA_LOG_LEVEL": "loud"}, "log level 'loud' must be"),
        ({"KYSIRA_BIND": "192.0.2.1"}, "can't listen on 192.0.2.1:0: "),
    ],
)
def test_wrong_setting_stops_the_start(settings: dict[str, str], word: str) -> None:
    """One line says which, and the exit status is 1."""
    done = run(**settings)
    assert done.returncode == 1
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


def test_unknown_option_stops_the_start() -> None:
    """As does an option that there isn't."""
    done = run("--nope", "1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "--nope" in done.stderr


def test_taken_port_is_named() -> None:
    """One line names the port, and the exit status is 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--inference-port", str(port))
    expected = (
        f"kysira-inference: can't listen on 127.0.0.1:{port}: address already in use; "
        "choose another with --inference-port\n"
    )
    assert (done.returncode, done.stderr) == (1, expected)


def test_disabled_detector_is_gone() -> None:
    """It is not in health, has no endpoint and finds nothing."""
    with service(KYSIRA_DISABLED_DETECTORS="path-traversal") as process:
        process.wait_until_ready()
        assert "path-traversal" not in process.get("/health").json["detectors"]
        payload = json.loads(CALL)
        assert process.post("/score/path-traversal", payload).status == 404
        verdict = process.post("/score/all", payload).json
        assert "path-traversal" not in verdict["breakdown"]
        assert [found["detector"] for found in verdict["findings"]] == []


def test_help_lists_every_setting() -> None:
    """Option, variable and default of each."""
    done = run("--help")
    assert done.returncode == 0
    shown = " ".join(done.stdout.split())
    for field in dataclasses.fields(InferenceSettings):
        assert f"--{field.name.replace('_', '-')} " in shown
        assert f"KYSIRA_{field.name.upper()}" in shown
    assert "default 8081" in shown
