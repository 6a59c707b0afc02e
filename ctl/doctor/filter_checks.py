"""Checks the settings of the filter that asks Kysira: ext_proc, or ext_authz as Contour has it."""

from collections.abc import Sequence

from ctl.doctor import codes
from ctl.doctor.codes import Code
from ctl.doctor.node import Node, flag, has, node, number, rows, seconds, text, texts
from ctl.doctor.report import Chart
from ctl.doctor.routes import Use
from ctl.doctor.service_facts import Limits
from ctl.doctor.stripping import is_full_match, is_match
from kysira.settings import OnFailure

_EXT_PROC_TIMEOUT_S = 0.2
_EXT_AUTHZ_TIMEOUT_S = 0.2
"""Envoy's defaults."""
_OWN_HEADERS = ("x-kysira-score", "x-kysira-reason", "x-kysira-mode", "x-kysira-event-id")
_BODY = "request_body_mode"
_OTHER_MODES = (
    ("response_header_mode", "DEFAULT"), ("response_body_mode", "NONE"),
    ("request_trailer_mode", "DEFAULT"), ("response_trailer_mode", "DEFAULT"),
)  # fmt: skip
"""What Envoy compares of an override with those that are allowed, and the defaults."""


def check_use(chart: Chart, use: Use, limits: Limits) -> None:
    """Chart every check of the filter's settings."""
    _check_failure(chart, use, limits)
    if use.is_ext_authz:
        _check_ext_authz(chart, use, limits)
    else:
        _check_ext_proc(chart, use, limits)


def _check_failure(chart: Chart, use: Use, limits: Limits) -> None:
    is_open = flag(use.config, "failure_mode_allow")
    does = f"{use.where}: requests {'pass unchecked' if is_open else 'are refused'}"
    if not limits.is_known:
        chart.skip(codes.FAILURE_MODE, f"{does} on a failure; the policy could not be read")
    elif is_open and limits.on_failure is OnFailure.CLOSED:
        chart.bad(codes.FAILURE_MODE, f"{does}, the policy says closed")
    elif not is_open and limits.on_failure is OnFailure.OPEN:
        chart.warn(codes.FAILURE_MODE, f"{does}, the policy says open")
    else:
        chart.ok(codes.FAILURE_MODE, does)
    has_status = has(use.config, "status_on_error", "code")
    default = "403, as of a block" if use.is_ext_authz else "500"
    is_told = is_open or (has_status and not _is_forbidden(use))
    chart.judge(codes.FAILURE_STATUS, is_told, f"{use.where}: refused with {default}")


def _is_forbidden(use: Use) -> bool:
    return text(use.config, "status_on_error", "code") == "Forbidden"


def _check_timeout(chart: Chart, use: Use, limits: Limits, timeout_s: float) -> None:
    said = f"{use.where}: {timeout_s:g} s, {limits.source} timeout_ms is {limits.timeout_s:g} s"
    chart.judge(codes.TIMEOUT_OVER_DEADLINE, timeout_s > limits.timeout_s, said)


def _check_ext_proc(chart: Chart, use: Use, limits: Limits) -> None:
    config = use.config
    timeout_s = seconds(config, "message_timeout", default=_EXT_PROC_TIMEOUT_S)
    _check_timeout(chart, use, limits, timeout_s)
    modes = node(config, "processing_mode")
    chart.judge(
        codes.HEADERS_SENT, text(modes, "request_header_mode") != "SKIP",
        f"{use.where}: request_header_mode SKIP",
    )  # fmt: skip
    _check_bodies(chart, use, modes)
    _check_responses(chart, use, modes)
    _check_mutations(chart, use, node(config, "mutation_rules"))
    rules = node(config, "forward_rules")
    chart.judge(codes.ALL_HEADERS_SENT, not rules, f"{use.where}: forward_rules")
    hindering = [
        key for key in ("observability_mode", "disable_immediate_response") if flag(config, key)
    ]
    chart.judge(codes.MAY_REFUSE, not hindering, f"{use.where}: {', '.join(hindering)}")
    chart.judge(
        codes.ADDRESS_SENT, "source.address" in texts(config, "request_attributes"),
        f"{use.where}: its attribute is missing",
    )  # fmt: skip
    retry = node(config, "grpc_service", "retry_policy")
    is_retried = bool(text(retry, "retry_on")) and number(retry, "num_retries", default=1) > 0
    chart.judge(codes.RETRIES, is_retried, f"{use.where}: no retry_policy")


