"""Renders the templates in ctl/templates/kustomize; the same options give the same bytes."""

import json
import textwrap
from typing import Any

from ctl.containers import DATA_DIR, POLICY_DIR, USER, Component, Program
from ctl.kustomize import options as names
from ctl.kustomize.options import KustomizeOptions
from ctl.render_output import Document, parse
from ctl.service_policy import POLICY_NAME
from ctl.templating import render
from kysira.errors import RenderError

KUSTOMIZATION = "kustomization"
_KINDS = ("serviceaccount", "configmap", "deployment", "service")
"""What every program has."""


def render_manifests(options: KustomizeOptions) -> tuple[Document, ...]:
    """Return every object; raises RenderError for a policy that no ConfigMap can hold."""
    documents = [
        Document(f"{program.name}-{kind}", _render(kind, options, program=program))
        for program in options.programs
        for kind in _kinds(options, program)
    ]
    return (*_policy(options), *documents)


def render_kustomization(options: KustomizeOptions, manifests: tuple[Document, ...]) -> Document:
    """Return the file that lists the others."""
    names_ = [f"{document.name}.yaml" for document in manifests]
    return Document(KUSTOMIZATION, _render(KUSTOMIZATION, options, resources=names_))


def _kinds(options: KustomizeOptions, program: Program) -> tuple[str, ...]:
    """Return the templates of a program's objects."""
    kinds = [*_KINDS, "poddisruptionbudget"]
    if program.is_front_end:
        kinds.insert(len(_KINDS), "headless")
    if options.is_scaled:
        kinds.append("horizontalpodautoscaler")
    if options.network_policy and program.component is not Component.PROXY:
        kinds.append("networkpolicy")  # the proxy is there for everybody
    return tuple(kinds)


def _policy(options: KustomizeOptions) -> tuple[Document, ...]:
    if not options.has_policy:
        return ()
    text = _render("policy", options)
    held = parse(text)[0]["data"][POLICY_NAME]
    if held != options.service_policy.policy:
        raise RenderError("the policy file holds characters that YAML can't hold in a ConfigMap")
    return (Document(names.POLICY_CONFIG_MAP, text),)


def _block(text: str, depth: int) -> str:
    """Return the text as a YAML block scalar below a key that is indented by ``depth``."""
    # Where the first line is indented itself, or empty, YAML has to be told by how much.
    head = "|2" if text[:1] in (" ", "\n", "\t") else "|"
    body = textwrap.indent(text, " " * (depth + 2), lambda line: line != "\n")
    return f"{head}\n" + body.rstrip("\n")


def _render(name: str, options: KustomizeOptions, **more: Any) -> str:
    return render(
        f"kustomize/{name}.yaml", options=options, names=names, data_dir=DATA_DIR,
        policy_dir=POLICY_DIR, policy_name=POLICY_NAME, user=USER, quoted=_quoted, block=_block,
        **more,
    )  # fmt: skip


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
