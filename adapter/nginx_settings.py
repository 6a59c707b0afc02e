"""The settings of kysira-nginx-auth-adapter."""

import dataclasses

from kysira.front_end import FrontEndSettings
from kysira.settings import port, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdapterSettings(FrontEndSettings):
    """Answers nginx whether a request may pass: 200, or 403 in active mode."""

    adapter_port: int = setting(
        8090,
        "Port for nginx's checks, health, metrics, mode and events; 0 is any free one.",
        read=port,
    )
