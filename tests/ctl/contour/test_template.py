"""Contour's objects, and what Contour makes of them."""

from typing import Any

import pytest

from ctl.contour.options import Backend, ContourOptions, Via
from ctl.contour.template import render_contour
from ctl.kubernetes.names import Service
from ctl.render_output import parse

GUARD = Service("guard", "kysira", 50051)


def rendered(**more: Any) -> dict[str, dict[str, Any]]:
    """Return the objects by kind."""
    documents = render_contour(ContourOptions(**{"services": (GUARD,), **more}))
    objects = [parse(document.text)[0] for document in documents]
    return {each["kind"]: each for each in objects}


def authorization(**more: Any) -> dict[str, Any]:
    """Return what is said of asking, wherever it is."""
    objects = rendered(**more)
    if "HTTPProxy" in objects:
        found = objects["HTTPProxy"]["spec"]["virtualhost"]["authorization"]
    else:
        found = objects["ContourConfiguration"]["spec"]["globalExtAuth"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("via", Via)
def test_body_is_sent_in_part_as_bytes(via: Via) -> None:
    """A long body is neither refused nor lost: the first part is inspected, wherever it is set."""
    assert authorization(via=via, max_body_bytes=70000)["withRequestBody"] == {
        "maxRequestBytes": 70001, "allowPartialMessage": True, "packAsBytes": True,
    }  # fmt: skip


@pytest.mark.parametrize("via", Via)
def test_reference_leads_to_the_extension_service(via: Via) -> None:
    """Name and namespace are those of the object."""
    metadata = rendered(via=via)["ExtensionService"]["metadata"]
    reference = authorization(via=via)["extensionRef"]
    assert reference == {"name": metadata["name"], "namespace": metadata["namespace"]}
    assert metadata["namespace"] == GUARD.namespace


def test_policy_and_timeout_are_told() -> None:
    """Open is open, closed is closed."""
    assert authorization()["failOpen"] is True
    closed = authorization(on_failure="closed", message_timeout=0.7)
    assert closed["failOpen"] is False
    assert closed["responseTimeout"] == "700ms"


def test_extension_service_speaks_plaintext_http2_unless_told() -> None:
    """kysira-ext-proc serves no TLS itself."""
    assert rendered()["ExtensionService"]["spec"]["protocol"] == "h2c"
    secure = rendered(tls=True, tls_ca="authorities")["ExtensionService"]["spec"]
    assert secure["protocol"] == "h2"
    assert secure["validation"]["caSecret"] == "authorities"
    assert secure["validation"]["subjectNames"] == ["guard.kysira.svc.cluster.local"]


def test_virtual_host_has_tls_and_websockets() -> None:
    """Contour allows authorization with TLS only, and upgrades where they are enabled."""
    app = Backend("shop", 80)
    spec = rendered(via=Via.HTTP_PROXY, fqdn="shop.example", tls_secret="shop", app=app)[
        "HTTPProxy"
    ]["spec"]
    assert spec["virtualhost"]["tls"] == {"secretName": "shop"}
    assert spec["routes"][0]["enableWebsockets"] is True
    assert spec["routes"][0]["services"] == [{"name": "shop", "port": 80}]
