"""YAML as plain data that knows its lines, so that an error can say where it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Location = tuple[str | int, ...]
"""Keys and places in lists, from the top."""
MAX_DEPTH = 16
_TIME = "tag:yaml.org,2002:timestamp"
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and where."""

    text: str
    location: Location = ()
    line: int = 1

    def __str__(self) -> str:
        """Return what is wrong, behind where: ``routes[1].mode: …``."""
        place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in self.location)
        return f"{place.removeprefix('.')}: {self.text}" if place else self.text


@dataclass(slots=True)
class Located:
    """A document's data, and the lines of its parts; ``problems`` say what was left out."""

    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, location: Location) -> int:
        """Return the line of a part, or of the nearest part around it that is there."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def read_yaml(text: str) -> Located:
    """Return what the one document of a text holds; never raises on any text at all.

    Times stay text. Anchors are left out, since a few lines of them can stand for more than any
    memory holds, and so is what has a key twice.
    """
    yaml = YAML(typ="safe", pure=True)
    found = Located()
    try:
        node = yaml.compose(text)
        if node is not None:
            found.data = _Reader(yaml, found).read(node, ())
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        why = " ".join(filter(None, (error.context, error.problem)))
        found.problems.append(Problem(f"no YAML: {why}", line=line))
    except YAMLError as error:
        found.problems.append(Problem(f"no YAML: {str(error).splitlines()[0]}"))
    except RecursionError:
        found.problems.append(Problem("no YAML: it is nested too deeply"))
    return found


class _Reader:
    def __init__(self, yaml: YAML, found: Located) -> None:
        self._yaml = yaml
        self._found = found
        self._seen: set[int] = set()

    def read(self, node: Node, at: Location) -> Any:
        """Return the data of a node, noting the lines of all in it."""
        self._found.lines.setdefault(at, node.start_mark.line + 1)
        if id(node) in self._seen or node.anchor:
            self._complain("anchors and aliases are not read: write it out", at)
            return None
        self._seen.add(id(node))
        if len(at) > MAX_DEPTH:
            self._complain("nested too deeply", at)
            return None
        if isinstance(node, MappingNode):
            return dict(self._pairs(node, at))
        if isinstance(node, SequenceNode):
            return [self.read(each, (*at, place)) for place, each in enumerate(node.value)]
        return self._scalar(node, at) if isinstance(node, ScalarNode) else None

    def _pairs(self, node: MappingNode, at: Location) -> Iterator[tuple[str, Any]]:
        known: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._complain("a key must be a word", at)
                continue
            name = str(key.value)
            if name in known:
                self._complain(f"{name!r} is there twice", at, key.start_mark.line + 1)
                continue
            known.add(name)
            self._found.lines[(*at, name)] = key.start_mark.line + 1
            yield name, self.read(value, (*at, name))

    def _scalar(self, node: ScalarNode, at: Location) -> Any:
        tag = str(node.tag)
        if tag in (_TIME, _TEXT):
            return str(node.value)
        try:
            return self._yaml.constructor.construct_object(node, deep=True)
        except (YAMLError, ValueError, LookupError):  # the reader's own, of "!!bool x"
            self._complain(f"{str(node.value)[:40]!r} can't be read as {tag}", at)
            return None

    def _complain(self, text: str, at: Location, line: int | None = None) -> None:
        where = self._found.line_of(at) if line is None else line
        self._found.problems.append(Problem(text, at, where))
