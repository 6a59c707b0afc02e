"""What a docker-compose.yaml is rendered from; readers raise ValueError saying what to do."""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum

from ctl.containers import DATA_DIR, POLICY_DIR, PROGRAMS, Component, Images, Program
from ctl.envoy.options import Address, EnvoyOptions, Target, is_ip
from ctl.service_policy import ServicePolicy
from kysira.settings import PREFIX

HOST = "host.docker.internal"
"""What containers call the machine that they run on."""
ENVOY_IMAGE = "envoyproxy/envoy:v1.40.0"
ENVOY_PORT = 10000
TOKEN_FILE = "/run/secrets/kysira_admin_token"  # noqa: S105 - where it is, not what it says
POLICY_FOLDER = "policy"
"""Beside docker-compose.yaml; it is POLICY_DIR in the container."""
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*(@sha256:[0-9a-f]{64})?", re.IGNORECASE)
_MARGIN_S = 0.2
"""Seconds between ext-proc's own deadline and Envoy's."""


class Front(StrEnum):
    """What traffic goes through."""

    EXT_PROC = "ext-proc"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeOptions:
    """Everything the templates read."""

    front: Front = Front.EXT_PROC
    app: Target = Target(Address("127.0.0.1", 3000))  # noqa: RUF009 - frozen
    service_policy: ServicePolicy = ServicePolicy()  # noqa: RUF009 - frozen
    inference_url: str = ""
    sinks: str = "file"
    http_sink_url: str = ""
    listen_address: str = "127.0.0.1"
    port: int = 0
    """Where clients find it on the host; 0 is the front's own port."""
    token_file: str = ""
    """A file on the host; "" takes KYSIRA_ADMIN_TOKEN from the environment."""
    policy_name: str = "kysira.yaml"
    """The name of the policy's file in POLICY_FOLDER."""
    envoy_name: str = "envoy.yaml"
    envoy_image: str = ENVOY_IMAGE
    images: Images = Images()  # noqa: RUF009 - frozen

    @property
    def program(self) -> Program:
        """Return the service of Kysira's that runs."""
        return PROGRAMS[Component(self.front)]

    @property
    def is_app_on_host(self) -> bool:
        """Return True when the app is on the machine itself, which a container calls HOST."""
        host = self.app.address.host
        return self.app.address.is_localhost or host in ("127.0.0.1", "::1", HOST)

    @property
    def target(self) -> Target:
        """Return where the app is, seen from a container."""
        if not self.is_app_on_host:
            return self.app
        return dataclasses.replace(self.app, address=Address(HOST, self.app.address.port))

    @property
    def inner_port(self) -> int:
        """Return the port in the container that traffic goes to."""
        return ENVOY_PORT if self.front is Front.EXT_PROC else self.program.ports[0].number

    @property
    def published(self) -> str:
        """Return where clients find it, as ``ip:port``; an IPv6 address is in brackets."""
        return str(Address(self.listen_address, self.port or self.inner_port))

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings of the service, by variable."""
        settings = {
            "BIND": "0.0.0.0",  # noqa: S104 - the container's own addresses
            "DATA_DIR": DATA_DIR,
            "POLICY": f"{POLICY_DIR}/{self.policy_name}",
            "SINKS": self.sinks,
        }
        if self.http_sink_url:
            settings["HTTP_SINK_URL"] = self.http_sink_url
        if self.inference_url:
            settings["INFERENCE_URL"] = self.inference_url
        if self.front is Front.PROXY:
            settings["TARGET_URL"] = str(self.target)
        named = {PREFIX + name: value for name, value in settings.items()}
        return {**named, **self.service_policy.environment, "XDG_CACHE_HOME": f"{DATA_DIR}/cache"}

    @property
    def envoy(self) -> EnvoyOptions:
        """Return what Envoy's configuration is rendered from."""
        default = EnvoyOptions()
        scoring = self.service_policy.time_limit_ms / 1000
        return EnvoyOptions(
            target=self.target,
            port=ENVOY_PORT,
            ext_proc=(Address(self.program.name, self.program.ports[0].number),),
            on_failure=self.service_policy.failure_policy,
            message_timeout=max(default.message_timeout, scoring + _MARGIN_S),
            max_body_bytes=self.service_policy.body_limit,
        )


def read_image(text: str) -> str:
    """Return an image's name."""
    if not _IMAGE.fullmatch(text):
        raise ValueError(f"{text!r} is not an image, such as {ENVOY_IMAGE}")
    return text


def read_host_address(text: str) -> str:
    """Return an IP address of the host to publish ports on."""
    if not is_ip(text):
        raise ValueError(f"{text!r} is not an IP address, such as 127.0.0.1 or 0.0.0.0")
    return text
