"""The check of rendered configurations without Envoy."""

import pytest

from ctl.envoy.check import check_envoy, check_parts
from ctl.envoy.options import EnvoyOptions, read_address, read_target
from ctl.envoy.template import render_cluster, render_envoy, render_filters
from kysira.errors import RenderError

OPTIONS = EnvoyOptions(
    target=read_target("https://app:8443"),
    target_http2=True,
    access_log=True,
    ext_proc=(read_address("a:1"), read_address("[::1]:2")),
)


def test_rendered_passes() -> None:
    """What the templates give is what Envoy's types can hold."""
    check_envoy(render_envoy(OPTIONS))
    check_parts(render_cluster(OPTIONS), render_filters(OPTIONS))


@pytest.mark.filterwarnings("error::DeprecationWarning")
def test_rendered_uses_nothing_deprecated() -> None:
    """Envoy takes deprecated fields away; the types know which ones."""
    check_envoy(render_envoy(OPTIONS))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("failure_mode_allow", "failure_mode_alow"),
        ("BUFFERED_PARTIAL", "BUFERED_PARTIAL"),
        ("message_timeout: 0.5s", "message_timeout: soon"),
        ("retry_on:", "retries:"),
        ("use_remote_address: true", "use_remote_address: maybe"),
        ("request_mutations:", "mutations:"),
        ("v3.ExternalProcessor", "v3.ExternalProcesor"),
        ("v3.UpstreamTlsContext", "v3.UpstreamTls"),
        ("max_active_downstream_connections", "max_connections"),
        ("explicit_http_config", "http_config"),
        ("san_type: DNS", "san_type: NAME"),
        ("unhealthy_threshold: 1", "unhealthy_threshold: one"),
        ("clusters:\n", "clusters: [\n"),
    ],
)
def test_mistake_is_found(right: str, wrong: str) -> None:
    """A misspelt field, value or type is found at any depth, and told in one line."""
    text = render_envoy(OPTIONS)
    assert right in text
    with pytest.raises(RenderError, match=r"^what was rendered is not [^\n]*$"):
        check_envoy(text.replace(right, wrong))


def test_mistake_in_a_part_is_found() -> None:
    """Cluster and filters are checked by themselves, too."""
    filters = render_filters(OPTIONS).replace("failure_mode_allow", "fail_open")
    with pytest.raises(RenderError, match="fail_open"):
        check_parts(render_cluster(OPTIONS), filters)
