"""kysiractl: the entry point."""

import sys

_INTERRUPTED = 130
"""As shells call the end by Ctrl-C."""


def main() -> None:
    """Run the command, and exit; a Ctrl-C while it is imported is no traceback either."""
    try:
        from ctl.program import run  # noqa: PLC0415

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
