"""kysira-train: public data in, a model's folder out, with its card and figures."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from inference.training.options import TrainOptions
from kysira.errors import KysiraError

NAME = "kysira-train"
_INSTALL = "pip install '.[train]'"
_MODULES = {
    "sqli": "inference.training.sqli",
    "prompt-injection": "inference.training.prompt_injection",
}
_LIBRARIES = ("sklearn", "torch", "transformers")
_FOLDERS = {"sqli": "sqli-classifier", "prompt-injection": "prompt-injection"}


def main(argv: Sequence[str] | None = None) -> None:
    """Train one model; exit 0 with its card on stdout, or 1 with one line on stderr."""
    model, options = parse(sys.argv[1:] if argv is None else argv)
    try:
        if not options.dry_run:  # before a minute of reading
            for library in _LIBRARIES:
                importlib.import_module(library)
        # Only the one that is trained: each needs libraries of its own.
        report = importlib.import_module(_MODULES[model]).train(options)
    except ImportError as error:
        sys.exit(f"{NAME}: {error}: training needs {_INSTALL}")
    except KysiraError as error:
        sys.exit(f"{NAME}: {error}")
    except OSError as error:
        sys.exit(f"{NAME}: {error.filename or ''}: {error.strerror or error}")
    print(report.markdown)
    for path in report.files:
        print(f"wrote {path}", file=sys.stderr)


def parse(argv: Sequence[str]) -> tuple[str, TrainOptions]:
    """Return the model's name and the options; exits 2 with usage on a wrong command line."""
    parser = argparse.ArgumentParser(NAME, description=__doc__)
    parser.add_argument("model", choices=sorted(_MODULES))
    parser.add_argument("--data", type=Path, required=True, help="folder with web/ and prompt/")
    parser.add_argument("--out", type=Path, help="folder to write (default: ./MODEL)")
    parser.add_argument(
        "--permissive-only", action="store_true", help="only sources with a permissive licence"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=_positive, help="passes over the rows (default: its own)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dry-run", action="store_true", help="read and count the data only")
    parser.add_argument("--limit", type=_whole, help="rows of each source, for a smoke run")
    given = parser.parse_args(argv)
    return given.model, TrainOptions(
        data=given.data,
        out=given.out or Path(_FOLDERS[given.model]),
        permissive_only=given.permissive_only,
        seed=given.seed,
        epochs=given.epochs,
        device=given.device,
        limit=given.limit,
        dry_run=given.dry_run,
    )


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} must be above 0 and at most 1000")
    return number


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be at least 1")
    return number


if __name__ == "__main__":
    main()
