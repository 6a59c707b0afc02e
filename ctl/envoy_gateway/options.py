"""What the policies for Envoy Gateway are rendered from."""

from dataclasses import dataclass

from ctl.envoy.options import Guard
from ctl.kubernetes.names import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions(Guard):
    """Everything the templates read."""

    gateway: str
    namespace: str
    listener: str = ""
    """The Gateway's listener that is guarded; "" is all of them."""
    services: tuple[Service, ...]
    name: str = "kysira-ext-proc"
    status_on_error: int = 503
    tls: bool = False
    tls_ca: str = ""
    """A ConfigMap of the service's namespace with ca.crt; "" is what the machine trusts."""
    tls_server_name: str = ""

    @property
    def message_duration(self) -> str:
        """Return the timeout as the Gateway API has it: each unit with five digits at most."""
        if self.message_timeout_ms < 100_000:
            return f"{self.message_timeout_ms}ms"
        seconds, rest = divmod(self.message_timeout_ms, 1000)
        return f"{seconds}s" + (f"{rest}ms" if rest else "")

    @property
    def named_services(self) -> tuple[Service, ...]:
        """Return the services, each once, whatever ports of it are asked."""
        return tuple({(each.namespace, each.name): each for each in self.services}.values())

    @property
    def foreign_services(self) -> tuple[Service, ...]:
        """Return those that the policy may not refer to without a grant."""
        return tuple(each for each in self.named_services if each.namespace != self.namespace)
