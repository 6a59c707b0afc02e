"""A small server that speaks the calls kubectl makes to find pods and to reach their ports.

It is no Kubernetes cluster, and no part of one: it knows pods that a test made up, and
forwards ports to processes on this machine over SPDY/3.1, as an API server does. What
kubectl does with it is real: finding pods by labels, its errors, its port-forward.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.spdy import Frame, Kind, Spdy

PROTOCOL = "portforward.k8s.io"
_READ = 1 << 16
_DENIED = "/denied"
_VERBS = ["get", "list", "watch"]


@dataclass(frozen=True)
class FakePod:
    """A pod, and the real address behind each of its ports."""

    name: str
    labels: Mapping[str, str]
    ports: Mapping[int, str] = field(default_factory=dict)
    """Port → host:port on this machine."""
    container: str = "kysira-ext-proc"
    port_name: str = "management"
    phase: str = "Running"
    is_ending: bool = False

    def to_json(self, namespace: str) -> dict[str, Any]:
        """Return it as the API tells it."""
        meta: dict[str, Any] = {"name": self.name, "namespace": namespace, "labels": self.labels}
        if self.is_ending:
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        ports = [{"name": self.port_name, "containerPort": port} for port in self.ports]
        return {
            "apiVersion": "v1", "kind": "Pod", "metadata": meta,
            "spec": {"containers": [{"name": self.container, "image": "x", "ports": ports}]},
            "status": {"phase": self.phase},
        }  # fmt: skip


@dataclass
class KubeApi:
    """Knows the pods of one namespace."""

    namespace: str
    pods: Sequence[FakePod]
    port: int = 0
    forwards: list[str] = field(default_factory=list)
    """Name of the pod of each port-forward that was opened."""
    open_forwards: int = 0

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig with the contexts ``test`` and ``denied``, which may do nothing."""
        url = f"http://127.0.0.1:{self.port}"
        servers = {"test": url, "denied": f"{url}{_DENIED}"}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": n, "cluster": {"server": s}} for n, s in servers.items()],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": n, "context": {"cluster": n, "user": "me"}} for n in servers],
        }  # fmt: skip
        path.write_text(json.dumps(config))
        return path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while (request := await _read_request(reader)) is not None:
                if not await self._answer(request, reader, writer):
                    break
        writer.close()

    async def _answer(
        self, request: "_Request", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Return False when the connection is used up."""
        if request.path.startswith(_DENIED):
            _write(writer, 401, _status(401, "Unauthorized", "Unauthorized"))
            return True
        path = request.path
        if not path.endswith("/portforward"):
            _write(writer, *self._resource(path, request.query))
            return True
        pod = next((p for p in self.pods if path.split("/")[-2] == p.name), None)
        if pod is None or request.headers.get("upgrade") != "SPDY/3.1":
            # kubectl since 1.31 tries WebSocket first, and takes a refusal for "not spoken here".
            _write(writer, 400, _status(400, "BadRequest", "only SPDY/3.1 is spoken here"))
            return True
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
            f"X-Stream-Protocol-Version: {PROTOCOL}\r\n\r\n".encode()
        )
        self.forwards.append(pod.name)
        self.open_forwards += 1
        try:
            await _Tunnel(Spdy(reader, writer), pod.ports).run()
        finally:
            self.open_forwards -= 1
        return False

    def _resource(self, path: str, query: Mapping[str, list[str]]) -> tuple[int, Any]:
        pods = f"/api/v1/namespaces/{self.namespace}/pods"
        match path:
            case "/api":
                return 200, {"kind": "APIVersions", "versions": ["v1"]}
            case "/apis":
                return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
            case "/api/v1":
                pod = {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod"}
                pod |= {"verbs": _VERBS, "shortNames": ["po"]}
                return 200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": [pod]}
            case _ if path == pods:
                items = [p.to_json(self.namespace) for p in self.pods if _has(p, query)]
                return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
        for pod in self.pods:
            if path == f"{pods}/{pod.name}":
                return 200, pod.to_json(self.namespace)
        if path.startswith("/api/v1/namespaces/") and path.endswith("/pods"):
            return 403, _status(403, "Forbidden", "pods is forbidden: not your namespace")
        return 404, _status(404, "NotFound", f"{path} not found")


@asynccontextmanager
async def kube_api(namespace: str, pods: Sequence[FakePod]) -> AsyncIterator[KubeApi]:
    """Run the server on a free port."""
    api = KubeApi(namespace, pods)
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.port = server.sockets[0].getsockname()[1]
    async with server:
        yield api


class _Tunnel:
    """The streams of one port-forward: for each connection one for errors, and one for data."""

    def __init__(self, spdy: Spdy, ports: Mapping[int, str]) -> None:
        self._spdy = spdy
        self._ports = ports
        self._errors: dict[str, int] = {}
        """Request → its stream for errors."""
        self._inputs: dict[int, asyncio.Queue[Frame]] = {}

    async def run(self) -> None:
        """Serve until kubectl hangs up."""
        async with asyncio.TaskGroup() as group:
            tasks = set()
            while (frame := await self._spdy.read()) is not None:
                if frame.kind == Kind.SYN_STREAM:
                    self._spdy.reply(frame.stream)
                    request = frame.headers["requestid"]
                    if frame.headers["streamtype"] == "error":
                        self._errors[request] = frame.stream
                    else:
                        self._inputs[frame.stream] = asyncio.Queue()
                        tasks.add(group.create_task(self._connect(frame, request)))
                elif frame.kind == Kind.PING:
                    self._spdy.pong(frame)
                elif frame.kind in (Kind.DATA, Kind.RST_STREAM) and frame.stream in self._inputs:
                    self._inputs[frame.stream].put_nowait(frame)
            for task in tasks:
                task.cancel()

    async def _connect(self, syn: Frame, request: str) -> None:
        stream, port = syn.stream, int(syn.headers["port"])
        try:
            host, _, number = self._ports[port].rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(number))
        except OSError as error:
            said = f"failed to connect to {port} inside the pod: {error.strerror}"
            self._spdy.send(self._errors[request], said.encode(), is_last=True)
            self._spdy.send(stream, b"", is_last=True)
            return
        upwards = asyncio.create_task(self._feed(stream, writer))
        try:
            with suppress(ConnectionError):
                while data := await reader.read(_READ):
                    self._spdy.send(stream, data)
                    await self._spdy.drain()
            self._spdy.send(stream, b"", is_last=True)
            self._spdy.send(self._errors[request], b"", is_last=True)
        finally:
            upwards.cancel()
            writer.close()

    async def _feed(self, stream: int, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                frame = await self._inputs[stream].get()
                if frame.kind == Kind.RST_STREAM:
                    writer.close()
                    return
                writer.write(frame.data)
                await writer.drain()
                if frame.is_last:
                    writer.write_eof()
                    return


@dataclass(frozen=True)
class _Request:
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(head[0].split(" ")[1])
    return _Request(unquote(parts.path), parse_qs(parts.query), headers)


def _write(writer: asyncio.StreamWriter, status: int, body: Any) -> None:
    text = json.dumps(body).encode()
    writer.write(
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(text)}\r\n\r\n".encode()
        + text
    )


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason, "message": message,
    }  # fmt: skip


def _has(pod: FakePod, query: Mapping[str, list[str]]) -> bool:
    """Return True when the pod has the labels that are asked for, each as name=value."""
    pairs = [text.partition("=") for text in query.get("labelSelector", [""])[0].split(",") if text]
    return all(pod.labels.get(name) == value for name, _, value in pairs)
