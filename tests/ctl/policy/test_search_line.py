"""The command that shows the events which an exclusion is about."""

import shlex

from ctl.fleet.options import FleetOptions
from ctl.policy.search_line import search_lines
from kysira.types import Exclusion

RULE = Exclusion("/a b", "query:q", "sqli", "n")


def test_files_are_searched_as_they_were_named() -> None:
    """Quoted for a shell, with every event that matches."""
    (line,) = search_lines([RULE], ["it's.jsonl", "b"], FleetOptions())
    assert "'/a b'" in line
    assert shlex.split(line) == [
        "kysiractl", "events", "search", "--action", "flagged", "--path", "/a b", "--detector",
        "sqli", "--from", "it's.jsonl", "--from", "b", "--limit", "0",
    ]  # fmt: skip


def test_services_are_asked_as_they_were_named() -> None:
    """Those of the configuration need no word; files and services are two searches."""
    assert search_lines([RULE], [], FleetOptions())[0].endswith("--detector sqli --limit 0")
    services = FleetOptions(target=["a:1", "b:1"], timeout="9s")
    (line,) = search_lines([RULE], [], services)
    assert line.endswith("--target a:1 --target b:1 --timeout 9s --limit 0")
    pods = FleetOptions(namespace="shop", selector="app=x", context="c")
    lines = search_lines([RULE], ["f"], pods)
    assert lines[0].endswith("--from f --limit 0")
    assert lines[1].endswith("--namespace shop --selector app=x --context c --limit 0")


def test_several_exclusions_are_one_search() -> None:
    """Each path and detector once; a path is never read as a pattern."""
    more = Exclusion("/a[1]", "query:r", "xss", "m")
    (line,) = search_lines([RULE, more, more], [], FleetOptions())
    assert shlex.split(line)[5:-2] == [
        "--path", "/a b", "--path", "/a[[]1]*", "--detector", "sqli", "--detector", "xss",
    ]  # fmt: skip
    assert search_lines([], [], FleetOptions()) == []
