"""Every check of doctor: its code for good, what it promises, how bad it is, and what to do.

A published code keeps its meaning for ever; that of a check that is gone is not used again.
"""

from dataclasses import dataclass
from enum import StrEnum


class Section(StrEnum):
    """What a check looks at, in the order of the report."""

    SERVICES = "services"
    ENVOY = "envoy"
    DATA_PATH = "data path"


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Code:
    """One check."""

    id: str
    section: Section
    title: str
    """What is so when all is well."""
    severity: Status
    """The worst that it can find."""
    hint: str
    """What to do when it is not."""
    is_reach: bool = False
    """True where a failure means that something that must be asked can't be reached."""

    @property
    def docs(self) -> str:
        """Return where more is said of it."""
        return f"docs/doctor.md#{self.id.lower()}"


def _service(id_: str, severity: Status, title: str, hint: str, *, is_reach: bool = False) -> Code:
    return Code(id_, Section.SERVICES, title, severity, hint, is_reach)


def _envoy(id_: str, severity: Status, title: str, hint: str, *, is_reach: bool = False) -> Code:
    return Code(id_, Section.ENVOY, title, severity, hint, is_reach)


def _path(id_: str, severity: Status, title: str, hint: str, *, is_reach: bool = False) -> Code:
    return Code(id_, Section.DATA_PATH, title, severity, hint, is_reach)


_BAD, _WARN = Status.FAILURE, Status.WARNING

SERVICE_ANSWERS = _service(
    "KYS0001", _BAD, "every service answers",
    "start it, or name the management addresses with --target", is_reach=True,
)  # fmt: skip
SERVICE_IS_KYSIRA = _service(
    "KYS0002", _BAD, "every service is a front-end of Kysira",
    "name the management port with --target: 9090 of ext-proc, 8080 of the proxy, 8090 of the "
    "nginx adapter",
)  # fmt: skip
SERVICE_READY = _service(
    "KYS0003", _BAD, "every service scores",
    "loading: wait, then read its log; degraded: see that kysira-inference answers",
)  # fmt: skip
SAME_VERSION = _service(
    "KYS0004", _WARN, "all services have one version", "finish the roll-out",
)  # fmt: skip
SAME_POLICY = _service(
    "KYS0005", _BAD, "all services decide by one policy",
    "give all the same kysira.yaml and variables; kysiractl policy show tells what each has",
)  # fmt: skip
POLICY_FILE_READ = _service(
    "KYS0006", _BAD, "the policy on disk is the one in force",
    "kysiractl policy check FILE says what is wrong; the last good policy stays in force meanwhile",
)  # fmt: skip
SAME_MODE = _service(
    "KYS0007", _BAD, "all services are in one mode", "set it everywhere: kysiractl mode MODE",
)  # fmt: skip
FLIP_LASTS = _service(
    "KYS0008", _WARN, "no mode is about to end by itself",
    "to keep it, set it without an end: kysiractl mode MODE",
)  # fmt: skip
FLIP_SAVED = _service(
    "KYS0009", _WARN, "the mode outlives a restart",
    "make the data folder (KYSIRA_DATA_DIR) writable, then set the mode again",
)  # fmt: skip
MODELS_LOADED = _service(
    "KYS0010", _WARN, "the models are loaded",
    "regex alone finds less: unset KYSIRA_SQLI_MODEL and KYSIRA_PI_MODEL, or name a model",
)  # fmt: skip
TOKEN_SET = _service(
    "KYS0011", _WARN, "an admin token is set",
    "set KYSIRA_ADMIN_TOKEN (or --admin-token-file): behind a proxy everybody can look local",
)  # fmt: skip
TOKEN_ACCEPTED = _service(
    "KYS0012", _BAD, "the services accept our admin token",
    "give kysiractl their token in KYSIRA_ADMIN_TOKEN or KYSIRA_ADMIN_TOKEN_FILE",
)  # fmt: skip
EVENTS_KEPT = _service(
    "KYS0013", _WARN, "no events were lost",
    "look at the sink that is named: disk full, endpoint down, spool too small?",
)  # fmt: skip
STATE_WRITTEN = _service(
    "KYS0014", _WARN, "state can be written",
    "make the data folder (KYSIRA_DATA_DIR) writable: flips are lost at a restart",
)  # fmt: skip
READ_WHOLE = _service(
    "KYS0015", _WARN, "requests are inspected whole",
    "timeout, overload: add replicas; oversize: raise max_body_bytes; the others: docs/events.md",
)  # fmt: skip
SCORING_WORKS = _service(
    "KYS0016", _WARN, "scoring does not fail",
    "look for scoring_failed in the service's log; without a verdict on_failure decides",
)  # fmt: skip
EXCLUSIONS_IN_FORCE = _service(
    "KYS0017", _WARN, "no exclusion has expired",
    "renew it or delete it from kysira.yaml: its requests are flagged again",
)  # fmt: skip
EXCLUSIONS_LAST = _service(
    "KYS0018", _WARN, "no exclusion expires within a week",
    "renew it in kysira.yaml, or see that it is no longer needed",
)  # fmt: skip

