"""Kysira added to configurations that somebody else wrote."""

import asyncio
import difflib
import functools
import itertools
import string
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ctl.envoy.merge import FILTERS, merge
from ctl.envoy.options import EnvoyOptions, read_address, read_target
from ctl.envoy.template import render_envoy
from kysira.errors import RenderError
from kysira.settings import OnFailure
from tests.ctl.envoy.http2 import http2_app, upload
from tests.ctl.envoy.program import validate
from tests.envoy import Envoy

DATA = Path(__file__).parents[2] / "data" / "envoy"
USERS = ("user_block.yaml", "user_anchors.yaml", "user_flow.json")
OPTIONS = (
    EnvoyOptions(),
    EnvoyOptions(max_body_bytes=2 << 20, on_failure=OnFailure.CLOSED),
    EnvoyOptions(max_body_bytes=1),
)


def loaded(text: str) -> Any:
    """Return the text's data."""
    return YAML(typ="safe", pure=True).load(text)


def listeners(text: str) -> dict[str, Any]:
    """Return the listeners by name."""
    return {row["name"]: row for row in loaded(text)["static_resources"]["listeners"]}


def managers(listener: Any) -> list[Any]:
    """Return the http_connection_managers of a listener."""
    chains = [*listener["filter_chains"], listener.get("default_filter_chain", {"filters": []})]
    configs = [row["typed_config"] for chain in chains for row in chain["filters"]]
    return [config for config in configs if "http_filters" in config]


def names(rows: Any) -> list[str]:
    """Return the names of filters or clusters."""
    return [row["name"] for row in rows]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("options", OPTIONS, ids=["default", "large-closed", "small"])
def test_result_is_valid(user: str, options: EnvoyOptions, tmp_path: Path) -> None:
    """Envoy takes the result, and another merge changes nothing."""
    text = merge((DATA / user).read_text(), options).text
    validate(text, tmp_path / user)
    assert merge(text, options).text == text


@pytest.mark.parametrize("user", USERS)
def test_filters_stand_before_every_router(user: str) -> None:
    """Each manager, default chain and upgrade list has both filters last but the router."""
    text = merge((DATA / user).read_text(), EnvoyOptions()).text
    lists = [
        rows
        for listener in listeners(text).values()
        for manager in managers(listener)
        for rows in (
            manager["http_filters"],
            *(row["filters"] for row in manager.get("upgrade_configs", []) if "filters" in row),
        )
    ]
    assert lists
    for rows in lists:
        assert names(rows)[-3:] == [*FILTERS, "envoy.filters.http.router"]
        assert names(rows).count(FILTERS[1]) == 1


@pytest.mark.parametrize("user", USERS)
def test_clients_headers_and_trailers_are_stripped(user: str) -> None:
    """The first filter removes what only ext-proc may say, from both ends of a request."""
    text = merge((DATA / user).read_text(), EnvoyOptions()).text
    for listener in listeners(text).values():
        for manager in managers(listener):
            (strip,) = (row for row in manager["http_filters"] if row["name"] == FILTERS[0])
            mutations = strip["typed_config"]["mutations"]
            assert sorted(mutations) == ["request_mutations", "request_trailers_mutations"]
            assert mutations["request_mutations"] == mutations["request_trailers_mutations"]


@pytest.mark.parametrize("user", USERS)
def test_cluster_is_there_once(user: str) -> None:
    """The cluster joins the user's, or takes the place of one of its name."""
    before = names(loaded((DATA / user).read_text())["static_resources"]["clusters"])
    text = merge((DATA / user).read_text(), EnvoyOptions()).text
    after = names(loaded(text)["static_resources"]["clusters"])
    assert after == (before if "kysira_ext_proc" in before else [*before, "kysira_ext_proc"])


def test_everything_else_is_untouched() -> None:
    """Of the user's lines only the two too small limits change; the rest is added."""
    user = (DATA / "user_block.yaml").read_text().splitlines()
    merged = merge("\n".join(user), EnvoyOptions()).text.splitlines()
    removed = [row[2:] for row in difflib.ndiff(user, merged) if row.startswith("- ")]
    assert removed == [
        "      per_connection_buffer_limit_bytes: 32768   # 32 KiB",
        "                http2_protocol_options: {}",
    ]


