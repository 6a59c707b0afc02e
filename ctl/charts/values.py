"""Files of values: what an installation sets, nested and commented as Helm users expect it."""

import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctl.charts.table import CHARTS, PLATFORM, UMBRELLA, Chart, Value

_WIDTH = 98
_INDENT = 2
_INSTALL = (
    "helm install {release} oci://ghcr.io/kysira/charts/{chart} -n {namespace} -f values.yaml"
)
_LEFT = "Not set: kysira.yaml has the say"
POLICY = "config.policy"
IN_POLICY = frozenset({
    "mode", "score_threshold", "timeout_ms", "max_body_bytes", "on_failure", "on_oversize",
    "trusted_proxies", "client_address_headers",
})  # fmt: skip
"""Settings that kysira.yaml holds, and that the environment wins over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesOptions:
    """Which values are printed, and what they are."""

    chart: str = UMBRELLA
    wishes: Mapping[str, Any] = field(default_factory=dict)
    """Values by key, for every chart that has it, or by chart and key; the others have defaults."""
    namespace: str = "kysira"
    is_complete: bool = False
    """Print every value, not only the deployment guide's and those asked for."""

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Return the charts whose values are printed."""
        return tuple(CHARTS[name] for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Return their names."""
        return PLATFORM if self.chart == UMBRELLA else (self.chart,)

    @property
    def unused(self) -> tuple[str, ...]:
        """Return the wishes that none of the charts has a value for."""
        known = {
            key for chart in self.charts for value in chart.values for key in _keys(chart, value)
        }
        return tuple(key for key in self.wishes if key not in known)

    def held(self, chart: Chart, value: Value) -> Any:
        """Return what a value is."""
        asked = self._asked(chart, value)
        if not asked and self._is_left_to_policy(value):
            return None
        return self.wishes[asked[0]] if asked else value.default

    def is_shown(self, chart: Chart, value: Value) -> bool:
        """Return True for a value that is printed."""
        is_asked = bool(self._asked(chart, value)) or self._is_left_to_policy(value)
        return self.is_complete or value.in_guide or is_asked

    def comment(self, chart: Chart, value: Value) -> str:
        """Return what is said of a value."""
        is_left = not self._asked(chart, value) and self._is_left_to_policy(value)
        return f"{value.comment}. {_LEFT}" if is_left else value.comment

    def _is_left_to_policy(self, value: Value) -> bool:
        """Return True for what kysira.yaml would say in vain, were the chart to set it too."""
        return POLICY in self.wishes and value.setting in IN_POLICY

    def _asked(self, chart: Chart, value: Value) -> list[str]:
        return [key for key in _keys(chart, value) if key in self.wishes]


def render_values(options: ValuesOptions) -> str:
    """Return the text of a values.yaml; the same options give the same bytes."""
    # 40 ms: only what renders pays for it.
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415

    root = CommentedMap()
    is_umbrella = options.chart == UMBRELLA
    for chart in options.charts:
        base = [chart.name] if is_umbrella else []
        for value in chart.values:
            if options.is_shown(chart, value):
                path = [*base, *value.key.split(".")]
                _put(root, path, options.held(chart, value), options.comment(chart, value))
    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=_INDENT)
    stream = io.StringIO()
    yaml.dump(root, stream)
    return _head(options) + stream.getvalue()


def _keys(chart: Chart, value: Value) -> tuple[str, str]:
    return f"{chart.name}.{value.key}", value.key


def _put(root: Any, path: list[str], held: Any, comment: str) -> None:
    """Set a value and its comment, below mappings that are made where they are missing."""
    from ruamel.yaml.scalarstring import LiteralScalarString  # noqa: PLC0415

    node = root
    for key in path[:-1]:
        node = node.setdefault(key, type(root)())
    if isinstance(held, str) and "\n" in held:
        held = LiteralScalarString(held)
    node[path[-1]] = held
    column = _INDENT * (len(path) - 1)
    above = "\n".join(textwrap.wrap(comment, _WIDTH - column))
    node.yaml_set_comment_before_after_key(path[-1], before=above, indent=column)


def _head(options: ValuesOptions) -> str:
    release = "kysira" if options.chart == UMBRELLA else options.chart
    install = _INSTALL.format(release=release, chart=options.chart, namespace=options.namespace)
    lines = [f"# {install}"]
    if not options.is_complete:
        lines.append("# There are more: kysiractl render helm-values --all")
    return "\n".join(lines) + "\n"
