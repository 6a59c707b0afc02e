"""Renders the templates in ctl/templates/envoy; the same options give the same bytes."""

from ctl.envoy.options import EnvoyOptions
from ctl.templating import render


def render_envoy(options: EnvoyOptions) -> str:
    """Return a complete envoy.yaml."""
    return render("envoy/envoy.yaml", options=options)


def render_cluster(options: EnvoyOptions) -> str:
    """Return the ext-proc cluster, as a YAML list of one."""
    return render("envoy/cluster.yaml", options=options)


def render_filters(options: EnvoyOptions) -> str:
    """Return the two HTTP filters, as a YAML list."""
    return render("envoy/filters.yaml", options=options)


def render_snippet(options: EnvoyOptions) -> str:
    """Return cluster and filters, each with a comment that says where it goes."""
    return render("envoy/snippet.yaml", options=options)