def test_limits_hold_what_is_inspected() -> None:
    """Too small a buffer is raised, Envoy's 1 MiB left alone, and HTTP/2 bounded likewise."""
    found = listeners(merge((DATA / "user_block.yaml").read_text(), EnvoyOptions()).text)
    assert found["http"]["per_connection_buffer_limit_bytes"] == 131072
    assert "per_connection_buffer_limit_bytes" not in found["backoffice"]
    windows = {
        row["stat_prefix"]: row["http2_protocol_options"]["initial_stream_window_size"]
        for listener in found.values()
        for row in managers(listener)
    }
    assert windows == {"http": 131072, "backoffice": 1 << 20, "nobody": 1 << 20}


def test_raised_limit_is_raised_everywhere() -> None:
    """A later merge with a higher limit raises what the earlier one set."""
    text = merge((DATA / "user_block.yaml").read_text(), EnvoyOptions()).text
    found = listeners(merge(text, EnvoyOptions(max_body_bytes=3 << 20)).text)
    for name in ("http", "backoffice"):
        assert found[name]["per_connection_buffer_limit_bytes"] == 3 << 20
        for manager in managers(found[name]):
            assert manager["http2_protocol_options"]["initial_stream_window_size"] == 3 << 20
    assert "per_connection_buffer_limit_bytes" not in found["database"]


def test_limits_are_explained_where_they_stand() -> None:
    """A comment above each, once however often it is raised; the notes say from what to what."""
    merged = merge((DATA / "user_block.yaml").read_text(), EnvoyOptions())
    window = "# Kysira set it: otherwise whole uploads over HTTP/2 are handed to the filter."
    buffer = "# Kysira raised it: what is inspected of a body is held."
    assert below(merged.text, window) == [
        "http2_protocol_options: {initial_stream_window_size: 131072}",
        "initial_stream_window_size: 1048576",
        "http2_protocol_options: {initial_stream_window_size: 1048576}",
    ]
    assert below(merged.text, buffer) == ["per_connection_buffer_limit_bytes: 131072   # 32 KiB"]
    assert changes(merged.notes) == [
        "listener http: set http2_protocol_options.initial_stream_window_size to 131072",
        "listener http: raised per_connection_buffer_limit_bytes from 32768 to 131072",
        "listener backoffice: set http2_protocol_options.initial_stream_window_size to 1048576",
    ]
    assert changes(merge(merged.text, EnvoyOptions()).notes) == []
    again = merge(merged.text, EnvoyOptions(max_body_bytes=3 << 20))
    assert len(below(again.text, window)) == 3
    assert len(below(again.text, buffer)) == 2
    assert changes(again.notes)[0] == (
        "listener http: raised http2_protocol_options.initial_stream_window_size "
        "from 131072 to 3145728"
    )


def below(text: str, comment: str) -> list[str]:
    """Return the lines that follow one which is that comment."""
    lines = [line.strip() for line in text.splitlines()]
    return [after for line, after in itertools.pairwise(lines) if line == comment]


def changes(notes: tuple[str, ...]) -> list[str]:
    """Return what notes say of limits that were changed, without the reason."""
    told = (note.rpartition(": ")[0] for note in notes)
    return [note for note in told if "raised" in note or "set http2" in note]


def test_foreign_ext_proc_is_kept_and_told() -> None:
    """Somebody else's filter stays; one after the guide is replaced; both are said."""
    merged = merge((DATA / "user_anchors.yaml").read_text(), EnvoyOptions())
    rows = managers(listeners(merged.text)["one"])[0]["http_filters"]
    assert names(rows) == ["audit", *FILTERS, "envoy.filters.http.router"]
    assert any("kept the ext_proc filter 'audit'" in note for note in merged.notes)
    assert any("replaced the filter 'envoy.filters.http.ext_proc'" in n for n in merged.notes)


def test_believed_header_is_told() -> None:
    """Without use_remote_address a client chooses its address: said for that listener alone."""
    notes = merge((DATA / "user_block.yaml").read_text(), EnvoyOptions()).notes
    assert [note for note in notes if "use_remote_address" in note] == [
        "listener backoffice: without use_remote_address: true a client chooses its own address "
        "with X-Forwarded-For"
    ]


NO_MANAGER = "has no http_connection_manager, so what goes through it is not guarded"
MANAGER = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def test_listener_without_http_is_told() -> None:
    """Nothing is added to it: the one of the database, and one that becomes such a one."""
    user = (DATA / "user_block.yaml").read_text()
    assert unguarded(user) == [f"listener database: {NO_MANAGER}"]
    tcp = user.replace(MANAGER, "extensions.filters.network.tcp_proxy.v3.TcpProxy", 1)
    assert unguarded(tcp)[0] == f"listener http: {NO_MANAGER}"


