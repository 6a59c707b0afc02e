"""kysira-proxy as it ships, but with a scorer that finds nothing: what the proxy itself costs.

Run as a program, set up by the environment as the proxy is.
"""

import sys
from collections.abc import Mapping

from adapter.proxy import service
from adapter.settings import ProxySettings
from kysira import logs
from kysira.serving import run
from kysira.settings import load
from kysira.types import Request, ScoreOptions, Verdict

_NOTHING = Verdict()


class NoScorer:
    """Looks at nothing, at once."""

    description = "none"
    is_failing = False
    detectors: Mapping[str, str] = {}

    def score(self, request: Request, options: ScoreOptions) -> Verdict:
        """Return the verdict of a request in which nothing was found."""
        return _NOTHING

    async def close(self) -> None:
        """Have nothing to release."""


async def serve() -> None:
    """Serve until a signal."""
    settings = load(ProxySettings, service.KIND.service)
    logs.configure(settings.log_level, settings.log_format)
    await service.serve(settings, NoScorer)


if __name__ == "__main__":
    sys.exit(run(service.KIND.service, serve))
