"""kysiractl doctor: looks at services, Envoy and data path, and says what is wrong."""

import asyncio
import datetime as dt
from typing import Annotated
from urllib.parse import urlsplit

import typer

from ctl import console
from ctl.arguments import parsed
from ctl.config.load import config
from ctl.console import Output
from ctl.fleet.options import FleetOptions
from ctl.option_groups import grouped

_LOOK = "What is looked at"


@grouped
def doctor(
    services: FleetOptions,
    envoy_admin: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Envoy's admin interface, e.g. http://127.0.0.1:9901; without it Envoy is not "
            "looked at. [KYSIRACTL_ENVOY_ADMIN]",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where clients send requests; without it Envoy's first HTTP listener, if it can "
            "be reached from here.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    no_probe: Annotated[
        bool,
        typer.Option(
            "--no-probe",
            help="Send nothing through the data path: neither the benign nor the attack probes.",
            rich_help_panel=_LOOK,
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v",
            help="List every check, also those that are skipped for the same reason.",
        ),
    ] = False,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="How the result is written.")
    ] = Output.TABLE,
) -> None:  # fmt: skip
    """Look for what is wrong with services, Envoy and data path; each finding says what to do.

    Nothing is changed. Exit code 0 is for no more than warnings, 3 for what could not be asked.
    """
    # The parts take a while to import, which no other command needs.
    from ctl.doctor.examination import Order, examine  # noqa: PLC0415
    from ctl.doctor.screen import show  # noqa: PLC0415

    order = Order(
        services.which(),
        _admin(envoy_admin),
        "" if url is None else parsed("--url", _read_url, url),
        is_probing=not no_probe,
    )
    report = asyncio.run(examine(order, now=dt.datetime.now(dt.UTC)))
    if output is Output.JSON:
        console.say_json(report.as_json())
    else:
        show(report, is_verbose=verbose)
    raise typer.Exit(report.exit_code)


def _admin(given: str | None) -> str:
    if given is None:
        return config().settings.envoy_admin
    text = given if "://" in given else f"http://{given}"
    return parsed("--envoy-admin", _read_url, text).rstrip("/")


def _read_url(text: str) -> str:
    """Return an http or https URL, as given."""
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is not a URL, such as http://127.0.0.1:10000/")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a user name or password in the URL can't be used; leave it out")
    return text