ADMIN_ANSWERS = _envoy(
    "KYS0101", _BAD, "Envoy's admin interface answers",
    "name it with --envoy-admin; in Kubernetes: kubectl port-forward POD 9901 (Istio: 15000)",
    is_reach=True,
)  # fmt: skip
ENVOY_VERSION = _envoy(
    "KYS0102", _WARN, "this Envoy is recent enough", "upgrade Envoy: at least 1.32",
)  # fmt: skip
ENVOY_LIVE = _envoy(
    "KYS0103", _BAD, "Envoy serves traffic",
    "initialising: it waits for its control plane; draining: it is about to stop",
)  # fmt: skip
HTTP_SERVED = _envoy(
    "KYS0104", _BAD, "Envoy has HTTP listeners for an app",
    "is this the right Envoy? Kysira sees HTTP alone",
)  # fmt: skip
FILTER_PRESENT = _envoy(
    "KYS0105", _BAD, "every HTTP listener asks Kysira",
    "add the filters before the router: kysiractl render envoy --into envoy.yaml",
)  # fmt: skip
UPGRADES_GUARDED = _envoy(
    "KYS0106", _BAD, "upgrades with filters of their own ask Kysira",
    "delete upgrade_configs[].filters, or add the filters there too",
)  # fmt: skip
ROUTES_GUARDED = _envoy(
    "KYS0107", _BAD, "every route asks Kysira",
    "delete the typed_per_filter_config; to spare a path, use an exclusion or a route of "
    "kysira.yaml",
)  # fmt: skip
ALWAYS_ASKED = _envoy(
    "KYS0108", _BAD, "Kysira is asked unconditionally",
    "take the filter out of its matcher, and delete filter_enabled",
)  # fmt: skip
NOTHING_BEFORE = _envoy(
    "KYS0109", _BAD, "nothing answers requests before Kysira sees them",
    "move the filter that is named behind Kysira's",
)  # fmt: skip
NOTHING_AFTER = _envoy(
    "KYS0110", _WARN, "nothing changes requests after Kysira saw them",
    "move the filter that is named before Kysira's: the app must get what was inspected",
)  # fmt: skip
HEADERS_STRIPPED = _envoy(
    "KYS0111", _BAD, "a client's own X-Kysira-* headers are removed before Kysira is asked",
    "put the filter kysira.strip_headers before Kysira's: while it can't be asked, the app would "
    "believe them",
)  # fmt: skip
FAILURE_MODE = _envoy(
    "KYS0112", _BAD, "Envoy fails as the policy says",
    "make failure_mode_allow and the policy's on_failure say the same: kysiractl render … "
    "--on-failure",
)  # fmt: skip
FAILURE_STATUS = _envoy(
    "KYS0113", _WARN, "a failure has a status of its own",
    "set status_on_error to 503, so that it looks like neither a block nor a bug of the app",
)  # fmt: skip
TIMEOUT_OVER_DEADLINE = _envoy(
    "KYS0114", _BAD, "Envoy waits longer than Kysira takes",
    "raise message_timeout (ext_authz: grpc_service.timeout) over the policy's timeout_ms",
)  # fmt: skip
HEADERS_SENT = _envoy(
    "KYS0115", _BAD, "request headers are sent to Kysira", "set request_header_mode: SEND",
)  # fmt: skip
BODIES_UNBROKEN = _envoy(
    "KYS0116", _BAD, "inspecting bodies breaks no upload and no upgrade",
    "ext_proc: request_body_mode NONE with allow_mode_override; ext_authz: "
    "allow_partial_message: true",
)  # fmt: skip
BODIES_READ = _envoy(
    "KYS0117", _BAD, "request bodies are inspected",
    "set allow_mode_override: true, and in allowed_override_modes BUFFERED_PARTIAL with the same "
    "other modes as in processing_mode; ext_authz: with_request_body",
)  # fmt: skip
GRPC_READ = _envoy(
    "KYS0118", _WARN, "gRPC messages are inspected",
    "add STREAMED to allowed_override_modes, with the same other modes as in processing_mode",
)  # fmt: skip
RESPONSES_UNTOUCHED = _envoy(
    "KYS0119", _WARN, "responses do not wait for Kysira",
    "set response_header_mode: SKIP, response_body_mode: NONE, response_trailer_mode: SKIP",
)  # fmt: skip
HEADERS_ACCEPTED = _envoy(
    "KYS0120", _BAD, "Kysira may set its X-Kysira-* headers",
    "mutation_rules must allow x-kysira-.*: the app and a refused client are told by them",
)  # fmt: skip
ALL_HEADERS_SENT = _envoy(
    "KYS0121", _BAD, "all request headers are sent to Kysira",
    "delete forward_rules (ext_authz: allowed_headers, disallowed_headers): what is left out is "
    "not inspected",
)  # fmt: skip
MAY_REFUSE = _envoy(
    "KYS0122", _BAD, "Kysira may refuse requests",
    "delete observability_mode and disable_immediate_response; to try it out, use mode shadow",
)  # fmt: skip
ADDRESS_SENT = _envoy(
    "KYS0123", _WARN, "Kysira is told the client's address",
    "set request_attributes: [source.address]",
)  # fmt: skip
RETRIES = _envoy(
    "KYS0124", _WARN, "a request that meets a dying replica is sent to another",
    "set grpc_service.retry_policy: retry_on: connect-failure,refused-stream,reset,unavailable",
)  # fmt: skip
BUFFER_HOLDS_BODY = _envoy(
    "KYS0125", _BAD, "as much of a body is held as the policy inspects",
    "raise per_connection_buffer_limit_bytes (ext_authz: max_request_bytes) to max_body_bytes",
)  # fmt: skip
WINDOW_BOUNDED = _envoy(
    "KYS0126", _WARN, "HTTP/2 does not send whole uploads to Kysira",
    "set http2_protocol_options.initial_stream_window_size to the listener's buffer limit",
)  # fmt: skip
REMOTE_ADDRESS = _envoy(
    "KYS0127", _WARN, "a client can't choose its own address",
    "set use_remote_address: true (behind a load balancer: with xff_num_trusted_hops)",
)  # fmt: skip
NO_TCP_BYPASS = _envoy(
    "KYS0128", _WARN, "no listener passes connections on unread",
    "is what is behind this tcp_proxy meant to be guarded? Then it needs an "
    "http_connection_manager",
)  # fmt: skip
CLUSTER_KNOWN = _envoy(
    "KYS0130", _BAD, "Kysira's cluster is there",
    "add the cluster: kysiractl render envoy --snippet",
)  # fmt: skip
CLUSTER_HTTP2 = _envoy(
    "KYS0131", _BAD, "Kysira's cluster speaks HTTP/2",
    "gRPC needs it: set explicit_http_config.http2_protocol_options",
)  # fmt: skip
ENDPOINTS_HEALTHY = _envoy(
    "KYS0132", _BAD, "Kysira's endpoints are healthy",
    "is ext-proc running, does its gRPC port answer, does a network policy allow it?",
)  # fmt: skip
HEALTH_CHECK = _envoy(
    "KYS0133", _WARN, "Kysira's endpoints are health-checked",
    "add a grpc_health_check: without one each request waits for a hung replica to its timeout",
)  # fmt: skip
NO_PANIC = _envoy(
    "KYS0134", _WARN, "unhealthy endpoints get no requests",
    "set common_lb_config.healthy_panic_threshold to 0: the default asks dead ones when half are",
)  # fmt: skip
OUTLIERS = _envoy(
    "KYS0135", _WARN, "unreachable endpoints are put aside",
    "add outlier_detection",
)  # fmt: skip
BREAKERS = _envoy(
    "KYS0136", _BAD, "many requests at once are still inspected",
    "raise max_requests and max_pending_requests to 100000: over them requests pass unchecked, "
    "or fail",
)  # fmt: skip
RETRY_BREAKER = _envoy(
    "KYS0137", _WARN, "many retries at once are possible",
    "raise max_retries to 1000: the default of 3 fails when a replica dies under load",
)  # fmt: skip
NOTHING_UNCHECKED = _envoy(
    "KYS0140", _WARN, "no request passed unchecked",
    "see why Kysira could not be asked; the counter is since Envoy's start (POST /reset_counters)",
)  # fmt: skip
NO_TIMEOUTS = _envoy(
    "KYS0141", _WARN, "no request waited for Kysira in vain",
    "is there enough CPU for it? The counter is since Envoy's start (POST /reset_counters)",
)  # fmt: skip
NO_OVERFLOW = _envoy(
    "KYS0142", _WARN, "no circuit breaker of Kysira's cluster opened",
    "raise the breakers or add replicas; the counter is since Envoy's start (POST /reset_counters)",
)  # fmt: skip
MUTATIONS_ACCEPTED = _envoy(
    "KYS0143", _WARN, "no header of Kysira was rejected", "see KYS0120: render the filter again",
)  # fmt: skip

