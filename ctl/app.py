"""The command line: every command is registered here, in the group of help that it belongs to."""

from typing import Annotated

import typer

from ctl import console
from ctl.exits import EPILOG
from ctl.lazy import Entry, lazy_app
from kysira import __version__

NAME = "kysiractl"
_SET_UP, _RUN, _UNDERSTAND, _OTHER = "Set up", "Run", "Understand", "Other"
COMMANDS = (
    Entry("up", "ctl.up:up", _SET_UP, "Run Envoy with ext-proc in front of your app, here."),
    Entry("render", "ctl.render:app", _SET_UP, "Print the configuration for what you run."),
    Entry("mode", "ctl.mode.app:mode", _RUN, "Show or set the mode: shadow or active."),
    Entry("status", "ctl.status.app:status", _RUN, "Show how every service is."),
    Entry("events", "ctl.events.app:app", _RUN, "Follow, search and export what was decided."),
    Entry("doctor", "ctl.doctor.app:doctor", _RUN, "Find what is wrong, and what to do."),
    Entry("score", "ctl.score.app:score", _UNDERSTAND, "Score one request, and see why."),
    Entry("policy", "ctl.policy.app:app", _UNDERSTAND, "Check, compare and explain policies."),
    Entry("exclude", "ctl.policy.exclude:exclude", _UNDERSTAND, "Let pass what one event was."),
    Entry("replay", "ctl.replay.app:replay", _UNDERSTAND, "Try a policy on recorded traffic."),
    Entry("bench", "ctl.bench.app:app", _UNDERSTAND, "Measure what is caught and disturbed."),
    Entry("version", "ctl.version:version", _OTHER, "Print the versions of all that is used."),
    Entry("config", "ctl.config.app:app", _OTHER, "Show kysiractl's own configuration."),
)
app = lazy_app(
    COMMANDS,
    name=NAME,
    help="Put Kysira, a web application firewall, in the way of your traffic.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        console.say(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from.")
    ] = False,
) -> None:
    """Hold the options of every command; --debug is read before typer runs."""
