"""Asks this machine's nginx whether it takes what is rendered."""

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from ctl.envoy.options import Address, Target
from ctl.nginx.options import NginxOptions
from ctl.nginx.template import render_nginx, scripts
from kysira.errors import RenderError

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin", "/opt/homebrew/bin")
"""Where it is installed, on the PATH of root alone."""
_TIMEOUT_S = 30
_HERE = Address("127.0.0.1", 65535)


def find_nginx() -> Path | None:
    """Return the path of nginx, None where there is none."""
    found = shutil.which("nginx") or shutil.which("nginx", path=":".join(_PLACES))
    return Path(found) if found else None


def check_nginx(nginx: Path, options: NginxOptions) -> None:
    """Raise RenderError with nginx's own words when it does not take the configuration.

    Asked of a copy that needs nothing of this machine: no name that must resolve here, no port, no
    certificate.
    """
    with tempfile.TemporaryDirectory(prefix="kysira-nginx-") as folder:
        copy = replace(
            options, target=Target(_HERE, is_tls=False), adapters=(_HERE,) * len(options.adapters),
            listen_address="127.0.0.1", port=_HERE.port, tls_cert="", tls_key="", run_dir=folder,
            script="kysira.js",
        )  # fmt: skip
        path = Path(folder, "nginx.conf")
        path.write_text(render_nginx(copy))
        for part in scripts(copy):
            Path(folder, part.name).write_text(part.text)
        command = [str(nginx), "-t", "-q", "-c", str(path)]
        done = subprocess.run(  # noqa: S603 - the nginx of this machine
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    if done.returncode != 0:
        raise RenderError(f"{nginx} does not take it: {_first(done.stderr)}")


def _first(text: str) -> str:
    """Return the first line that says what is wrong."""
    lines = text.splitlines()
    wrong = next((line for line in lines if "[emerg]" in line), lines[0] if lines else "no word")
    return wrong.partition("[emerg] ")[2].partition(": ")[2] or wrong
