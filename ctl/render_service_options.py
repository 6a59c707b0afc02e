"""Options that the commands share which render the services themselves, each declared once.

Those that kysira.yaml holds have no default here: the file's counts where none is given.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ctl import console
from ctl.arguments import parsed
from ctl.containers import REGISTRY, TAG, Images, read_registry, read_tag
from ctl.render_options import GUARD, MOST_BODY_BYTES, OUTPUT, ModeOption, Threshold
from ctl.service_policy import ServicePolicy, read_own_policy
from kysira.settings import Device, OnFailure

IMAGES = "Images"
SERVICE = "How the services run"
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
        max=MOST_BODY_BYTES,
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
OutputFolder = Annotated[
    Path | None,
    typer.Option(
        "--output-dir",
        metavar="DIR",
        help="Write into this folder, each file under its name.",
        rich_help_panel=OUTPUT,
    ),
]


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """What kysira.yaml holds too."""

    mode: ModeOption = None
    threshold: Threshold = None
    timeout_ms: TimeoutMs = None
    on_failure: FailurePolicy = None
    max_body_bytes: BodyLimit = None

    def service_policy(self, own: Path | None) -> ServicePolicy:
        """Return them beside the user's own file; raises what ``read_own_policy`` does."""
        return ServicePolicy(
            mode=self.mode,
            threshold=self.threshold,
            timeout_ms=self.timeout_ms,
            on_failure=self.on_failure,
            max_body_bytes=self.max_body_bytes,
            own_policy=read_own_policy(own),
        )


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Which images of Kysira's run."""

    image_registry: Annotated[
        str,
        typer.Option(
            metavar="HOST/PATH", help="Where the images come from.", rich_help_panel=IMAGES
        ),
    ] = REGISTRY
    image_tag: Annotated[
        str, typer.Option(metavar="TAG", help="Which version of them.", rich_help_panel=IMAGES)
    ] = TAG

    def read(self) -> Images:
        """Return them; raises usage errors."""
        return Images(
            parsed("--image-registry", read_registry, self.image_registry),
            parsed("--image-tag", read_tag, self.image_tag),
        )


def note_shadowed(policy: ServicePolicy, name: str) -> None:
    """Say which keys of the policy's file have no effect beside what was given as options."""
    if policy.shadowed:
        console.note(
            f"in {name} {', '.join(policy.shadowed)} will have no effect: what was given as an "
            "option wins"
        )
