"""The policies for Envoy Gateway."""

from typing import Any

from ctl.envoy_gateway.options import GatewayOptions
from ctl.envoy_gateway.template import render_gateway
from ctl.kubernetes.names import Service
from ctl.render_output import parse

FAR = Service("guard", "kysira", 50051)


def rendered(**more: Any) -> dict[str, dict[str, Any]]:
    """Return the objects by the name of their file."""
    values = {"gateway": "eg", "namespace": "shop", "services": (FAR,), **more}
    documents = render_gateway(GatewayOptions(**values))
    return {document.name: parse(document.text)[0] for document in documents}


def ext_proc(**more: Any) -> dict[str, Any]:
    """Return what the policy says of ext-proc."""
    (found,) = rendered(**more)["envoyextensionpolicy"]["spec"]["extProc"]
    assert isinstance(found, dict)
    return found


def test_headers_are_sent_and_bodies_only_when_asked_for() -> None:
    """A request section without a body, and leave to override it: a static body mode hangs."""
    assert ext_proc()["processingMode"] == {
        "request": {"attributes": ["source.address"]}, "allowModeOverride": True,
    }  # fmt: skip


def test_measured_settings_are_there() -> None:
    """Health check, panic threshold, breakers and retries: what a dying ext-proc needs."""
    settings = ext_proc()["backendSettings"]
    assert settings["healthCheck"]["panicThreshold"] == 0
    assert settings["healthCheck"]["active"]["type"] == "GRPC"
    assert settings["circuitBreaker"]["maxParallelRetries"] == 1000
    assert settings["retry"]["numRetries"] == 2
    assert "backOff" not in settings["retry"], "Envoy Gateway cuts it to whole seconds"


def test_grant_is_for_other_namespaces_alone() -> None:
    """It lies where the Service is, and names policy and Service."""
    grant = rendered()["referencegrant"]
    assert grant["metadata"]["namespace"] == "kysira"
    assert grant["spec"]["from"][0]["namespace"] == "shop"
    assert grant["spec"]["to"] == [{"group": "", "kind": "Service", "name": "guard"}]
    assert "referencegrant" not in rendered(services=(Service("guard", "shop", 1),))


def test_each_foreign_service_has_its_grant() -> None:
    """In a file of its own."""
    services = (FAR, Service("guard", "other", 1))
    found = [each for name, each in rendered(services=services).items() if "grant" in name]
    assert [each["metadata"]["namespace"] for each in found] == ["kysira", "other"]


def test_status_is_for_failing_closed() -> None:
    """Failing open there is nothing to refuse."""
    assert "statusOnError" not in ext_proc()
    assert ext_proc(on_failure="closed", status_on_error=429)["statusOnError"] == 429


def test_client_policy_strips_and_holds() -> None:
    """Claims are removed before anything else, and buffers hold what is inspected."""
    spec = rendered(max_body_bytes=200000)["clienttrafficpolicy"]["spec"]
    (match,) = spec["headers"]["earlyRequestHeaders"]["removeOnMatch"]
    assert match["value"].endswith("x[-_]kysira[-_].*")
    assert spec["connection"]["bufferLimit"] == spec["http2"]["initialStreamWindowSize"] == 200000


def test_tls_is_a_policy_beside_the_service() -> None:
    """With the name and authorities that were given, or the Service's and the system's."""
    policy = rendered(tls=True)["backendtlspolicy"]
    assert policy["metadata"]["namespace"] == "kysira"
    assert policy["spec"]["validation"] == {
        "hostname": "guard.kysira.svc.cluster.local", "wellKnownCACertificates": "System",
    }  # fmt: skip
    given = rendered(tls=True, tls_ca="authorities", tls_server_name="guard.example")
    validation = given["backendtlspolicy"]["spec"]["validation"]
    assert validation["hostname"] == "guard.example"
    assert validation["caCertificateRefs"][0]["name"] == "authorities"


def test_one_listener_can_be_meant() -> None:
    """Both policies name it."""
    for name in ("envoyextensionpolicy", "clienttrafficpolicy"):
        (target,) = rendered(listener="https")[name]["spec"]["targetRefs"]
        assert target["sectionName"] == "https"
