"""kysiractl: the entry point."""

import sys
import traceback

from ctl.app import NAME, app
from ctl.exits import exit_code, hide_traceback, report
from kysira.errors import KysiraError

DEBUG = "--debug"


def main() -> None:
    """Run the command; an error is one line and an exit code, and a traceback on --debug."""
    arguments = [text for text in sys.argv[1:] if text != DEBUG]
    is_debug = len(arguments) < len(sys.argv) - 1
    if not is_debug:
        sys.excepthook = hide_traceback
    try:
        app(arguments, prog_name=NAME)
    except KysiraError as error:
        if is_debug:
            traceback.print_exception(error)
        report(error)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
