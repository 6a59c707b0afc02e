"""Certificates for tests, made by openssl."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.needs import need


@dataclass(frozen=True)
class Certificate:
    """A certificate for localhost that signs itself, so it is its own authority."""

    cert: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """Return a server's context."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cert, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """Return the context of a client that trusts it."""
        return ssl.create_default_context(cafile=self.cert)


def make_certificate(folder: Path, name: str) -> Certificate:
    """Return a new certificate for localhost and 127.0.0.1."""
    need(shutil.which("openssl"), "install openssl")
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", made.key, "-out", made.cert,
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return made
