"""What the policies for Envoy Gateway are rendered from."""

from dataclasses import dataclass

from ctl.envoy.options import MIN_HTTP2_WINDOW
from ctl.kubernetes.names import Service
from kysira.settings import OnFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions:
    """Everything the templates read."""

    gateway: str
    namespace: str
    listener: str = ""
    """The Gateway's listener that is guarded; "" is all of them."""
    services: tuple[Service, ...]
    name: str = "kysira-ext-proc"
    on_failure: OnFailure = OnFailure.OPEN
    status_on_error: int = 503
    message_timeout: float = 0.5
    """Seconds."""
    max_body_bytes: int = 131072
    tls: bool = False
    tls_ca: str = ""
    """A ConfigMap of the service's namespace with ca.crt; "" is what the machine trusts."""
    tls_server_name: str = ""

    @property
    def is_fail_open(self) -> bool:
        """Return True when requests pass unchecked while ext-proc can't be asked."""
        return self.on_failure is OnFailure.OPEN

    @property
    def message_duration(self) -> str:
        """Return the timeout as the Gateway API has it: each unit with five digits at most."""
        milliseconds = max(1, round(self.message_timeout * 1000))
        if milliseconds < 100_000:
            return f"{milliseconds}ms"
        seconds, rest = divmod(milliseconds, 1000)
        return f"{seconds}s" + (f"{rest}ms" if rest else "")

    @property
    def http2_window_bytes(self) -> int:
        """Return the HTTP/2 window that holds what is inspected of a body."""
        return max(self.max_body_bytes, MIN_HTTP2_WINDOW)

    @property
    def named_services(self) -> tuple[Service, ...]:
        """Return the services, each once, whatever ports of it are asked."""
        return tuple({(each.namespace, each.name): each for each in self.services}.values())

    @property
    def foreign_services(self) -> tuple[Service, ...]:
        """Return those that the policy may not refer to without a grant."""
        return tuple(each for each in self.named_services if each.namespace != self.namespace)
