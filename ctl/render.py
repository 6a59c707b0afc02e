"""kysiractl render: configurations for what carries the traffic; each target has a file here."""

import typer

from ctl.exits import EPILOG
from ctl.render_compose import compose_command
from ctl.render_contour import contour_command
from ctl.render_envoy import envoy_command
from ctl.render_envoy_gateway import envoy_gateway_command
from ctl.render_helm_values import helm_values_command
from ctl.render_istio import istio_command
from ctl.render_kustomize import kustomize_command
from ctl.render_nginx import nginx_command

app = typer.Typer(
    help="Print the configuration that puts Kysira into a proxy.",
    no_args_is_help=True,
    epilog=EPILOG,
)
app.command("envoy", epilog=EPILOG)(envoy_command)
app.command("istio", epilog=EPILOG)(istio_command)
app.command("contour", epilog=EPILOG)(contour_command)
app.command("envoy-gateway", epilog=EPILOG)(envoy_gateway_command)
app.command("nginx", epilog=EPILOG)(nginx_command)
app.command("helm-values", epilog=EPILOG)(helm_values_command)
app.command("kustomize", epilog=EPILOG)(kustomize_command)
app.command("compose", epilog=EPILOG)(compose_command)
