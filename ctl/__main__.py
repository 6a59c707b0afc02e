"""kysiractl: the entry point."""

import sys

from ctl.app import NAME, app
from ctl.exits import exit_code, hide_traceback, report
from kysira.errors import KysiraError


def main() -> None:
    """Run the command; an error is one line on stderr and an exit code, a traceback on --debug."""
    if "--debug" in sys.argv:
        app(prog_name=NAME)
    sys.excepthook = hide_traceback
    try:
        app(prog_name=NAME)
    except KysiraError as error:
        report(error)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
