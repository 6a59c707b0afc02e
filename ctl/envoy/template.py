"""Renders the templates in ctl/templates/envoy; the same options give the same bytes."""

from pathlib import Path

import jinja2

from ctl.envoy.options import EnvoyOptions

_FOLDER = Path(__file__).parents[1] / "templates"


def render_envoy(options: EnvoyOptions) -> str:
    """Return a complete envoy.yaml."""
    return _render("envoy.yaml", options)


def render_cluster(options: EnvoyOptions) -> str:
    """Return the ext-proc cluster, as a YAML list of one."""
    return _render("cluster.yaml", options)


def render_filters(options: EnvoyOptions) -> str:
    """Return the two HTTP filters, as a YAML list."""
    return _render("filters.yaml", options)


def render_snippet(options: EnvoyOptions) -> str:
    """Return cluster and filters, each with a comment that says where it goes."""
    return _render("snippet.yaml", options)


def _render(name: str, options: EnvoyOptions) -> str:
    environment = jinja2.Environment(  # noqa: S701 - YAML, not HTML; strings go through tojson
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["duration"] = _duration
    return environment.get_template(f"envoy/{name}.j2").render(options=options)


def _duration(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
