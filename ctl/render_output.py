"""Where what was rendered goes: stdout, a file, or a folder with a file for each document."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ctl import console
from ctl.arguments import usage_error
from ctl.files import make_folder, refuse_foreign, write_text
from ctl.render_options import OUTPUT
from ctl.render_values import Set, Values

APPLY = "apply it with: kubectl apply -f {path}"
"""A hint; of a folder, kubectl takes every manifest that lies in it."""
_MANIFESTS = (".json", ".yaml", ".yml")


class Format(StrEnum):
    """How documents are written."""

    YAML = "yaml"
    JSON = "json"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        "-o",
        help="yaml, with comments, or json: several objects become a List there.",
        rich_help_panel=OUTPUT,
    ),
]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its file's name, without ending but perhaps below folders, and text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to write, and how: at most one of file and folder, neither is stdout."""

    format: Format = Format.YAML
    file: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where it goes, and the files that other options come from."""

    format_: FormatOption = Format.YAML
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to this file.", rich_help_panel=OUTPUT),
    ] = None
    output_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write into this folder, a file for each object.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    _values: Values = None
    _set: Set = None

    def destination(self) -> Destination:
        """Return what they name; both a file and a folder are a usage error."""
        if self.output is not None and self.output_dir is not None:
            raise usage_error("--output", "leave it out: --output-dir names the files itself")
        return Destination(self.format_, self.output, self.output_dir)


def write(documents: Sequence[Document], to: Destination, *, hint: str = "") -> None:
    """Write every document; ``hint``, where there is one, says what to do with what was written.

    Raises RenderError before a file in a folder is replaced that is not ours.

    A ``{path}`` in the hint is the file's path, or the folder's when there are several.
    """
    if to.folder is not None:
        paths = [to.folder / f"{document.name}.{to.format}" for document in documents]
        texts = [as_text([document], to.format) for document in documents]
        files = dict(zip(paths, texts, strict=True))
        refuse_foreign(files)
        for path, text in files.items():
            make_folder(path.parent)
            write_text(path, text)
            console.note(f"wrote {path}")
        if hint:
            console.note(hint.format(path=paths[0] if len(paths) == 1 else to.folder))
        if len(paths) > 1 and "kubectl" in hint and "-f {path}" in hint:
            _note_others(to.folder, paths)
    elif to.file is not None:
        write_text(to.file, as_text(documents, to.format))
        console.note(f"wrote {to.file}" + (f"; {hint.format(path=to.file)}" if hint else ""))
    else:
        typer.echo(as_text(documents, to.format), nl=False)


def _note_others(folder: Path, written: Sequence[Path]) -> None:
    """Tell of manifests of an earlier run, which ``kubectl apply -f`` would take along."""
    there = (path for path in folder.iterdir() if path.suffix in _MANIFESTS)
    others = sorted(path.name for path in there if path not in written)
    if others:
        console.note(f"{folder} holds more, which kubectl takes too: {', '.join(others)}")


def as_text(documents: Sequence[Document], format_: Format) -> str:
    """Return the documents as one text; the same documents give the same bytes."""
    if format_ is Format.YAML:
        return "---\n".join(document.text for document in documents)
    values = [value for document in documents for value in parse(document.text)]
    whole = values[0] if len(values) == 1 else {"apiVersion": "v1", "kind": "List", "items": values}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def parse(text: str) -> list[Any]:
    """Return the values of a text's YAML documents; an empty one is none."""
    # 40 ms: only what is parsed pays for it.
    from ruamel.yaml import YAML  # noqa: PLC0415

    documents = YAML(typ="safe", pure=True).load_all(io.StringIO(text))
    return [value for value in documents if value is not None]
