"""Adds exclusions to the text of a kysira.yaml: all else in it stays as it is."""

import textwrap
from collections.abc import Sequence
from typing import Any

from ruamel.yaml.nodes import MappingNode

from ctl.policy.expiry import written
from ctl.policy.show import yaml_text
from ctl.policy.source import of_bytes
from ctl.yaml_edit import Document, get, items
from kysira.errors import PolicyError, RenderError
from kysira.policy import Policy
from kysira.policy_text import exclusion_to_json, policy_to_json
from kysira.types import Exclusion

_KEY = "exclusions"


def block(exclusions: Sequence[Exclusion]) -> str:
    """Return exclusions as a list in YAML."""
    return textwrap.dedent(yaml_text([_row(each) for each in exclusions]))


def _row(exclusion: Exclusion) -> dict[str, Any]:
    row = exclusion_to_json(exclusion)
    if exclusion.expires is not None:
        row["expires"] = written(exclusion.expires)
    return row


def with_exclusions(text: str, name: str, added: Sequence[Exclusion], now: float) -> str:
    """Return the text with exclusions at the end of its list; ``name`` is what errors call it.

    It is checked before and after. Raises PolicyError.
    """
    before = of_bytes(text.encode(), name, now).policy
    try:
        changed = _edited(text, added)
        after = of_bytes(changed.encode(), name, now).policy
    except (PolicyError, RenderError) as error:
        raise _by_hand(name, str(error)) from None
    if policy_to_json(after) != _expected(before, added):
        raise _by_hand(name, "its layout is not understood")
    return changed


def _expected(before: Policy, added: Sequence[Exclusion]) -> dict[str, Any]:
    told = policy_to_json(before)
    told[_KEY] += [exclusion_to_json(each) for each in added]
    return told


def _by_hand(name: str, why: str) -> PolicyError:
    return PolicyError(f"{name}: exclusions can't be added to it; add them by hand: {why}")


def _edited(text: str, added: Sequence[Exclusion]) -> str:
    document = Document(text)
    root, rows = document.root, get(document.root, _KEY)
    listed = block(added)
    if rows is not None and items(rows):
        document.append(rows, listed)
        return document.text
    if not isinstance(root, MappingNode) or root.flow_style:
        raise RenderError("it is no block of keys")
    if rows is not None:
        document.fill(rows, textwrap.indent(listed, "  "))
    else:
        part = f"{_KEY}:\n{textwrap.indent(listed, '  ')}"
        document.add_at_end(textwrap.indent(part, " " * root.start_mark.column))
    return document.text
