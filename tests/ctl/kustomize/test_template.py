"""Kubernetes manifests: valid, locked up, probed, and reached by whom they should be."""

import functools
from copy import deepcopy
from itertools import chain
from typing import Any

import pytest

from ctl.containers import PROGRAMS, USER, Component, Images
from ctl.kustomize.options import KustomizeOptions
from ctl.kustomize.template import render_kustomization, render_manifests
from ctl.render_output import parse
from ctl.service_policy import OwnPolicy, ServicePolicy
from kysira.settings import Device
from tests.ctl.services import unknown
from tests.needs import library

EVERY = tuple(Component)
APP = "http://shop.shop.svc:3000"
CASES = {
    "default": KustomizeOptions(),
    "every": KustomizeOptions(components=EVERY, target=APP),
    "fixed": KustomizeOptions(
        components=EVERY, target=APP, replicas=3, max_replicas=3, token_secret="mine",
        network_policy=False, namespace="waf", device=Device.CUDA, sinks="http",
        http_sink_url="https://logs.example/in?a=b", images=Images("registry.example:5000/x", "v7"),
    ),
    "own-policy": KustomizeOptions(
        service_policy=ServicePolicy(
            own_policy=OwnPolicy(text="# ours\n\nmode: active\n   \nroutes: []\n")
        ),
    ),
}  # fmt: skip
FRONT_ENDS = [each for each in EVERY if each is not Component.INFERENCE]


def objects(options: KustomizeOptions, kind: str = "") -> dict[str, dict[str, Any]]:
    """Return the objects by name, of one kind where one is given."""
    return {
        each["metadata"]["name"] + ("" if kind else f"/{each['kind']}"): each
        for each in rendered(options)
        if kind in ("", each["kind"])
    }


@functools.cache
def rendered(options: KustomizeOptions) -> list[dict[str, Any]]:
    """Return every object; they are shared, so don't change them."""
    texts = (document.text for document in render_manifests(options))
    return list(chain.from_iterable(map(parse, texts)))


def pod(options: KustomizeOptions, component: Component) -> dict[str, Any]:
    """Return the pod template of a component."""
    template = objects(options, "Deployment")[PROGRAMS[component].name]["spec"]["template"]
    assert isinstance(template, dict)
    return template


def container(options: KustomizeOptions, component: Component) -> dict[str, Any]:
    """Return its only container."""
    (only,) = pod(options, component)["spec"]["containers"]
    assert isinstance(only, dict)
    return only


@pytest.mark.parametrize("version", ["1.27", "1.37"])
@pytest.mark.parametrize("case", CASES)
def test_manifests_are_valid(case: str, version: str) -> None:
    """Kubernetes knows every field, the oldest version that asks gRPC health and the newest."""
    kubernetes = library("kubernetes_validate", "test")
    every = objects(CASES[case])
    assert len(every) >= 7
    for value in every.values():
        kubernetes.validate(value, version, strict=True)


