"""The settings of kysira-ext-proc."""

import dataclasses

from kysira.front_end import FrontEndSettings
from kysira.settings import number, port, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtProcSettings(FrontEndSettings):
    """Scores every request of an Envoy over ext_proc, and blocks in active mode."""

    grpc_port: int = setting(
        50051, "Port for Envoy's ext_proc calls; 0 is any free one.", read=port
    )
    metrics_port: int = setting(
        9090, "Port for health, metrics, mode and events; 0 is any free one.", read=port
    )
    drain_ms: int = setting(
        1000, "Milliseconds to keep serving after SIGTERM, so that Envoy can turn away.",
        read=number(0, 60_000),
    )  # fmt: skip
