"""The command that shows the events which an exclusion is about."""

import glob
import shlex
from collections.abc import Sequence

from ctl.fleet.options import FleetOptions
from kysira.types import Exclusion

_SEARCH = ("kysiractl", "events", "search")
_ALL = ("--limit", "0")


def search_lines(
    exclusions: Sequence[Exclusion], names: Sequence[str], services: FleetOptions
) -> list[str]:
    """Return it for a shell: one line for files and one for services, as each was named.

    It shows all that was flagged under the path by the detector: events are not searched by
    location.
    """
    if not exclusions:
        return []
    told = ["--action", "flagged"]
    for path in dict.fromkeys(each.path_prefix for each in exclusions):
        told += ["--path", path if glob.escape(path) == path else f"{glob.escape(path)}*"]
    for slug in dict.fromkeys(each.detector for each in exclusions):
        told += ["--detector", slug] if slug != "*" else []
    sources = [[word for name in names for word in ("--from", name)]] if names else []
    if services.is_given or not names:
        sources.append(_of_services(services))
    return [shlex.join([*_SEARCH, *told, *source, *_ALL]) for source in sources]


def _of_services(services: FleetOptions) -> list[str]:
    words = [word for target in services.target or () for word in ("--target", target)]
    for option, value in (
        ("--namespace", services.namespace), ("--selector", services.selector),
        ("--context", services.context), ("--timeout", services.timeout),
    ):  # fmt: skip
        words += [option, value] if value else []
    return words
