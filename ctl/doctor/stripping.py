"""Checks that headers which only Kysira may set are taken from clients before it is asked."""

from collections.abc import Iterator, Sequence

import re2

from ctl.doctor import codes
from ctl.doctor.http_filters import Filter, FilterList
from ctl.doctor.node import Node, flag, has, node, rows, text
from ctl.doctor.report import Chart
from ctl.doctor.routes import runs_everywhere

_TOLD = ("score", "reason", "mode", "would-have-killed", "event-id")
_HYPHENS = tuple(f"x-kysira-{name}" for name in _TOLD)
_UNDERSCORES = tuple(name.replace("-", "_") for name in _HYPHENS)
"""Many app servers read "_" as "-"."""


def check_stripping(
    chart: Chart, found: FilterList, before: Sequence[Filter], *, is_open: bool
) -> None:
    """Chart whether the filters before Kysira's remove a client's own X-Kysira-* headers.

    It matters most where requests pass while Kysira can't be asked: it removes them itself.
    """
    manager = found.manager.config
    always = [each for each in before if not each.is_matched and runs_everywhere(found, each)]
    removals = [*_early(manager), *_filtered(always)]
    left = [name for name in _HYPHENS if not _is_removed(name, removals)]
    if left:
        said = f"{found.where}: {', '.join(left)}"
        if is_open:
            chart.bad(codes.HEADERS_STRIPPED, f"{said}; requests pass while Kysira can't be asked")
        else:
            chart.warn(codes.HEADERS_STRIPPED, f"{said}; Kysira alone removes them")
        return
    options = node(manager, "common_http_protocol_options")
    is_refused = text(options, "headers_with_underscores_action", default="ALLOW") != "ALLOW"
    odd = [name for name in _UNDERSCORES if not _is_removed(name, removals)]
    if odd and not is_refused:
        chart.warn(codes.HEADERS_STRIPPED, f"{found.where}: {', '.join(odd)}")
    else:
        chart.ok(codes.HEADERS_STRIPPED)


def _early(manager: Node) -> Iterator[Node]:
    for row in rows(manager, "early_header_mutation_extensions"):
        yield from rows(row, "typed_config", "mutations")


def _filtered(filters: Sequence[Filter]) -> Iterator[Node]:
    for each in filters:
        if each.kind == "HeaderMutation":
            yield from rows(each.config, "mutations", "request_mutations")


def _is_removed(name: str, removals: Sequence[Node]) -> bool:
    return any(
        text(each, "remove").lower() == name
        or (
            has(each, "remove_on_match")
            and is_match(node(each, "remove_on_match", "key_matcher"), name)
        )
        for each in removals
    )


def is_match(matcher: Node, name: str) -> bool:
    """Return whether Envoy's StringMatcher takes a text, in lower case."""
    if has(matcher, "safe_regex"):
        return is_full_match(text(matcher, "safe_regex", "regex"), name)
    lower = str.lower if flag(matcher, "ignore_case") else str
    for key, holds in (
        ("exact", str.__eq__), ("prefix", str.startswith), ("suffix", str.endswith),
        ("contains", str.__contains__),
    ):  # fmt: skip
        if has(matcher, key):
            return bool(holds(name, lower(text(matcher, key))))
    return False


def is_full_match(pattern: str, name: str) -> bool:
    """Return whether all of the text matches, as Envoy's RE2 reads the pattern."""
    try:
        return re2.fullmatch(pattern, name) is not None
    except re2.error:
        return False