def test_validation_sees_a_misspelt_field() -> None:
    """The check above can fail."""
    kubernetes = library("kubernetes_validate", "test")
    value = deepcopy(objects(CASES["default"], "Deployment")["kysira-ext-proc"])
    value["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(value, "1.37", strict=True)


@pytest.mark.parametrize("component", EVERY)
def test_pod_is_locked_up(component: Component) -> None:
    """As Kubernetes' restricted pod security standard wants it, and no token of its API."""
    spec = pod(CASES["every"], component)["spec"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert container(CASES["every"], component)["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert spec["automountServiceAccountToken"] is False
    kinds = {frozenset(volume) - {"name"} for volume in spec["volumes"]}
    assert kinds <= {frozenset({"emptyDir"}), frozenset({"configMap"})}


@pytest.mark.parametrize("component", EVERY)
def test_service_links_are_off(component: Component) -> None:
    """A Service named kysira-proxy would set KYSIRA_PROXY_PORT, a setting, to a URL."""
    assert pod(CASES["every"], component)["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("case", CASES)
def test_environment_is_settings(case: str) -> None:
    """Every KYSIRA_* name in a ConfigMap or a container is a setting of that service."""
    options = CASES[case]
    for program in options.programs:
        data = objects(options, "ConfigMap")[program.name]["data"]
        own = [each["name"] for each in container(options, program.component).get("env", [])]
        assert unknown(program.component, [*data, *own]) == set()
        assert all(isinstance(value, str) for value in data.values())


@pytest.mark.parametrize("component", EVERY)
def test_ports_agree(component: Component) -> None:
    """Services, probes and annotations name ports that the container has."""
    options, program = CASES["every"], PROGRAMS[component]
    ports = {each["name"]: each["containerPort"] for each in container(options, component)["ports"]}
    assert ports == {port.name: port.number for port in program.ports}
    services = objects(options, "Service")
    for name in (program.name, f"{program.name}-headless"):
        for port in services.get(name, {"spec": {"ports": []}})["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"]
    annotations = pod(options, component)["metadata"]["annotations"]
    assert annotations["prometheus.io/scrape"] == "true"
    assert annotations["prometheus.io/path"] == "/metrics"
    assert int(annotations["prometheus.io/port"]) == program.metrics_port
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container(options, component)[name]
        asked = probe.get("httpGet", probe.get("grpc"))
        assert asked is None or asked["port"] in (*ports, *ports.values())


def test_unloaded_pod_is_not_ready() -> None:
    """Each is asked what says so while rules and models are loaded."""
    startup = {each: container(CASES["every"], each)["startupProbe"] for each in EVERY}
    assert startup[Component.EXT_PROC]["grpc"] == {"port": 50051}
    assert startup[Component.INFERENCE]["httpGet"]["path"] == "/ready"
    for component in (Component.PROXY, Component.NGINX_AUTH_ADAPTER):
        assert startup[component]["httpGet"]["path"] == "/_kysira/ready"
        asked = container(CASES["every"], component)
        assert asked["readinessProbe"]["httpGet"] == startup[component]["httpGet"]
        assert asked["livenessProbe"]["httpGet"]["path"] == "/_kysira/health"
    for probe in startup.values():
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_sidecar_leaves_ext_proc_alone() -> None:
    """The guide's annotation, on ext-proc and on nothing else."""
    name = "traffic.sidecar.istio.io/excludeInboundPorts"
    found = {each: pod(CASES["every"], each)["metadata"]["annotations"].get(name) for each in EVERY}
    assert found == {**dict.fromkeys(EVERY), Component.EXT_PROC: "50051"}


def test_inference_has_no_sidecar() -> None:
    """One that is guarded would have each call of ext-proc's scored, by another call."""
    name = "sidecar.istio.io/inject"
    found = {each: pod(CASES["every"], each)["metadata"]["labels"].get(name) for each in EVERY}
    assert found == {**dict.fromkeys(EVERY), Component.INFERENCE: "false"}


@pytest.mark.parametrize("component", FRONT_ENDS)
def test_policy_reaches_running_pods(component: Component) -> None:
    """The whole ConfigMap is mounted: a subPath would stay what it was at the start."""
    options = CASES["every"]
    mounts = {each["name"]: each for each in container(options, component)["volumeMounts"]}
    assert mounts["policy"] == {"name": "policy", "mountPath": "/etc/kysira", "readOnly": True}
    volumes = {each["name"]: each for each in pod(options, component)["spec"]["volumes"]}
    assert volumes["policy"]["configMap"] == {"name": "kysira-policy"}
    data = objects(options, "ConfigMap")[PROGRAMS[component].name]["data"]
    assert data["KYSIRA_POLICY"] == "/etc/kysira/kysira.yaml"
    assert objects(options, "ConfigMap")["kysira-policy"]["data"].keys() == {"kysira.yaml"}


@pytest.mark.parametrize(
    "text", ["mode: active\n", "  mode: active\n", "\n\nmode: active\n", "a: |\n  x\n   \n\n  y\n"]
)
def test_own_policy_is_held_exactly(text: str) -> None:
    """Whatever its indentation and blank lines."""
    options = KustomizeOptions(service_policy=ServicePolicy(own_policy=OwnPolicy(text=text)))
    assert objects(options, "ConfigMap")["kysira-policy"]["data"]["kysira.yaml"] == text


@pytest.mark.parametrize("component", EVERY)
def test_what_is_written_has_a_volume(component: Component) -> None:
    """The root file system is read-only: data and cache are on volumes."""
    options = CASES["every"]
    mounts = {each["mountPath"] for each in container(options, component)["volumeMounts"]}
    data = objects(options, "ConfigMap")[PROGRAMS[component].name]["data"]
    assert "/tmp" in mounts
    written = [data["XDG_CACHE_HOME"], *filter(None, [data.get("KYSIRA_DATA_DIR")])]
    assert all(any(path.startswith(mount) for mount in mounts) for path in written)


def test_token_comes_from_a_secret() -> None:
    """Of the usual name, which may be missing; or of a name that must be there."""
    for case, name, is_optional in (
        ("default", "kysira-admin-token", True),
        ("fixed", "mine", False),
    ):
        (token, *_) = container(CASES[case], Component.EXT_PROC)["env"]
        assert token == {
            "name": "KYSIRA_ADMIN_TOKEN",
            "valueFrom": {"secretKeyRef": {"name": name, "key": "token", "optional": is_optional}},
        }
        assert not objects(CASES[case], "Secret")
    assert "env" not in container(CASES["every"], Component.INFERENCE)


@pytest.mark.parametrize("component", FRONT_ENDS)
def test_headless_service_names_every_replica(component: Component) -> None:
    """Those that are not ready too: a flip is for them as well."""
    spec = objects(CASES["every"], "Service")[f"{PROGRAMS[component].name}-headless"]["spec"]
    assert (spec["clusterIP"], spec["publishNotReadyAddresses"]) == ("None", True)


@pytest.mark.parametrize("case", CASES)
def test_everything_selects_its_pods(case: str) -> None:
    """Deployments, services, budgets and network policies find the labels of the pods."""
    options = CASES[case]
    for value in objects(options).values():
        spec = value.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector"))
        if selector:
            labels = selector.get("matchLabels", selector)
            name = value["metadata"]["name"].removesuffix("-headless")
            component = Component(name.removeprefix("kysira-"))
            assert labels.items() <= pod(options, component)["metadata"]["labels"].items()
        assert value["metadata"]["namespace"] == options.namespace


def test_load_or_a_number_decides_how_many() -> None:
    """Never both: every apply would overrule the autoscaler."""
    scaled = objects(CASES["default"])
    assert "replicas" not in scaled["kysira-ext-proc/Deployment"]["spec"]
    scaler = scaled["kysira-ext-proc/HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 10)
    fixed = objects(CASES["fixed"])
    assert fixed["kysira-ext-proc/Deployment"]["spec"]["replicas"] == 3
    assert not [name for name in fixed if name.endswith("/HorizontalPodAutoscaler")]


@pytest.mark.parametrize("component", EVERY)
def test_drains_do_not_stop_the_firewall(component: Component) -> None:
    """One pod at a time goes, and a new one serves before an old one ends."""
    name = PROGRAMS[component].name
    assert objects(CASES["every"], "PodDisruptionBudget")[name]["spec"]["maxUnavailable"] == 1
    strategy = objects(CASES["every"], "Deployment")[name]["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    grace = pod(CASES["every"], component)["spec"]["terminationGracePeriodSeconds"]
    drain = objects(CASES["every"], "ConfigMap")[name]["data"].get("KYSIRA_DRAIN_MS")
    if drain is None:
        hook = container(CASES["every"], component)["lifecycle"]["preStop"]["exec"]["command"]
        assert hook == ["sleep", "5"]
        assert grace > 5 + 20
    else:
        assert int(drain) / 1000 + 20 < grace


def test_network_policy_lets_in_who_asks() -> None:
    """Anybody's Envoy asks ext-proc; its management is for the namespace and Prometheus."""
    policies = objects(CASES["every"], "NetworkPolicy")
    assert "kysira-proxy" not in policies  # it is there for everybody
    traffic, own, metrics = policies["kysira-ext-proc"]["spec"]["ingress"]
    assert traffic == {"from": [{"namespaceSelector": {}}], "ports": [{"port": "grpc"}]}
    assert own == {"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}
    (prometheus,) = metrics["from"]
    assert prometheus["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }
    front_ends, _ = policies["kysira-inference"]["spec"]["ingress"]
    (labels,) = (each["podSelector"]["matchLabels"] for each in front_ends["from"])
    for component in FRONT_ENDS:
        assert labels.items() <= pod(CASES["every"], component)["metadata"]["labels"].items()
    assert not objects(CASES["fixed"], "NetworkPolicy")


def test_gpu_is_asked_for() -> None:
    """Where models run on one."""
    limits = container(CASES["fixed"], Component.INFERENCE)["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == 1
    assert (
        "nvidia.com/gpu"
        not in container(CASES["every"], Component.INFERENCE)["resources"]["limits"]
    )
    data = objects(CASES["fixed"], "ConfigMap")["kysira-inference"]["data"]
    assert data["KYSIRA_DEVICE"] == "cuda"


def test_images_come_from_where_they_are() -> None:
    """Registry and tag, of each program."""
    for component in EVERY:
        name = PROGRAMS[component].name
        assert container(CASES["fixed"], component)["image"] == f"registry.example:5000/x/{name}:v7"


def test_kustomization_lists_every_file() -> None:
    """And the namespace."""
    manifests = render_manifests(CASES["every"])
    (value,) = parse(render_kustomization(CASES["every"], manifests).text)
    assert value["resources"] == [f"{document.name}.yaml" for document in manifests]
    assert len(set(value["resources"])) == len(manifests)
    assert value["namespace"] == "kysira"
