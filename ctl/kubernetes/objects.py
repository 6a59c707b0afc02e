"""Checks rendered Kubernetes objects without a cluster's schemas."""

from collections.abc import Sequence

from ruamel.yaml.error import YAMLError

from ctl.render_output import Document, parse
from kysira.errors import RenderError


def check_objects(documents: Sequence[Document]) -> None:
    """Raise RenderError unless each document is one object with a kind, a name and a spec."""
    for document in documents:
        try:
            values = parse(document.text)
        except YAMLError as error:
            why = " ".join(str(error).split())
            raise RenderError(f"what was rendered is not YAML; please report it: {why}") from error
        if len(values) != 1 or not _is_object(values[0]):
            raise RenderError(f"{document.name}: rendered no object; please report it")


def _is_object(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return False
    named = (value.get("apiVersion"), value.get("kind"), value["metadata"].get("name"))
    return all(isinstance(part, str) and part for part in named) and bool(value.get("spec"))
