"""What an EnvoyFilter is rendered from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ctl.envoy.options import EnvoyOptions
from kysira.errors import RenderError

ROOT_NAMESPACE = "istio-system"


class Context(StrEnum):
    """Which listeners are guarded, as Istio calls them."""

    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    GATEWAY = "GATEWAY"


_WHERE = {
    Context.SIDECAR_INBOUND: "sidecar",
    Context.SIDECAR_OUTBOUND: "sidecar",
    Context.GATEWAY: "gateway",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioOptions:
    """Everything the template reads."""

    envoy: EnvoyOptions
    name: str = "kysira-ext-proc"
    namespace: str = ROOT_NAMESPACE
    context: Context = Context.SIDECAR_INBOUND
    selector: Mapping[str, str] = field(default_factory=dict)

    @property
    def workloads(self) -> str:
        """Return, in words, which workloads' traffic is guarded."""
        if self.selector:
            labels = ", ".join(f"{key}={value}" for key, value in self.selector.items())
            return f"the workloads labelled {labels}"
        return "every workload"


def check_reach(options: IstioOptions, *, root_namespace: str, all_workloads: bool) -> None:
    """Raise RenderError where the filter would attach to the whole mesh without being told to."""
    if options.selector or all_workloads or options.namespace != root_namespace:
        return
    where = _WHERE[options.context]
    raise RenderError(
        f"without --selector an EnvoyFilter in {root_namespace}, the mesh's root namespace, "
        f"attaches to every {where} of the mesh: name the workloads, e.g. --selector app=shop, "
        "or say --all-workloads"
    )


def reach_note(options: IstioOptions, *, root_namespace: str) -> str:
    """Return what the user should know of how far the filter reaches; "" for nothing."""
    if options.namespace != root_namespace:
        return (
            f"the EnvoyFilter reaches workloads of {options.namespace} alone, as that is not "
            f"{root_namespace}, the mesh's root namespace"
        )
    return "" if options.selector else "no --selector: every workload of the mesh is guarded"
