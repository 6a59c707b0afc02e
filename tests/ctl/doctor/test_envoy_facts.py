"""What an admin interface tells, and what is no admin interface."""

from aiohttp import web

from ctl.doctor.envoy_facts import EnvoyFacts, envoy_facts, read_facts
from ctl.fleet.client import Reply
from kysira.serving import start_http
from tests.ctl.doctor.envoys import facts, rendered_config


def test_answers_are_read() -> None:
    """State, version, endpoints, listeners: from the shapes that an Envoy has."""
    told = facts(rendered_config())
    assert told.state == "LIVE"
    assert told.version == (1, 40, 0)
    assert told.hosts["kysira_ext_proc"] == ["127.0.0.1"]
    assert told.endpoints["kysira_ext_proc"][0].port == 50051
    assert told.listening["ingress"] == ("0.0.0.0", 10000)


def test_missing_answers_are_no_error() -> None:
    """An Envoy that is just starting says little."""
    told = read_facts({}, {}, {"version": "what"}, {}, {"stats": [{"histograms": {}}]})
    assert (told.version, told.state, told.counters) == ((), "", {})


def test_pipes_have_a_name() -> None:
    """A Unix socket is an address like any."""
    address = {"pipe": {"path": "/run/kysira.sock"}}
    clusters = {"cluster_statuses": [{"name": "a", "host_statuses": [{"address": address}]}]}
    assert read_facts({}, clusters, {}, {}, {}).hosts == {"a": ["/run/kysira.sock"]}


async def answer(app: web.Application) -> EnvoyFacts | Reply:
    """Return what is made of a server."""
    server = await start_http(app, "127.0.0.1", 0, drain_s=0)
    try:
        return await envoy_facts(server.url, 5)
    finally:
        await server.close()


async def test_other_server_is_told_apart() -> None:
    """What answers otherwise is a failed reply that says so."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    told = await answer(app)
    assert isinstance(told, Reply)
    assert "404" in told.error
    app = web.Application()
    app.router.add_get("/{path:.*}", hello)
    told = await answer(app)
    assert isinstance(told, Reply)
    assert told.error == "it is no admin interface of Envoy"