def _check_bodies(chart: Chart, use: Use, modes: Node) -> None:
    """Chart what becomes of bodies: Kysira asks for those it wants where Envoy sends none itself.

    A static BUFFERED answers 413 to what exceeds the buffer, and, as BUFFERED_PARTIAL, hangs
    upgrades and bidirectional gRPC.
    """
    mode = text(modes, _BODY, default="NONE")
    if mode != "NONE":
        breaking = {"BUFFERED": "large uploads get 413, upgrades and gRPC hang",
                    "BUFFERED_PARTIAL": "upgrades and gRPC hang"}  # fmt: skip
        chart.judge(
            codes.BODIES_UNBROKEN, mode not in breaking, f"{use.where}: {mode}: "
            f"{breaking.get(mode)}",
        )  # fmt: skip
        chart.ok(codes.BODIES_READ, mode)
        chart.ok(codes.GRPC_READ)
        return
    chart.ok(codes.BODIES_UNBROKEN)
    if flag(use.config, "observability_mode"):
        chart.bad(codes.BODIES_READ, f"{use.where}: observability_mode, and NONE")
        chart.skip(codes.GRPC_READ, "see KYS0117")
        return
    if not flag(use.config, "allow_mode_override"):
        chart.bad(codes.BODIES_READ, f"{use.where}: NONE without allow_mode_override")
        chart.skip(codes.GRPC_READ, "see KYS0117")
        return
    allowed = rows(use.config, "allowed_override_modes")
    _check_override(chart, codes.BODIES_READ, use, modes, allowed, "BUFFERED_PARTIAL")
    _check_override(chart, codes.GRPC_READ, use, modes, allowed, "STREAMED")


def _check_override(
    chart: Chart, code: Code, use: Use, modes: Node, allowed: Sequence[Node], wanted: str
) -> None:
    """Chart whether Envoy takes the override; what it does not name is as in processing_mode."""
    said = f"{use.where}: allowed_override_modes has no {wanted}"
    named = [each for each in allowed if text(each, _BODY, default="NONE") == wanted]
    odd = [
        key
        for each in named[:1]
        for key, default in _OTHER_MODES
        if text(each, key, default=default) != _effective(modes, key, default)
    ]
    is_taken = not allowed or any(
        all(text(e, key, default=d) == _effective(modes, key, d) for key, d in _OTHER_MODES)
        for e in named
    )
    if odd:
        said = f"{use.where}: {wanted} with another {', '.join(odd)} than processing_mode"
    chart.judge(code, is_taken, said)


def _effective(modes: Node, key: str, default: str) -> str:
    return default if key.endswith("body_mode") else text(modes, key, default=default)


def _check_responses(chart: Chart, use: Use, modes: Node) -> None:
    sent = [
        key
        for key, is_sent in (
            ("response_header_mode", text(modes, "response_header_mode") != "SKIP"),
            ("response_body_mode", text(modes, "response_body_mode", default="NONE") != "NONE"),
            ("response_trailer_mode", text(modes, "response_trailer_mode") == "SEND"),
        )
        if is_sent
    ]
    chart.judge(codes.RESPONSES_UNTOUCHED, not sent, f"{use.where}: {', '.join(sent)}")


def _check_mutations(chart: Chart, use: Use, rules: Node) -> None:
    refused = [name for name in _OWN_HEADERS if not _may_set(rules, name)]
    chart.judge(codes.HEADERS_ACCEPTED, not refused, f"{use.where}: not {', '.join(refused)}")


def _may_set(rules: Node, name: str) -> bool:
    """Return whether the rules let a header be set: a refusal by name wins, then a permission.

    https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/common/mutation_rules/v3/mutation_rules.proto
    """
    forbidden, allowed = node(rules, "disallow_expression"), node(rules, "allow_expression")
    if forbidden and is_full_match(text(forbidden, "regex"), name):
        return False
    if allowed and is_full_match(text(allowed, "regex"), name):
        return True
    return not flag(rules, "disallow_all")


def _check_ext_authz(chart: Chart, use: Use, limits: Limits) -> None:
    config = use.config
    timeout_s = seconds(config, "grpc_service", "timeout", default=_EXT_AUTHZ_TIMEOUT_S)
    _check_timeout(chart, use, limits, timeout_s)
    body = node(config, "with_request_body")
    chart.judge(codes.BODIES_READ, bool(body), f"{use.where}: no with_request_body")
    is_cut = not body or flag(body, "allow_partial_message")
    chart.judge(
        codes.BODIES_UNBROKEN, is_cut, f"{use.where}: no allow_partial_message: larger ones get 413"
    )
    _check_mutations(chart, use, node(config, "decoder_header_mutation_rules"))
    left_out = [
        key for key in ("allowed_headers", "disallowed_headers") if _leaves_out(config, key)
    ]
    chart.judge(codes.ALL_HEADERS_SENT, not left_out, f"{use.where}: {', '.join(left_out)}")


def _leaves_out(config: Node, key: str) -> bool:
    """Return True where some header is kept from Kysira; its own, from a client, may be."""
    matchers = rows(config, key, "patterns")
    if key == "allowed_headers":
        return bool(matchers)
    return any(not is_match(each, name) for each in matchers for name in _OWN_HEADERS[:1])
