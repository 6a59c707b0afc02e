"""Pods, found and reached by the user's own kubectl: with its context, its rights, its errors."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ctl.fleet.forward import forwarding, last_line
from ctl.fleet.options import Which
from ctl.fleet.pods import Pod, read_pods
from ctl.fleet.target import Target
from kysira.errors import StartError

_LIST_S = 20.0
"""Seconds that listing pods may take: a login may have to be renewed."""


@asynccontextmanager
async def forwarded_pods(which: Which) -> AsyncIterator[list[Target]]:
    """Hold a port-forward to every pod that is meant; one that can't be reached says why.

    Raises StartError when there is no kubectl, when it fails, and when it finds no pod.
    """
    kubectl = [_program(), *_options(which)]
    pods = await _pods(kubectl, which)
    async with AsyncExitStack() as held:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_target(kubectl, pod, held)) for pod in pods]
        yield [task.result() for task in tasks]


def _program() -> str:
    path = shutil.which("kubectl")
    if path is None:
        raise StartError("kubectl is not on the PATH: install it, or name addresses by --target")
    return path


def _options(which: Which) -> list[str]:
    named = (("--context", which.kube_context), ("--namespace", which.namespace))
    return [f"{option}={value}" for option, value in named if value]


async def _pods(kubectl: Sequence[str], which: Which) -> list[Pod]:
    selector = [f"--selector={which.selector}"] if which.selector else []
    listing = await _json(*kubectl, "get", "pods", *selector, "--output=json")
    try:
        found = read_pods(listing, is_named=bool(which.selector or which.pods))
    except ValueError as error:
        raise StartError(str(error)) from None
    if which.pods:
        known = {pod.name: pod for pod in found}
        absent = "there is no such pod"
        return [known.get(name, Pod(name, which.namespace, problem=absent)) for name in which.pods]
    if not found:
        raise StartError(_none_found(which))
    return found


def _none_found(which: Which) -> str:
    where = f"namespace {which.namespace}" if which.namespace else "your context's namespace"
    if which.selector:
        return f"no pod in {where} has the labels {which.selector}"
    return f"no pod of Kysira in {where}; --selector names pods by their labels"


async def _json(*command: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_LIST_S):
            out, err = await process.communicate()
    except TimeoutError:
        raise StartError(f"kubectl get pods: no answer in {_LIST_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise StartError(f"kubectl get pods: {last_line(err) or 'it failed and says not why'}")
    try:
        return json.loads(out)
    except ValueError:
        raise StartError("kubectl get pods: its answer is no JSON") from None


async def _target(kubectl: Sequence[str], pod: Pod, held: AsyncExitStack) -> Target:
    name = f"pod/{pod.name}"
    if pod.problem:
        return Target(name, "", problem=pod.problem)
    forward = await forwarding([*kubectl, "port-forward", name, f":{pod.port}"])
    held.push_async_callback(forward.stop)
    if forward.port is None:
        return Target(name, "", problem=f"kubectl port-forward: {forward.problem}")
    url = f"http://127.0.0.1:{forward.port}"
    return Target(name, url, carrier=forward.failure, end=forward.end)
