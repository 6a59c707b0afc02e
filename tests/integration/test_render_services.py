"""What runs Kysira in containers, run here without them: settings, policy, probes, data path."""

import asyncio
import dataclasses
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
import pytest

from ctl.containers import PROGRAMS, Component, Port
from ctl.render_output import parse
from tests.app import App
from tests.ctl.command import run
from tests.envoy import Envoy
from tests.needs import need
from tests.processes import START_S, Program

ATTACK = "/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--"
COMMANDS = {
    Component.EXT_PROC: ["-m", "extproc"],
    Component.PROXY: ["-c", "from adapter.__main__ import proxy; proxy()"],
    Component.NGINX_AUTH_ADAPTER: ["-c", "from adapter.__main__ import nginx_auth; nginx_auth()"],
    Component.INFERENCE: ["-m", "inference"],
}
FREE_PORTS = {
    f"KYSIRA_{name}_PORT": "0" for name in ("GRPC", "METRICS", "PROXY", "ADAPTER", "INFERENCE")
}
RULES = {"KYSIRA_SQLI_MODEL": "none", "KYSIRA_PI_MODEL": "none", "KYSIRA_BIND": "127.0.0.1"}


def start(component: Component, environment: Mapping[str, str], folder: Path) -> Program:
    """Start a program with rendered settings, its folders and ports being the test's."""
    here = {
        name: str(folder / Path(value).name)
        for name, value in environment.items()
        if name in ("KYSIRA_DATA_DIR", "KYSIRA_POLICY")
    }
    env = {**environment, **RULES, **FREE_PORTS, **here}
    env.pop("XDG_CACHE_HOME")  # the compiled rules of this machine
    return Program([sys.executable, *COMMANDS[component]], env=env)


def http_port(component: Component, program: Program) -> int:
    """Return the port of the health path, once the program serves."""
    line = program.wait_for(r"listening").string
    return int(re.findall(r"http(?:=|://)\S*?:(\d+)", line)[0])


def check(command: Sequence[str]) -> int:
    """Return the exit status of a health check, python being this one."""
    full = [sys.executable if word == "python" else word for word in command]
    return subprocess.run(full, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.parametrize("component", Component)
def test_rendered_settings_start_the_program(component: Component, tmp_path: Path) -> None:
    """Each takes the ConfigMaps of its pod, and its health check finds it healthy."""
    outcome = run(
        "render", "kustomize", "--component", component.value, "--target", "http://127.0.0.1:9",
        "--mode", "active", "--sinks", "file,stdout",
    )  # fmt: skip
    found = [value for value in parse(outcome.out) if value["kind"] == "ConfigMap"]
    maps = {value["metadata"]["name"]: value["data"] for value in found}
    if "kysira-policy" in maps:
        (tmp_path / "kysira.yaml").write_text(maps["kysira-policy"]["kysira.yaml"])
    spec = PROGRAMS[component]
    with start(component, maps[spec.name], tmp_path) as program:
        port = http_port(component, program)
        here = dataclasses.replace(spec, ports=(Port("http", port),))
        deadline = time.monotonic() + START_S
        while check(here.health_check) != 0:  # inference listens before it has loaded
            assert program.is_running, program.output
            assert time.monotonic() < deadline, program.output
        text = "".join(program.output)
    assert "is no setting" not in text
    if spec.is_front_end:
        assert "mode=active" in text
    assert check(here.health_check) != 0


async def test_rendered_compose_guards_the_app(tmp_path: Path) -> None:
    """Envoy, ext-proc and the policy that compose mounts, joined as its network would."""
    outcome = run("render", "compose", "--mode", "active", "--output-dir", str(tmp_path))
    assert outcome.code == 0, outcome.err
    (compose,) = parse((tmp_path / "docker-compose.yaml").read_text())
    service = compose["services"]["kysira-ext-proc"]
    environment = {**service["environment"], "KYSIRA_ADMIN_TOKEN": ""}
    app = App()
    await app.start()
    try:
        with start(Component.EXT_PROC, environment, tmp_path / "policy") as ext_proc:
            grpc = (await asyncio.to_thread(ext_proc.wait_for, r"grpc=\S+:(\d+)"))[1]
            places = {
                "kysira-ext-proc": int(grpc),
                "host.docker.internal": int(app.url.rpartition(":")[2]),
            }
            with Envoy(_here(tmp_path / "envoy.yaml", places), tmp_path) as envoy:
                envoy.wait_until_healthy("kysira_ext_proc")
                async with aiohttp.ClientSession() as client:
                    assert await _status(client, envoy.url + "/harmless") == 200
                    assert await _status(client, envoy.url + ATTACK) == 403
                    policy = tmp_path / "policy" / "kysira.yaml"
                    policy.write_text(policy.read_text().replace("active", "shadow"))
                    async with asyncio.timeout(30):  # the file is looked at once a second
                        while await _status(client, envoy.url + ATTACK) != 200:
                            await asyncio.sleep(0.1)
    finally:
        await app.stop()


def test_envoys_health_check_sees_it(tmp_path: Path) -> None:
    """Healthy while it lives, and not when it is gone; the image has bash and no curl."""
    need(shutil.which("bash"), "bash")
    assert run("render", "compose", "--output-dir", str(tmp_path)).code == 0
    (compose,) = parse((tmp_path / "docker-compose.yaml").read_text())
    kind, *command = compose["services"]["envoy"]["healthcheck"]["test"]
    assert kind == "CMD"
    with Envoy(_here(tmp_path / "envoy.yaml", {}), tmp_path) as envoy:
        port = envoy.admin_address.rpartition(":")[2]
        assert "/9901 " in command[-1]
        command[-1] = command[-1].replace("/9901 ", f"/{port} ")
        assert check(command) == 0
    assert check(command) != 0


def _here(path: Path, places: Mapping[str, int]) -> str:
    """Return Envoy's configuration with names resolved to ports of this machine, its own free."""
    return re.sub(
        r'address: "?([\w.-]+)"?, port_value: \d+',
        lambda found: f"address: 127.0.0.1, port_value: {places.get(found[1], 0)}",
        path.read_text(),
    )


async def _status(client: aiohttp.ClientSession, url: str) -> int:
    async with client.get(url) as answer:
        await answer.read()
        return answer.status
