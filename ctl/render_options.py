"""Options that the commands of ``kysiractl render`` share, each declared once."""

from typing import Annotated

import typer

from ctl import console
from kysira.settings import GuardSettings, OnFailure
from kysira.types import Mode

WHOLE = "A complete configuration"
GUARD = "How requests are guarded"
PLACE = "Which traffic"
OUTPUT = "Where it goes"
TARGET = "http://127.0.0.1:3000"
TARGET_CA = "/etc/ssl/certs/ca-certificates.crt"
LISTEN_ADDRESS = "0.0.0.0"  # noqa: S104 - a proxy is there to be reached
STATUS_ON_ERROR = "503"
MESSAGE_TIMEOUT = "500ms"
MAX_BODY_BYTES = 131072
MOST_BODY_BYTES = 1 << 26
SERVICE = "kysira-ext-proc.kysira.svc.cluster.local:50051"
"""Where the charts put ext-proc."""
HEADLESS = "kysira-ext-proc-headless.kysira.svc.cluster.local:50051"
"""What ``kysiractl render kustomize`` makes beside it: the name of every pod, to balance over."""

Target = Annotated[
    str,
    typer.Option(
        metavar="URL", help="The app: http or https, host and port.", rich_help_panel=WHOLE
    ),
]
TargetCa = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Authorities that an https app's certificate is checked against.",
        rich_help_panel=WHOLE,
    ),
]
ListenAddress = Annotated[
    str, typer.Option(metavar="IP", help="Address to listen on.", rich_help_panel=WHOLE)
]
AccessLog = Annotated[
    bool,
    typer.Option(
        "--access-log", help="Write a line for each request to stdout.", rich_help_panel=WHOLE
    ),
]
ModeOption = Annotated[
    Mode | None,
    typer.Option(
        "--mode",
        help="shadow (tell and log) or active (block); where a target can't hold it, a note "
        "says where it is set.",
        rich_help_panel=GUARD,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Score from which on a request is an attack; where a target can't hold it, a note "
        "says where it is set.",
        rich_help_panel=GUARD,
    ),
]
OnFailureOption = Annotated[
    OnFailure,
    typer.Option(
        "--on-failure",
        help="When ext-proc can't be asked: open (pass) or closed (refuse).",
        rich_help_panel=GUARD,
    ),
]
StatusOnError = Annotated[
    str,
    typer.Option(metavar="STATUS", help="HTTP status of such a refusal.", rich_help_panel=GUARD),
]
MessageTimeout = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="How long a request waits for ext-proc.", rich_help_panel=GUARD
    ),
]
MaxBodyBytes = Annotated[
    int,
    typer.Option(
        min=1,
        max=MOST_BODY_BYTES,
        help="Bytes of a body that are held for inspection.",
        rich_help_panel=GUARD,
    ),
]
ExtProcService = Annotated[
    list[str] | None,
    typer.Option(
        "--ext-proc",
        metavar="NAME.NAMESPACE.svc:PORT",
        help=f"The Service that ext-proc answers at, {SERVICE} if not given; again for more.",
        rich_help_panel=GUARD,
    ),
]
EnvoyVersionOption = Annotated[
    str,
    typer.Option(
        "--envoy-version",
        metavar="VERSION",
        help="The Envoy it is for; what an older one can't do is left out, and told.",
        rich_help_panel=GUARD,
    ),
]
Tls = Annotated[
    bool,
    typer.Option(
        "--tls",
        help="Ask over TLS. kysira-ext-proc itself speaks plaintext HTTP/2: this is for a proxy "
        "before it that ends TLS, with a certificate of its own; a mesh's mutual TLS is none.",
        rich_help_panel=GUARD,
    ),
]
TlsServerName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="With --tls: the name in that certificate, if it is not the address asked.",
        rich_help_panel=GUARD,
    ),
]
Namespace = Annotated[
    str,
    typer.Option(
        "--namespace", "-n", metavar="NAME", help="Namespace of the objects.", rich_help_panel=PLACE
    ),
]
Selector = Annotated[
    list[str] | None,
    typer.Option(
        "--selector",
        "-l",
        metavar="KEY=VALUE",
        help="Labels of the workloads whose traffic is guarded; again, or with commas, for more.",
        rich_help_panel=PLACE,
    ),
]


def note_service_options(mode: Mode | None, threshold: float | None, target: str) -> None:
    """Say where mode and threshold are set: the proxy's objects hold neither."""
    if mode is not None:
        console.note(
            f"--mode {mode} is no part of {target}: set KYSIRA_MODE={mode} where the service runs, "
            f"or flip it while it runs: kysiractl mode {mode}"
        )
    if threshold is not None:
        console.note(
            f"--threshold {threshold:g} is no part of {target}: set "
            f"KYSIRA_SCORE_THRESHOLD={threshold:g} where the service runs, or threshold in its "
            "kysira.yaml"
        )


def note_short_timeout(
    option: str, timeout_s: float, service: str, proxy: str, *, limit_ms: int | None = None
) -> None:
    """Warn of a timeout that the service's own may exceed: ``limit_ms``, else its default."""
    setting = "--timeout-ms" if limit_ms else "KYSIRA_TIMEOUT_MS"
    scoring = (limit_ms or GuardSettings().timeout_ms) / 1000
    if timeout_s <= scoring:
        console.note(
            f"{option} is not over the {scoring:g}s that {service} takes at most ({setting}): "
            f"{proxy} may give up before it answers"
        )
