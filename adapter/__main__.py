"""The front-ends that speak HTTP themselves: settings → parts → serve."""

import sys

from adapter.nginx import service as nginx_service
from adapter.nginx_settings import AdapterSettings
from adapter.proxy import service as proxy_service
from adapter.settings import ProxySettings
from inference.in_process import load_scorer
from kysira import logs
from kysira.serving import run
from kysira.settings import load


def proxy() -> None:
    """Run kysira-proxy until SIGTERM or SIGINT; exit 0 then, 1 when it can't start."""
    sys.exit(run(proxy_service.KIND.service, _serve_proxy))


async def _serve_proxy() -> None:
    settings = load(ProxySettings, proxy_service.KIND.service)
    logs.configure(settings.log_level, settings.log_format)
    await proxy_service.serve(settings, lambda: load_scorer(settings))


def nginx_auth() -> None:
    """Run kysira-nginx-auth-adapter until SIGTERM or SIGINT; exit 0 then, 1 when it can't start."""
    sys.exit(run(nginx_service.KIND.service, _serve_nginx_auth))


async def _serve_nginx_auth() -> None:
    settings = load(AdapterSettings, nginx_service.KIND.service)
    logs.configure(settings.log_level, settings.log_format)
    await nginx_service.serve(settings, lambda: load_scorer(settings))
