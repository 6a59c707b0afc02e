"""Renders Contour's objects; the same options give the same bytes."""

from ctl.contour.options import ContourOptions, Via
from ctl.kubernetes.objects import check_objects
from ctl.render_output import Document
from ctl.templating import render

_ASKED_BY = {Via.GLOBAL: "contourconfiguration", Via.HTTP_PROXY: "httpproxy"}


def render_contour(options: ContourOptions) -> list[Document]:
    """Return the ExtensionService and what refers to it; raises RenderError when one is none."""
    names = ("extensionservice", _ASKED_BY[options.via])
    documents = [Document(name, render(f"contour/{name}.yaml", options=options)) for name in names]
    check_objects(documents)
    return documents
