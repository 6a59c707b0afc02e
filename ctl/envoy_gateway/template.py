"""Renders the policies for Envoy Gateway; the same options give the same bytes."""

from ctl.envoy_gateway.options import GatewayOptions
from ctl.kubernetes.objects import check_objects
from ctl.render_output import Document
from ctl.templating import render


def render_gateway(options: GatewayOptions) -> list[Document]:
    """Return the objects in the order they are applied in; raises RenderError when one is none."""
    documents = [
        _document("envoyextensionpolicy", "envoyextensionpolicy", options),
        _document("clienttrafficpolicy", "clienttrafficpolicy", options),
    ]
    kinds = {"referencegrant": options.foreign_services}
    if options.tls:
        kinds["backendtlspolicy"] = options.named_services
    for kind, services in kinds.items():
        for number, service in enumerate(services, 1):
            suffix = f"-{number}" if len(services) > 1 else ""
            documents.append(_document(kind, f"{kind}{suffix}", options, service))
    check_objects(documents)
    return documents


def _document(
    template: str, name: str, options: GatewayOptions, service: object = None
) -> Document:
    text = render(f"envoy_gateway/{template}.yaml", options=options, service=service)
    return Document(name, text)
