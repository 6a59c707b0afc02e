"""How far an EnvoyFilter reaches."""

import pytest

from ctl.envoy.options import EnvoyOptions
from ctl.istio.options import Context, IstioOptions, check_reach, reach_note
from kysira.errors import RenderError

ROOT = "istio-system"


def options(
    context: Context = Context.SIDECAR_INBOUND, namespace: str = ROOT, **selector: str
) -> IstioOptions:
    """Return options with a selector."""
    return IstioOptions(
        envoy=EnvoyOptions(), context=context, namespace=namespace, selector=selector
    )


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (Context.SIDECAR_INBOUND, "every sidecar of the mesh"),
        (Context.SIDECAR_OUTBOUND, "every sidecar of the mesh"),
        (Context.GATEWAY, "every gateway of the mesh"),
    ],
)
def test_whole_mesh_must_be_meant(context: Context, words: str) -> None:
    """Without a selector, in the root namespace: refused, saying what it would do, unless meant."""
    with pytest.raises(RenderError, match=words):
        check_reach(options(context), root_namespace=ROOT, all_workloads=False)
    check_reach(options(context), root_namespace=ROOT, all_workloads=True)


def test_smaller_reach_is_fine() -> None:
    """A selector, or a namespace of its own, is enough; the root may be called otherwise."""
    check_reach(options(app="shop"), root_namespace=ROOT, all_workloads=False)
    check_reach(options(namespace="shop"), root_namespace=ROOT, all_workloads=False)
    with pytest.raises(RenderError, match="mesh-root, the mesh's root namespace"):
        check_reach(options(namespace="mesh-root"), root_namespace="mesh-root", all_workloads=False)


def test_workloads_are_told() -> None:
    """In words, for the comment."""
    assert options(app="shop", tier="web").workloads == "the workloads labelled app=shop, tier=web"
    assert options().workloads == "every workload"


def test_reach_is_told() -> None:
    """The whole mesh, or a namespace alone; of the workloads of a selector nothing."""
    assert reach_note(options(app="shop"), root_namespace=ROOT) == ""
    assert "every workload of the mesh" in reach_note(options(), root_namespace=ROOT)
    for each in (options(namespace="kysira"), options(namespace="kysira", app="shop")):
        assert "workloads of kysira alone" in reach_note(each, root_namespace=ROOT)
