"""kysiractl mode on one name that stands for three services, as a headless Service does."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.integration.mode_fleet import COMMAND, QUICK, operator
from tests.needs import need
from tests.processes import Program

NAME = "kysira-ext-proc-headless.kysira.svc"
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


@contextmanager
def services(folder: Path) -> Iterator[int]:
    """Run an ext-proc on each address, all on one port, which is returned."""
    port = "0"
    with ExitStack() as held:
        for address in ADDRESSES:
            env = {
                **QUICK, "KYSIRA_BIND": address, "KYSIRA_METRICS_PORT": port,
                "KYSIRA_GRPC_PORT": "0", "KYSIRA_DATA_DIR": str(folder / address),
                "KYSIRA_DRAIN_MS": "0",
            }  # fmt: skip
            program = held.enter_context(Program([sys.executable, "-m", "extproc"], env=env))
            port = program.wait_for(r"listening grpc=\S+ http=\S+:(\d+)")[1]
        yield int(port)


def namespace() -> Sequence[str]:
    """Return the command that gives a program its own view of files, as root or as a user."""
    unshare = shutil.which("unshare") or ""
    for options in ("-m", "-Urm"):
        command = [unshare, options]
        if unshare and not subprocess.run([*command, "true"], capture_output=True).returncode:
            return command
    need(False, "unshare -m must work: it gives a program an /etc/hosts of its own")
    return ()


def test_name_stands_for_every_service(tmp_path: Path) -> None:
    """The name is resolved as the system does it, and each address is asked by its IP.

    The services have no token: that they let themselves be set shows that the Host is loopback.
    """
    hosts = tmp_path / "hosts"
    hosts.write_text("".join(f"{address} {NAME}\n" for address in ADDRESSES))
    with services(tmp_path) as port:
        target = ["--target", f"{NAME}:{port}", "-o", "json"]

        def run(*arguments: str) -> dict[str, str]:
            command = shlex.join([*COMMAND, *arguments, *target])
            mounted = f"mount --bind {shlex.quote(str(hosts))} /etc/hosts && exec {command}"
            done = subprocess.run(
                [*namespace(), "sh", "-c", mounted], env=operator(tmp_path), capture_output=True,
                text=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return {
                row["target"]: row.get("result", row["mode"])
                for row in json.loads(done.stdout)["services"]
            }

        everyone = [f"{address}:{port}" for address in ADDRESSES]
        assert run("active", "--yes") == dict.fromkeys(everyone, "changed")
        assert run() == dict.fromkeys(everyone, "active")