PATH_ANSWERS = _path(
    "KYS0201", _BAD, "the data path answers", "name where clients send requests with --url",
    is_reach=True,
)  # fmt: skip
BENIGN_PASSES = _path(
    "KYS0202", _BAD, "a benign request passes",
    "403: look at its event; 5xx: is the app up, is Kysira, which fails closed?",
)  # fmt: skip
ATTACK_SEEN = _path(
    "KYS0203", _BAD, "an attack in a query is found",
    "not seen: the path goes around Kysira, or replicas are missing in --target; seen and let "
    "pass: look at policy and exclusions",
)  # fmt: skip
BODY_ATTACK_SEEN = _path(
    "KYS0204", _BAD, "an attack in a JSON body is found",
    "the body is not sent to Kysira: see KYS0117; nginx: auth_request sends none, use njs",
)  # fmt: skip
MODE_SEEN = _path(
    "KYS0205", _BAD, "the data path behaves as the services' mode says",
    "are the services of --target the ones that this path asks?",
)  # fmt: skip
SPOOF_REMOVED = _path(
    "KYS0206", _BAD, "a client's own X-Kysira-* header does not reach the app",
    "see KYS0111",
)  # fmt: skip

TABLE: tuple[Code, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Code))
"""Every check, in the order of the report."""
