"""Renders the template in ctl/templates/compose; the same options give the same bytes."""

import json
from pathlib import Path
from typing import Any

from ctl.compose.options import POLICY_FOLDER, TOKEN_FILE, ComposeOptions, Front
from ctl.containers import DATA_DIR, POLICY_DIR, USER
from ctl.envoy.check import check_envoy
from ctl.envoy.template import render_envoy
from ctl.render_output import Document
from ctl.templating import render


def render_compose(options: ComposeOptions) -> tuple[Document, ...]:
    """Return docker-compose.yaml and what it mounts; raises RenderError."""
    documents = [Document("docker-compose", _render(options))]
    if options.front is Front.EXT_PROC:
        envoy = render_envoy(options.envoy)
        check_envoy(envoy)
        documents.append(Document(Path(options.envoy_name).stem, envoy))
    policy = Path(options.policy_name).stem
    documents.append(Document(f"{POLICY_FOLDER}/{policy}", options.service_policy.policy))
    return tuple(documents)


def _render(options: ComposeOptions) -> str:
    return render(
        "compose/docker-compose.yaml", options=options, token_file=TOKEN_FILE, value=_value,
        policy_folder=POLICY_FOLDER, policy_dir=POLICY_DIR, data_dir=DATA_DIR, user=USER,
    )  # fmt: skip


def _value(value: Any) -> str:
    """Return a value as YAML, in which compose finds no variable of its own."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
