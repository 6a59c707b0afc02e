"""kysiractl policy: check, show, compare and explain kysira.yaml."""

import typer

from ctl.exits import EPILOG
from ctl.policy.check import check
from ctl.policy.diff import diff
from ctl.policy.explain import explain
from ctl.policy.schema import schema
from ctl.policy.show import show

app = typer.Typer(
    help="Check, show, compare and explain kysira.yaml.", no_args_is_help=True, epilog=EPILOG
)
for command in (check, show, diff, explain, schema):
    app.command(epilog=EPILOG)(command)
