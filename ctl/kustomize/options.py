"""What Kubernetes manifests are rendered from."""

import hashlib
from dataclasses import dataclass

from ctl.containers import DATA_DIR, POLICY_DIR, PROGRAMS, Component, Images, Program
from ctl.service_policy import POLICY_NAME, ServicePolicy
from kysira.settings import PREFIX, Device

TOKEN_SECRET = "kysira-admin-token"  # noqa: S105 - the name of one
TOKEN_KEY = "token"  # noqa: S105
SINK_SECRET = "kysira-http-sink"  # noqa: S105
SINK_KEY = "key"
POLICY_CONFIG_MAP = "kysira-policy"
DRAIN_MS = 5000
"""How long a pod that ends still serves: by then nobody is sent to it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KustomizeOptions:
    """Everything the templates read."""

    components: tuple[Component, ...] = (Component.EXT_PROC,)
    namespace: str = "kysira"
    service_policy: ServicePolicy = ServicePolicy()  # noqa: RUF009 - frozen
    target: str = ""
    """The app behind the proxy."""
    inference_url: str = ""
    """"" scores in each front-end's own process, unless the inference service is rendered too."""
    device: Device = Device.CPU
    sinks: str = "file"
    http_sink_url: str = ""
    replicas: int = 2
    max_replicas: int = 10
    token_secret: str = ""
    """A Secret that must be there; "" uses TOKEN_SECRET where it is."""
    network_policy: bool = True
    metrics_namespace: str = "monitoring"
    """Where Prometheus runs."""
    images: Images = Images()  # noqa: RUF009 - frozen

    @property
    def programs(self) -> tuple[Program, ...]:
        """Return what runs, in the order of its names' declaration, each once."""
        return tuple(PROGRAMS[each] for each in Component if each in self.components)

    @property
    def is_scaled(self) -> bool:
        """Return True when load decides how many replicas there are."""
        return self.max_replicas > self.replicas

    @property
    def has_policy(self) -> bool:
        """Return True when something reads kysira.yaml."""
        return any(program.is_front_end for program in self.programs)

    @property
    def scores_at(self) -> str:
        """Return the URL of the inference service, "" where each front-end scores itself."""
        if self.inference_url or Component.INFERENCE not in self.components:
            return self.inference_url
        inference = PROGRAMS[Component.INFERENCE]
        return f"http://{inference.name}:{inference.metrics_port}"

    def environment(self, program: Program) -> dict[str, str]:
        """Return the settings of a program, by variable."""
        settings = {
            "BIND": "0.0.0.0",  # noqa: S104 - the pod's own addresses
            "LOG_FORMAT": "json",
            **(self._front_end(program) if program.is_front_end else self._inference()),
        }
        own = self.service_policy.environment if program.is_front_end else {}
        named = {PREFIX + name: value for name, value in settings.items()}
        return {**named, **own, "XDG_CACHE_HOME": f"{DATA_DIR}/cache"}

    def checksum(self, program: Program) -> str:
        """Return what changes with the settings, which a program reads at its start alone."""
        text = "\n".join(f"{name}={value}" for name, value in self.environment(program).items())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _front_end(self, program: Program) -> dict[str, str]:
        settings = {
            "DATA_DIR": DATA_DIR,
            "POLICY": f"{POLICY_DIR}/{POLICY_NAME}",
            "SINKS": self.sinks,
        }
        if self.http_sink_url:
            settings["HTTP_SINK_URL"] = self.http_sink_url
        if self.scores_at:
            settings["INFERENCE_URL"] = self.scores_at
        if program.component is Component.PROXY:
            settings["TARGET_URL"] = self.target
        if program.component is Component.EXT_PROC:
            settings["DRAIN_MS"] = str(DRAIN_MS)
        return settings

    def _inference(self) -> dict[str, str]:
        return {
            "DEVICE": self.device.value,
            "MAX_BODY_BYTES": str(self.service_policy.body_limit),
        }
