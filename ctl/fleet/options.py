"""The options that say which services are meant, declared once for all commands."""

from dataclasses import dataclass
from typing import Annotated

import typer

from ctl.arguments import parsed, usage_error
from ctl.config.load import config
from ctl.envoy.options import read_duration
from ctl.fleet.target import Spoken, read_target

_WHICH = "Which services"

Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target", "-t", metavar="TARGET",
        help="Management address: URL, HOST:PORT, or a name that stands for several; again for "
        "more. [KYSIRACTL_TARGETS, default http://127.0.0.1:9090]",
        rich_help_panel=_WHICH,
    ),
]  # fmt: skip
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace", "-n",
        help="The pods of this Kubernetes namespace, reached by your kubectl. "
        "[KYSIRACTL_NAMESPACE]",
        rich_help_panel=_WHICH,
    ),
]  # fmt: skip
Selector = Annotated[
    str | None,
    typer.Option(
        "--selector", "-l", metavar="LABELS",
        help="Of those pods, the ones with these labels, e.g. app=kysira-ext-proc. "
        "[KYSIRACTL_SELECTOR]",
        rich_help_panel=_WHICH,
    ),
]  # fmt: skip
KubeContext = Annotated[
    str | None,
    typer.Option(
        "--context", metavar="NAME", help="Context of the kubeconfig. [KYSIRACTL_KUBE_CONTEXT]",
        rich_help_panel=_WHICH,
    ),
]  # fmt: skip
Timeout = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="How long an answer may take. [KYSIRACTL_TIMEOUT, default 3s]",
        rich_help_panel=_WHICH,
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Which:
    """The services that a command is about, and how to talk to them."""

    targets: tuple[Spoken, ...]
    """Empty where pods are meant."""
    namespace: str
    selector: str
    kube_context: str
    token: str
    timeout_s: float

    @property
    def is_pods(self) -> bool:
        """Return True when the services are pods, to be found by kubectl."""
        return bool(self.namespace or self.selector)


def which(
    targets: list[str] | None, namespace: str | None, selector: str | None,
    kube_context: str | None, timeout: str | None,
) -> Which:  # fmt: skip
    """Return what the options and the configuration say; an option of one kind beats both others.

    Raises typer's usage error, and SettingsError for the configuration.
    """
    known = config()
    told = known.settings
    if targets and (namespace or selector or kube_context):
        raise usage_error("--target", "leave it out: --namespace and --selector name pods")
    if targets:
        told_targets, namespace, selector = tuple(targets), "", ""
    else:
        told_targets = told.targets
        namespace = told.namespace if namespace is None else namespace
        selector = told.selector if selector is None else selector
    is_pods = bool(namespace or selector)
    return Which(
        targets=() if is_pods else tuple(parsed("--target", read_target, t) for t in told_targets),
        namespace=namespace,
        selector=selector,
        kube_context=told.kube_context if kube_context is None else kube_context,
        token=known.token(),
        timeout_s=parsed("--timeout", read_duration, timeout) if timeout else told.timeout,
    )
