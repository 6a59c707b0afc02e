"""Checks the cluster that Kysira is asked through: that it survives what goes wrong."""

from ctl.doctor import codes
from ctl.doctor.envoy_facts import EnvoyFacts
from ctl.doctor.node import Node, has, node, number, rows, text, texts
from ctl.doctor.report import Chart

MANY = 10_000
"""Requests at once that a circuit breaker should let through; Envoy's default is 1024."""
MANY_RETRIES = 100
_PROTOCOLS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_OVERFLOWS = ("upstream_rq_pending_overflow", "upstream_rq_retry_overflow")


def check_cluster(chart: Chart, facts: EnvoyFacts, name: str) -> None:
    """Chart every check of one cluster."""
    cluster = facts.dump.clusters.get(name)
    if cluster is None:
        what = f"there is no cluster {name}" if name else "it is asked by google_grpc or HTTP"
        chart.bad(codes.CLUSTER_KNOWN, what)
        return
    chart.ok(codes.CLUSTER_KNOWN, name)
    if members := texts(cluster, "cluster_type", "typed_config", "clusters"):
        for member in members:  # an aggregate one has nothing of its own; Envoy takes no circle
            check_cluster(chart, facts, member)
        return
    chart.judge(codes.CLUSTER_HTTP2, _is_http2(cluster), f"{name}: HTTP/1.1")
    _check_endpoints(chart, facts, name)
    chart.judge(codes.HEALTH_CHECK, bool(rows(cluster, "health_checks")), f"{name}: none")
    panic = node(cluster, "common_lb_config", "healthy_panic_threshold")
    share = number(panic, "value") if has(cluster, "common_lb_config", "healthy_panic_threshold") \
        else 50  # fmt: skip
    chart.judge(codes.NO_PANIC, share == 0, f"{name}: below {share:g} % healthy all are asked")
    chart.judge(codes.OUTLIERS, has(cluster, "outlier_detection"), f"{name}: no outlier_detection")
    _check_breakers(chart, name, cluster)
    full = {end: facts.counters.get(f"cluster.{name}.{end}", 0) for end in _OVERFLOWS}
    said = ", ".join(f"{end} {count}" for end, count in full.items() if count)
    chart.judge(codes.NO_OVERFLOW, not said, f"{name}: {said}")


def _is_http2(cluster: Node) -> bool:
    options = node(cluster, "typed_extension_protocol_options", _PROTOCOLS)
    return (
        has(cluster, "http2_protocol_options")
        or has(options, "explicit_http_config", "http2_protocol_options")
        or has(options, "auto_config", "http2_protocol_options")
    )


def _check_endpoints(chart: Chart, facts: EnvoyFacts, name: str) -> None:
    found = facts.endpoints.get(name, ())
    ill = [f"{each.host}:{each.port}: {each.trouble}" for each in found if each.trouble]
    if len(ill) == len(found):
        chart.bad(codes.ENDPOINTS_HEALTHY, f"{name}: {'; '.join(ill) or 'it has none'}")
    elif ill:
        chart.warn(codes.ENDPOINTS_HEALTHY, f"{name}: {'; '.join(ill)}")
    else:
        chart.ok(codes.ENDPOINTS_HEALTHY, f"{name}: {len(found)}")


def _check_breakers(chart: Chart, name: str, cluster: Node) -> None:
    rows_ = rows(cluster, "circuit_breakers", "thresholds")
    limits = next((r for r in rows_ if text(r, "priority", default="DEFAULT") == "DEFAULT"), {})
    low = [
        f"{key} {number(limits, key, default=1024):.0f}"
        for key in ("max_requests", "max_pending_requests")
        if number(limits, key, default=1024) < MANY
    ]
    chart.judge(codes.BREAKERS, not low, f"{name}: {', '.join(low)}")
    retries = number(limits, "max_retries", default=3)
    is_ok = retries >= MANY_RETRIES or has(limits, "retry_budget")
    chart.judge(codes.RETRY_BREAKER, is_ok, f"{name}: max_retries {retries:.0f}")
