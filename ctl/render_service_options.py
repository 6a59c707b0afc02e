"""Options that the commands share which render the services themselves, each declared once.

Those that kysira.yaml holds have no default here: the file's counts where none is given.
"""

from pathlib import Path
from typing import Annotated

import typer

from ctl.render_options import GUARD, OUTPUT
from kysira.settings import Device, OnFailure

IMAGES = "Images"
SERVICE = "How the services run"
_MOST_BODY_BYTES = 1 << 26
_MOST_TIMEOUT_MS = 60_000

FailurePolicy = Annotated[
    OnFailure | None,
    typer.Option(
        "--on-failure",
        help="When a request can't be scored: open (pass), the default, or closed (refuse).",
        rich_help_panel=GUARD,
    ),
]
TimeoutMs = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=_MOST_TIMEOUT_MS,
        help="Milliseconds a decision may take, 300 if not given.",
        rich_help_panel=GUARD,
    ),
]
BodyLimit = Annotated[
    int | None,
    typer.Option(
        "--max-body-bytes",
        min=1,
        max=_MOST_BODY_BYTES,
        help="Bytes of a body that are inspected, 131072 if not given.",
        rich_help_panel=GUARD,
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Your kysira.yaml; options given beside it win over what it says.",
        rich_help_panel=GUARD,
    ),
]
InferenceUrl = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Score at this inference service; without it, in each front-end's own process.",
        rich_help_panel=SERVICE,
    ),
]
Sinks = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Where events go: file, stdout, http, with commas between them; or none.",
        rich_help_panel=SERVICE,
    ),
]
HttpSinkUrl = Annotated[
    str,
    typer.Option(metavar="URL", help="Where the http sink posts events.", rich_help_panel=SERVICE),
]
DeviceOption = Annotated[
    Device,
    typer.Option("--device", help="Where kysira-inference runs models.", rich_help_panel=SERVICE),
]
ImageRegistry = Annotated[
    str,
    typer.Option(metavar="HOST/PATH", help="Where the images come from.", rich_help_panel=IMAGES),
]
ImageTag = Annotated[
    str, typer.Option(metavar="TAG", help="Which version of them.", rich_help_panel=IMAGES)
]
OutputFolder = Annotated[
    Path | None,
    typer.Option(
        "--output-dir",
        metavar="DIR",
        help="Write into this folder, each file under its name.",
        rich_help_panel=OUTPUT,
    ),
]
