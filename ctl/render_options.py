"""Options that the commands of ``kysiractl render`` share, each declared once."""

from typing import Annotated

import typer

WHOLE = "A complete configuration"
GUARD = "How requests are guarded"
OUTPUT = "Where it goes"
TARGET = "http://127.0.0.1:3000"
TARGET_CA = "/etc/ssl/certs/ca-certificates.crt"
LISTEN_ADDRESS = "0.0.0.0"  # noqa: S104 - a proxy is there to be reached

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
