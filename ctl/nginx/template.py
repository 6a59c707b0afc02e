"""Renders the templates in ctl/templates/nginx; the same options give the same bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ctl.envoy.options import Address
from ctl.nginx.options import NginxOptions, Via
from ctl.templating import render
from kysira.replies import NGINX_FORBIDDEN, NGINX_UNAVAILABLE

SCRIPT = "kysira.js"
TOLD = {
    "X-Kysira-Score": "$kysira_score",
    "X-Kysira-Reason": "$kysira_reason",
    "X-Kysira-Mode": "$kysira_mode",
    "X-Kysira-Would-Have-Killed": "$kysira_would_have_killed",
    "X-Kysira-Event-Id": "$kysira_event_id",
    "X-Kysira-Killed": "$kysira_killed",
}
"""What the adapter says, and the variable that nginx keeps it in."""
NEVER = ("X-Kysira-Peer",)
"""What the app is never told."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file to add to a configuration."""

    name: str
    text: str


def render_nginx(options: NginxOptions) -> str:
    """Return a complete nginx.conf."""
    return _render("nginx.conf", options)


def render_script(options: NginxOptions) -> str:
    """Return the script of the njs configuration."""
    return _render("kysira.js", options)


def render_parts(options: NginxOptions) -> tuple[Part, ...]:
    """Return what goes into a configuration that there is, each part saying where."""
    parts = [
        Part("kysira-http.conf", _part("http.conf", options, "Into http { }.")),
        Part("kysira-server.conf", _part("server.conf", options, _SERVER[options.via])),
        Part("kysira-headers.conf", _part("headers.conf", options, _HEADERS)),
    ]
    if options.via is Via.NJS:
        parts.insert(2, Part("kysira-guard.conf", _part("guard.conf", options, _GUARD)))
    return tuple(parts)


def scripts(options: NginxOptions) -> tuple[Part, ...]:
    """Return the files that nginx needs beside its configuration."""
    return (Part(SCRIPT, render_script(options)),) if options.via is Via.NJS else ()


_IS_BLIND = """
BODIES ARE NOT INSPECTED: auth_request sends the adapter the request line and headers, never the
body. An attack in a POST passes. --via njs inspects them.
A location with an error_page of its own shows nginx's own page for a refusal; one with
"satisfy any" lets a request pass that its allow or auth_basic lets pass."""
_SERVER = {
    Via.AUTH_REQUEST: "Into server { }: every location of it is guarded." + _IS_BLIND,
    Via.NJS: "Into server { }. client_max_body_size is up to you; larger bodies get a 413.",
    Via.MIRROR: "Into server { }. SHADOW ONLY: nothing is blocked, whatever the adapter's mode.",
}
_HEADERS = """
Into every location that has a proxy_pass: one with a proxy_set_header of its own inherits none.
Keep underscores_in_headers off and ignore_invalid_headers on, as they are unless set:
X_Kysira_Score is X-Kysira-Score to a CGI app. For fastcgi_pass, uwsgi_pass and the like write the
same as fastcgi_param HTTP_X_KYSIRA_SCORE …"""
_GUARD = """
Into every location that is to be guarded, instead of what it does now, which moves to a named
location with the same content (no alias there, and no proxy_pass with a path):

    location / { set $kysira_next @app; include kysira-guard.conf; }
    location @app { include kysira-headers.conf; proxy_pass http://…; }

Needs njs: libnginx-mod-http-js on Debian and Ubuntu, nginx-module-njs from nginx.org, and
"load_module modules/ngx_http_js_module.so;" at the top of nginx.conf where the package does not
see to that."""


def _part(name: str, options: NginxOptions, where: str) -> str:
    head = "\n".join(f"# {line}".rstrip() for line in where.strip().splitlines())
    via = f"# Rendered by `kysiractl render nginx --via {options.via} --include`."
    return f"{head}\n{via}\n\n{_render(name, options)}"


def _render(name: str, options: NginxOptions) -> str:
    return render(
        f"nginx/{name}", filters=_FILTERS, options=options, told=TOLD, never=NEVER,
        blocked=NGINX_FORBIDDEN, unavailable=NGINX_UNAVAILABLE,
    )  # fmt: skip


def _reached(address: Address) -> str:
    return str(Address(address.connect_host, address.port))


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


_FILTERS: Mapping[str, Callable[..., str]] = {"reached": _reached, "duration": _duration}
