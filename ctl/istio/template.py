"""Renders the EnvoyFilter; the same options give the same bytes."""

from ctl.envoy.check import check_parts
from ctl.envoy.template import render_cluster, render_filters
from ctl.istio.options import IstioOptions
from ctl.kubernetes.objects import check_objects
from ctl.render_output import Document
from ctl.templating import render


def render_istio(options: IstioOptions) -> Document:
    """Return the EnvoyFilter; raises RenderError unless its parts are what Envoy takes."""
    check_parts(render_cluster(options.envoy), render_filters(options.envoy))
    document = Document("envoyfilter", render("istio/envoyfilter.yaml", options=options))
    check_objects([document])
    return document
