"""``-f values.yaml`` and ``--set key=value``: options from a file, for every render command.

Keys are the options' names with ``_`` for ``-``. What is given as an option wins, then ``--set``,
then the last file that has the key, then the default.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ctl.arguments import usage_error
from ctl.files import read_text
from ctl.render_options import OUTPUT
from ctl.yaml_edit import Document
from kysira.errors import RenderError

_OWN = ("values", "set", "help")
_META = "ctl.render_values"
_NULL = "tag:yaml.org,2002:null"
Value = str | list[str]


def read_values(ctx: typer.Context, paths: list[Path] | None) -> list[Path] | None:
    """Take options from the files; raises RenderError naming file, line and key."""
    for path in paths or ():
        _layer(ctx, "files").update(_file_values(ctx, path))
    _apply(ctx)
    return paths


def read_set(ctx: typer.Context, texts: list[str] | None) -> list[str] | None:
    """Take options from ``key=value``; a list's items have commas between them."""
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise usage_error("--set", f"{text!r} is not key=value, such as on_failure=closed")
        option = _options(ctx.command).get(key)
        if option is None:
            raise usage_error("--set", f"no option {key!r} here{_hint(key, _options(ctx.command))}")
        _layer(ctx, "set")[option.name] = value.split(",") if option.multiple else value
    _apply(ctx)
    return texts


Values = Annotated[
    list[Path] | None,
    typer.Option(
        "--values",
        "-f",
        metavar="FILE",
        help="Take options from this YAML file, e.g. on_failure: closed; again for more, the last "
        "one wins. It may hold those of other targets too.",
        is_eager=True,
        callback=read_values,
        rich_help_panel=OUTPUT,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="One such option, e.g. on_failure=closed; wins over files.",
        is_eager=True,
        callback=read_set,
        rich_help_panel=OUTPUT,
    ),
]


def _layer(ctx: typer.Context, name: str) -> dict[str, Value]:
    layers = cast("dict[str, dict[str, Value]]", ctx.meta.setdefault(_META, {}))
    return layers.setdefault(name, {})


def _apply(ctx: typer.Context) -> None:
    ctx.default_map = {**_layer(ctx, "files"), **_layer(ctx, "set")}


def _options(command: Any) -> dict[str, Any]:
    """Return the options of a command by key."""
    named = ((_key(option), option) for option in command.params)
    return {key: option for key, option in named if key and key not in _OWN}


def _key(option: Any) -> str:
    long = (text for text in option.opts if text.startswith("--"))
    return next(long, "").removeprefix("--").replace("-", "_")


def _all_keys(ctx: typer.Context) -> set[str]:
    """Return the keys of this command and of its neighbours."""
    group: Any = ctx.parent.command if ctx.parent else None
    neighbours = getattr(group, "commands", {}).values()
    return {key for command in (ctx.command, *neighbours) for key in _options(command)}


def _file_values(ctx: typer.Context, path: Path) -> dict[str, Value]:
    try:
        root = Document(read_text(path)).root
    except RenderError as error:
        text = str(error)
        raise RenderError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    own, known = _options(ctx.command), _all_keys(ctx)
    values: dict[str, Value] = {}
    seen: set[str] = set()
    for key, node in _entries(root, path):
        where = f"{path}:{node.start_mark.line + 1}: {key}"
        if key not in known:
            raise RenderError(f"{where}: no such option{_hint(key, known)}")
        if key in seen:
            raise RenderError(f"{where}: given twice")
        seen.add(key)
        if key in own and node.tag != _NULL:
            values[own[key].name] = _value(node, where, is_list=own[key].multiple)
    return values


def _entries(root: Node | None, path: Path) -> Iterator[tuple[str, Node]]:
    if root is None:
        return
    if not isinstance(root, MappingNode):
        raise RenderError(f"{path}: not a mapping of options, such as on_failure: closed")
    for key, value in root.value:
        if not isinstance(key, ScalarNode):
            line = key.start_mark.line + 1
            raise RenderError(f"{path}:{line}: a list or mapping as a key, not an option's name")
        yield str(key.value), value


def _value(node: Node, where: str, *, is_list: bool) -> Value:
    if isinstance(node, ScalarNode):
        return [str(node.value)] if is_list else str(node.value)
    if is_list and isinstance(node, SequenceNode):
        return [_text(item, where) for item in node.value]
    if is_list and isinstance(node, MappingNode):
        return [f"{_text(key, where)}={_text(value, where)}" for key, value in node.value]
    raise RenderError(f"{where}: holds more than one value; this option takes one")


def _text(node: Node, where: str) -> str:
    if not isinstance(node, ScalarNode):
        raise RenderError(f"{where}: nested too deep")
    return str(node.value)


def _hint(key: str, known: Iterable[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(key.replace("-", "_"), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
