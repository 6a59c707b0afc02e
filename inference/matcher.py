"""Multi-pattern matching in linear time: hyperscan, or RE2 where hyperscan has no wheel.

Both take the common subset of PCRE and RE2 (no look-around, no back-reference), match bytes, let
"." match a newline and ignore case unless a pattern says otherwise. No backtracking engine sits on
the request path: one 2 KB value can cost such an engine seconds.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

import re2

hyperscan: Any
try:
    import hyperscan
except ImportError:  # no wheel for this platform
    hyperscan = None

JOINT = b"\xff"
"""Stands between texts that are matched as one: no UTF-8 has it, and few patterns take it."""

_PART = re.compile(r"\\.|\[:\w+:\]|\[\^?|.", re.DOTALL)
_AS_PCRE = {
    "$": (r"(?:\n?\z)", "$"),
    r"\s": (r"[\s\v]", r"\s\v"),
    r"\S": (r"[^\s\v]", r"\S"),
}
"""What RE2 needs outside and inside of a character class to read a part as PCRE does."""
_AT_JOINTS = {
    "^": (r"(?:^|\xFF)", "^"),
    r"\A": (r"(?:\A|\xFF)", r"\A"),
    "$": (r"(?:\n?\xFF|$)", "$"),
    r"\z": (r"(?:\xFF|\z)", r"\z"),
}
"""What makes a text's ends match at its joints too, outside and inside of a class."""
_NO_JOINTS = re.compile(r"\\[ZG]|\(\?\w*[mx]")
"""What could end a text in a way that is not put right at joints."""
_MOST_SEARCHES = 32
"""Up to this many texts are found one by one: a pattern like ".*@" reads on to the end of all."""


class Pattern(NamedTuple):
    """One expression in the common subset of PCRE and RE2."""

    expression: str
    is_case_sensitive: bool = False


class Matcher(Protocol):
    """Finds which of many patterns occur in a text."""

    def match(self, text: bytes) -> list[int]:
        """Return the indices of the patterns found anywhere in ``text``, each once, ascending."""


class HyperscanMatcher:
    """All patterns in one hyperscan automaton, a few microseconds for a short text."""

    def __init__(self, patterns: Sequence[Pattern], *, database: Any = None) -> None:
        """Compile, unless compiled already; raise ValueError naming a pattern that is refused."""
        self.database: Any = database or _hyperscan_database(patterns)
        self._local = threading.local()

    def match(self, text: bytes) -> list[int]:
        """Return the indices of the patterns found in ``text``, each once, ascending."""
        try:
            scratch = self._local.scratch
        except AttributeError:
            # hyperscan allows one user per scratch space at a time.
            scratch = self._local.scratch = hyperscan.Scratch(self.database)
        found: list[int] = []
        self.database.scan(text, _append, context=found, scratch=scratch)
        found.sort()
        return found


def _hyperscan_database(patterns: Sequence[Pattern]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    base = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH
    caseless = hyperscan.HS_FLAG_CASELESS
    try:
        database.compile(
            expressions=[pattern.expression.encode() for pattern in patterns],
            ids=list(range(len(patterns))),
            elements=len(patterns),
            flags=[base | (0 if pattern.is_case_sensitive else caseless) for pattern in patterns],
        )
    except hyperscan.error as error:
        if len(patterns) > 1:  # the error of the whole does not say which one it was
            for pattern in patterns:
                _hyperscan_database([pattern])
        raise ValueError(f"hyperscan refuses {patterns[0].expression!r}: {error}") from error
    return database


def _append(index: int, start: int, end: int, flags: int, found: list[int]) -> None:
    found.append(index)


class Re2Matcher:
    """All patterns in RE2 sets; slower, and on every platform."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Compile; raise ValueError naming the pattern that RE2 refuses."""
        self._sets: list[tuple[Any, list[int]]] = []
        for is_case_sensitive in (False, True):
            indices = [
                i for i, p in enumerate(patterns) if p.is_case_sensitive == is_case_sensitive
            ]
            if indices:
                self._sets.append((_re2_set([patterns[i] for i in indices]), indices))

    def match(self, text: bytes) -> list[int]:
        """Return the indices of the patterns found in ``text``, each once, ascending."""
        return sorted(indices[i] for found, indices in self._sets for i in found.Match(text) or ())


def _re2_set(patterns: Sequence[Pattern]) -> Any:
    options = re2_options(patterns[0].is_case_sensitive)
    options.max_mem = 256 << 20  # the default is for one pattern, not for hundreds
    result = re2.Set.SearchSet(options)
    for pattern in patterns:
        try:
            result.Add(re2_expression(pattern.expression).encode())
        except re2.error as error:
            raise ValueError(f"RE2 refuses {pattern.expression!r}: {error}") from error
    result.Compile()
    return result


def re2_expression(expression: str) -> str:
    r"""Return the expression in which RE2 reads what hyperscan reads in this one.

    To PCRE, which hyperscan follows, "$" also matches before a newline that ends the text, and "\s"
    a vertical tab.
    """
    return _rewritten(expression, _AS_PCRE)


def joint_pattern(pattern: Pattern) -> Pattern:
    r"""Return a pattern that matches joined texts whenever this one matches one of them.

    It may match more: what stands across a joint, or in a text that holds the joint's byte. Raises
    ValueError for a pattern with ends of another kind than "^", "$", "\A" and "\z".
    """
    if _NO_JOINTS.search(pattern.expression):
        raise ValueError(f"{pattern.expression!r} has \\Z, \\G or a mode: write ^, $, \\A or \\z")
    return pattern._replace(expression=_rewritten(pattern.expression, _AT_JOINTS))


def matching_texts(pattern: Pattern, joined: bytes) -> Iterator[bytes]:
    """Yield the joined texts that this ``joint_pattern`` matches, and perhaps some more."""
    expression = searcher(pattern)
    position = 0
    for _ in range(_MOST_SEARCHES):
        match = expression.search(joined, position)
        if match is None:
            return
        if match.end() == position:  # it matches nothing at all, so everywhere
            break
        start = joined.rfind(JOINT, 0, match.start()) + 1
        position = joined.find(JOINT, match.end())
        yield from joined[start : position if position >= 0 else None].split(JOINT)
        if position < 0:
            return
    yield from joined.split(JOINT)


def _rewritten(expression: str, table: Mapping[str, tuple[str, str]]) -> str:
    parts: list[str] = []
    is_class = is_first = False
    for part in _PART.findall(expression):
        is_opening = part[0] == "[" and not is_class
        if is_opening:
            is_class = True
        elif part == "]" and not is_first:
            is_class = False
        parts.append(table[part][is_class] if part in table else part)
        is_first = is_opening
    return "".join(parts)


@cache
def searcher(pattern: Pattern) -> Any:
    """Return the pattern alone, compiled by RE2: it says where in a text a match is."""
    options = re2_options(pattern.is_case_sensitive)
    options.never_capture = True  # a match without groups needs no slower engine than a DFA
    return re2.compile(re2_expression(pattern.expression).encode(), options=options)


def re2_options(is_case_sensitive: bool = False) -> Any:
    """Return the options under which RE2 reads a pattern as hyperscan does."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = is_case_sensitive
    options.dot_nl = True
    options.log_errors = False
    return options


def compile_matcher(patterns: Sequence[Pattern]) -> Matcher:
    """Return the fastest matcher that this platform has."""
    return HyperscanMatcher(patterns) if hyperscan else Re2Matcher(patterns)
