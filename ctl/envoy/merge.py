"""Adds Kysira to an envoy.yaml that somebody wrote, and says what they should know about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml.nodes import Node

from ctl.envoy.options import MIN_HTTP2_WINDOW, EnvoyOptions
from ctl.envoy.template import render_cluster, render_filters
from ctl.yaml_edit import Document, get, items, scalar
from kysira.errors import RenderError

CLUSTER = "kysira_ext_proc"
FILTERS = ("kysira.strip_headers", "kysira.ext_proc")
DEFAULT_BUFFER_BYTES = 1 << 20
"""What Envoy holds of a connection when the listener does not say."""
_MANAGER = ".http_connection_manager.v3.HttpConnectionManager"
_EXT_PROC = ".ext_proc.v3.ExternalProcessor"
_BUFFER = "per_connection_buffer_limit_bytes"
_HTTP2 = "http2_protocol_options"
_WINDOW = "initial_stream_window_size"
_UPLOADS = "otherwise whole uploads over HTTP/2 are handed to the filter"
_WHY_WINDOW = f"Kysira set it: {_UPLOADS}."
_WHY_BUFFER = "Kysira raised it: what is inspected of a body is held."
_ROUTER = ".router.v3.Router"
_BY_HAND = "add the parts by hand, from kysiractl render envoy --snippet"


@dataclass(frozen=True, slots=True)
class Merged:
    """The new text, and what the user should know."""

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Manager:
    """An http_connection_manager and the listener it is in."""

    listener: Node
    config: Node

    def __str__(self) -> str:
        return _name(self.listener)


def _name(listener: Node) -> str:
    return f"listener {scalar(get(listener, 'name')) or 'without a name'}"


class _Once:
    """True for a node the first time: a YAML alias is the very node that it stands for."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def __call__(self, node: Node) -> bool:
        is_new = id(node) not in self._seen
        self._seen.add(id(node))
        return is_new


def merge(text: str, options: EnvoyOptions) -> Merged:
    """Return the text with cluster, filters and limits; merging again changes nothing.

    Raises RenderError when there is nothing to add them to.
    """
    document = Document(text)
    static = get(document.root, "static_resources")
    if static is None:
        raise RenderError(f"no static_resources: {_BY_HAND}")
    listeners = [node for node in items(get(static, "listeners")) if any(_managers(node))]
    if not listeners:
        raise RenderError(f"no listener with an http_connection_manager: {_BY_HAND}")
    notes = _unguarded(document.root, items(get(static, "listeners")))
    is_new = _Once()
    for listener in filter(is_new, listeners):
        for manager in _managers(listener):
            for filters in filter(is_new, _filter_lists(manager)):
                notes += _add_filters(document, manager, filters, options)
            if is_new(manager.config):
                notes += _set_window(document, manager, _buffer(listener, options))
        notes += _set_buffer(document, listener, options)
    _add_cluster(document, static, options)
    return Merged(document.text, tuple(dict.fromkeys(notes)))


def _unguarded(root: Node | None, listeners: list[Node]) -> list[str]:
    """Return notes about what no filter is added to."""
    notes = []
    for listener in listeners:
        name = _name(listener)
        if not any(_managers(listener)):
            who = f"{name}: has"
        elif not all(any(_managers_of(listener, chain)) for chain in _chains(listener)):
            who = f"{name}: a filter chain has"
        else:
            continue
        notes.append(f"{who} no http_connection_manager, so what goes through it is not guarded")
    if get(root, "dynamic_resources", "lds_config") is not None:
        notes.append("listeners of lds_config are not guarded: they are not in this file")
    return notes


def _managers(listener: Node) -> Iterator[_Manager]:
    for chain in _chains(listener):
        yield from _managers_of(listener, chain)


def _chains(listener: Node) -> list[Node]:
    default = get(listener, "default_filter_chain")
    return [*items(get(listener, "filter_chains")), *([default] if default else [])]


def _managers_of(listener: Node, chain: Node) -> Iterator[_Manager]:
    for entry in items(get(chain, "filters")):
        config = get(entry, "typed_config")
        if config is not None and scalar(get(config, "@type")).endswith(_MANAGER):
            yield _Manager(listener, config)


def _filter_lists(manager: _Manager) -> list[Node]:
    filters = get(manager.config, "http_filters")
    if filters is None:
        raise RenderError(f"{manager}: no http_filters, where a router filter is needed")
    upgrades = [get(entry, "filters") for entry in items(get(manager.config, "upgrade_configs"))]
    return [filters, *(own for own in upgrades if own is not None)]