def test_chain_without_http_is_told() -> None:
    """Of a listener whose other chains are guarded: the last manager is a default chain's."""
    before, _, after = (DATA / "user_block.yaml").read_text().rpartition(MANAGER)
    assert f"listener backoffice: a filter chain {NO_MANAGER}" in unguarded(f"{before}x{after}")


def test_listeners_from_elsewhere_are_told() -> None:
    """Those that a management server, or a file, brings."""
    dynamic = "dynamic_resources: {lds_config: {path_config_source: {path: /lds.yaml}}}\n"
    found = unguarded((DATA / "user_block.yaml").read_text() + dynamic)
    assert found[0] == f"listener database: {NO_MANAGER}"
    assert found[1] == "listeners of lds_config are not guarded: they are not in this file"


def unguarded(text: str) -> list[str]:
    """Return what is said of what no filter is added to."""
    return [note for note in merge(text, EnvoyOptions()).notes if "not guarded" in note]


def test_wide_window_is_told() -> None:
    """A window of the user's own is left alone, with a word about what it does."""
    user = (DATA / "user_block.yaml").read_text()
    user = user.replace("options: {}", "options: {initial_stream_window_size: 9000000}")
    merged = merge(user, EnvoyOptions())
    assert "initial_stream_window_size: 9000000" in merged.text
    assert any("9000000" in note for note in merged.notes)


async def test_earlier_filters_are_brought_up_to_date(tmp_path: Path) -> None:
    """What an earlier version added is replaced: then trailers are stripped, as Envoy shows."""
    rules = (
        " " * 24 + "request_trailers_mutations:\n" + " " * 26 + "- remove_on_match:\n"
        + " " * 30 + 'key_matcher: {safe_regex: {regex: "(?i)x[-_]kysira[-_].*"}}\n'
    )  # fmt: skip
    trailers = {"x-kysira-score": "0", "x_kysira_mode": "off", "sum": "1"}
    async with http2_app() as app:
        options = EnvoyOptions(
            target=read_target(app.url), target_http2=True, port=0, admin_port=0,
            listen_address="127.0.0.1", ext_proc=(read_address("127.0.0.1:1"),),
        )  # fmt: skip
        text = render_envoy(options)
        earlier = text.replace(rules, "")
        assert len(earlier) < len(text)
        for config, kept in ((earlier, trailers), (merge(earlier, options).text, {"sum": "1"})):
            with Envoy(config, tmp_path) as envoy:
                send = functools.partial(upload, trailers=trailers)
                assert await asyncio.to_thread(send, "127.0.0.1", envoy.port, b"a") == 200
            assert app.received[-1].trailers == kept


ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: "dynamic_resources: {}\n", "no static_resources"),
        (lambda text: "[]", "no static_resources"),
        (lambda text: "", "no static_resources"),
        (lambda text: text.replace("HttpConnectionManager", "Other"), "no listener with"),
        (lambda text: text.replace(ROUTER, "x"), "listener http: no router filter"),
        (lambda text: text.replace("http_filters:", "other:"), "listener http: no http_filters"),
        (lambda text: text.partition("  clusters:")[0], "clusters is empty"),
        (lambda text: text + "\n  x: [", "not YAML"),
    ],
)
def test_nothing_to_add_to_is_told(change: Any, why: str) -> None:
    """What can't be merged into is an error that says what is missing."""
    with pytest.raises(RenderError, match=why):
        merge(change((DATA / "user_block.yaml").read_text()), EnvoyOptions())


def test_guide_configuration_is_brought_up_to_date(tmp_path: Path) -> None:
    """The deployment guide's filter and cluster make way for the ones that hold."""
    values = {
        "BUFFER": "32768", "FAILURE_MODE_ALLOW": "true", "OBSERVABILITY": "false",
        "BODY_MODE": "BUFFERED", "TRAILER_MODE": "SKIP", "RESPONSE_HEADER_MODE": "SKIP",
        "EXT_PROC_PORT": "50051", "APP_PORT": "3000",
    }  # fmt: skip
    guide = string.Template((DATA / "guide.yaml").read_text()).substitute(values)
    text = merge(guide, EnvoyOptions()).text
    validate(text, tmp_path / "envoy.yaml")
    assert "request_body_mode: BUFFERED\n" not in text
    assert names(managers(listeners(text)["ingress"])[0]["http_filters"]) == [
        *FILTERS,
        "envoy.filters.http.router",
    ]
