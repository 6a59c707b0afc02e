"""The options that say which services are meant, declared once for all commands."""

from dataclasses import dataclass
from typing import Annotated

import typer

from ctl.arguments import parsed, usage_error
from ctl.config.load import config
from ctl.envoy.options import read_duration
from ctl.fleet.pods import read_pod
from ctl.fleet.target import Spoken, read_target

_WHICH = "Which services"
_POD = "pod/"

Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target", "-t", metavar="TARGET",
        help="Management address: URL, HOST:PORT, a name that stands for several, or pod/NAME; "
        "again for more. [KYSIRACTL_TARGETS, default http://127.0.0.1:9090]",
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
    pods: tuple[str, ...] = ()
    """Names of pods; empty where all that the namespace and the selector name are meant."""

    @property
    def is_pods(self) -> bool:
        """Return True when the services are pods, to be found by kubectl."""
        return bool(self.namespace or self.selector or self.pods)


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """Which services are asked."""

    target: Targets = None
    namespace: Namespace = None
    selector: Selector = None
    context: KubeContext = None
    timeout: Timeout = None

    @property
    def is_given(self) -> bool:
        """Return True when one of them was said on the command line."""
        return any([self.target, self.namespace, self.selector, self.context])

    def which(self) -> Which:
        """Return what they and the configuration say; an option of one kind beats both others.

        Raises typer's usage error, and SettingsError for the configuration.
        """
        known = config()
        told = known.settings
        namespace, selector = self.namespace, self.selector
        names = tuple(self.target or ())
        if not names:
            namespace = told.namespace if namespace is None else namespace
            selector = told.selector if selector is None else selector
            names = () if namespace or selector else told.targets
        pods = tuple(name.removeprefix(_POD) for name in names if name.startswith(_POD))
        addresses = [name for name in names if not name.startswith(_POD)]
        if addresses and (namespace or selector or self.context or pods):
            raise usage_error("--target", "either addresses or pods: not both in one command")
        if pods and selector:
            raise usage_error("--selector", "leave it out: --target names the pods")
        if pods and namespace is None:
            namespace = told.namespace
        timeout_s = told.timeout
        if self.timeout:
            timeout_s = parsed("--timeout", read_duration, self.timeout)
        return Which(
            targets=tuple(parsed("--target", read_target, name) for name in addresses),
            namespace=namespace or "",
            selector=selector or "",
            kube_context=told.kube_context if self.context is None else self.context,
            token=known.token(),
            timeout_s=timeout_s,
            pods=tuple(map(_pod, pods)),
        )


def _pod(name: str) -> str:
    return parsed("--target", read_pod, name)