def _add_filters(
    document: Document, manager: _Manager, filters: Node, options: EnvoyOptions
) -> list[str]:
    entries = items(filters)
    router = next((i for i, entry in enumerate(entries) if _is(entry, _ROUTER)), None)
    if router is None:
        raise RenderError(
            f"{manager}: no router filter (envoy.filters.http.router) "
            "in http_filters; the filters go right before it"
        )
    own = [i for i in range(router) if _is_own(entries[i])]
    for index in own:
        document.remove(filters, index)
    others = [i for i in range(router) if i not in own]
    after = others[-1] if others else None
    document.insert(filters, router, render_filters(options), after=after)
    notes = [
        f"{manager}: replaced the filter {scalar(get(entries[i], 'name'))!r}, "
        f"which used the cluster {CLUSTER}"
        for i in own
        if scalar(get(entries[i], "name")) not in FILTERS
    ]
    notes += [
        f"{manager}: kept the ext_proc filter {scalar(get(entry, 'name'))!r}; "
        "requests go through both"
        for entry in entries
        if _is(entry, _EXT_PROC) and not _is_own(entry)
    ]
    if scalar(get(manager.config, "use_remote_address")).lower() != "true":
        notes.append(
            f"{manager}: without use_remote_address: true a client chooses "
            "its own address with X-Forwarded-For"
        )
    return notes


def _is(entry: Node, kind: str) -> bool:
    return scalar(get(entry, "typed_config", "@type")).endswith(kind)


def _is_own(entry: Node) -> bool:
    """Return True for what an earlier merge, or the deployment guide's reader, put there."""
    cluster = get(entry, "typed_config", "grpc_service", "envoy_grpc", "cluster_name")
    is_ours = _is(entry, _EXT_PROC) and scalar(cluster) == CLUSTER
    return is_ours or scalar(get(entry, "name")) in FILTERS


def _buffer(listener: Node, options: EnvoyOptions) -> int:
    """Return how much of a body the listener holds once it holds what is inspected."""
    limit = _number(get(listener, _BUFFER), DEFAULT_BUFFER_BYTES)
    return max(limit, options.max_body_bytes, MIN_HTTP2_WINDOW)


def _set_buffer(document: Document, listener: Node, options: EnvoyOptions) -> list[str]:
    """Let the listener hold what is inspected of an HTTP/1 body."""
    limit, wanted = _number(get(listener, _BUFFER), DEFAULT_BUFFER_BYTES), options.max_body_bytes
    if limit >= wanted:
        return []
    document.set(listener, _BUFFER, str(wanted), comment=_WHY_BUFFER)
    return [
        f"{_name(listener)}: raised {_BUFFER} from {limit} to {wanted}: what is inspected of a "
        "body is held"
    ]


def _set_window(document: Document, manager: _Manager, buffer: int) -> list[str]:
    """Bound what HTTP/2 sends of a body: the listener's limit does not."""
    http2 = get(manager.config, _HTTP2)
    window = get(http2, _WINDOW)
    if _number(window, buffer) > buffer:
        return [
            f"{manager}: {_WINDOW} {scalar(window)} lets HTTP/2 requests send that "
            f"much of a body to ext-proc; {buffer} is enough"
        ]
    if _number(window, 0) == buffer:
        return []
    if http2 is None or not http2.value:
        text = f"{{{_WINDOW}: {buffer}}}"
        document.set(manager.config, _HTTP2, text, comment=_WHY_WINDOW)
    else:
        document.set(http2, _WINDOW, str(buffer), comment=_WHY_WINDOW)
    setting = f"{_HTTP2}.{_WINDOW}"
    change = f"raised {setting} from {scalar(window)}" if window else f"set {setting}"
    return [f"{manager}: {change} to {buffer}: {_UPLOADS}"]


def _number(node: Node | None, default: int) -> int:
    text = scalar(node).replace("_", "")
    return int(text) if text.isdecimal() else default


def _add_cluster(document: Document, static: Node, options: EnvoyOptions) -> None:
    block = render_cluster(options)
    clusters = get(static, "clusters")
    entries = items(clusters)
    if clusters is None or not entries:
        raise RenderError("static_resources.clusters is empty: where would requests go?")
    names = [scalar(get(entry, "name")) for entry in entries]
    if CLUSTER in names:
        document.substitute(clusters, names.index(CLUSTER), block)
    else:
        document.append(clusters, block)
