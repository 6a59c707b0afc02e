"""kysiractl config: what is set, and what said so."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ctl import console
from ctl.config.load import CONFIG_VARIABLE, config, default_path
from ctl.config.settings import SECRETS
from ctl.console import Output
from ctl.exits import EPILOG

app = typer.Typer(help="Show kysiractl's own configuration.", no_args_is_help=True, epilog=EPILOG)
_SET = "set"


@app.command(epilog=EPILOG)
def view(
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Say what each value comes from.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Show the settings in force. A token is never shown, only whether there is one."""
    known = config()
    values = {name: _shown(name, getattr(known.settings, name)) for name in known.origins}
    place = _path()
    if output is Output.JSON:
        console.say_json(
            {
                "file": {"path": str(place), "exists": place.exists()},
                "settings": {
                    name: {"value": value, "origin": known.origins[name]}
                    for name, value in values.items()
                },
            }
        )
        return
    console.note(f"the file is {place}{'' if place.exists() else ' (there is none)'}")
    columns = ["key", "value", *(["origin"] if show_origin else [])]
    console.say_table(columns, ([name, _text(values[name]), known.origins[name]][: len(columns)]
                                for name in values))  # fmt: skip


@app.command(epilog=EPILOG)
def path() -> None:
    """Print where the configuration file is looked for; KYSIRACTL_CONFIG names another place."""
    console.say(str(_path()))


def _path() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE) or default_path())


def _shown(name: str, value: Any) -> Any:
    """Return a value as it may be seen, and as JSON has it."""
    if name in SECRETS:
        return _SET if value else ""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _text(value: Any) -> str:
    if value in ("", None):
        return "-"
    if isinstance(value, float):
        return f"{value:g}s"  # as it would be written
    return ",".join(value) if isinstance(value, list) else str(value)
