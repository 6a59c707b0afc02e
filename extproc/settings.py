"""The settings of kysira-ext-proc."""

import dataclasses

from kysira.policy import Policy
from kysira.settings import EngineSettings, GuardSettings, ServiceSettings, number, port, setting
from kysira.types import ScoreOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtProcSettings(ServiceSettings, GuardSettings, EngineSettings):
    """Scores every request of an Envoy over ext_proc, and blocks in active mode."""

    grpc_port: int = setting(
        50051, "Port for Envoy's ext_proc calls; 0 is any free one.", read=port
    )
    metrics_port: int = setting(
        9090, "Port for health, metrics and the mode API; 0 is any free one.", read=port
    )
    drain_ms: int = setting(
        1000, "Milliseconds to keep serving after SIGTERM, so that Envoy can turn away.",
        read=number(0, 60_000),
    )  # fmt: skip

    @property
    def policy(self) -> Policy:
        """Return what is done with verdicts."""
        return Policy(
            options=ScoreOptions(
                threshold=self.score_threshold, disabled=frozenset(self.disabled_detectors)
            ),
            max_body_bytes=self.max_body_bytes,
            on_oversize=self.on_oversize,
            on_failure=self.on_failure,
            timeout_s=self.timeout_ms / 1000,
        )
