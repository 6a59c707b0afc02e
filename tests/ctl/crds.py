"""Checks Kubernetes objects by the schemas and rules of ../shared/crds, which not all have."""

import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.needs import library, need

FOLDER = Path(__file__).parents[3] / "shared" / "crds"


def problems(value: dict[str, Any]) -> list[str]:
    """Return what an API server would say against the object; skip where no schemas are."""
    need(FOLDER.is_dir(), "../shared/crds, the schemas that objects are checked against")
    library("jsonschema", "test")
    found: list[str] = _validator().errors(value, _schemas())
    return found or list(_broken_rules(_schema(value), value, value["kind"]))


def rules_run(value: dict[str, Any]) -> int:
    """Return how many CEL rules have a say about the object."""
    return sum(1 for _ in _applying(_schema(value), value, ""))


@functools.cache
def _validator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("crd_validate", FOLDER / "validate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def _schemas() -> Any:
    return _validator().load(str(FOLDER))


@functools.cache
def _definitions() -> dict[tuple[str, str], dict[str, Any]]:
    yaml = library("yaml", "test")
    found = {}
    for path in FOLDER.glob("*.yaml"):
        for crd in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
            for version in crd["spec"]["versions"]:
                found[f"{group}/{version['name']}", kind] = version["schema"]["openAPIV3Schema"]
    return found


def _schema(value: dict[str, Any]) -> dict[str, Any]:
    return _definitions()[value["apiVersion"], value["kind"]]


def _applying(schema: dict[str, Any], value: Any, where: str) -> Iterator[tuple[str, str, Any]]:
    """Yield each rule with its place and what is there."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" not in rule["rule"]:  # those are about a change
            yield rule["rule"], where, value
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from _applying(child, value[name], f"{where}.{name}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _applying(schema.get("items", {}), item, f"{where}[{number}]")


def _with_defaults(schema: dict[str, Any], value: Any) -> Any:
    """Return the value as the API server sees it: defaults are filled in before rules run."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        filled = {n: _with_defaults(properties.get(n, {}), v) for n, v in value.items()}
        missing = {n: s["default"] for n, s in properties.items() if "default" in s}
        return {**missing, **filled}
    if isinstance(value, list):
        return [_with_defaults(schema.get("items", {}), item) for item in value]
    return value


def _broken_rules(schema: dict[str, Any], value: Any, kind: str) -> Iterator[str]:
    celpy = library("celpy", "test")
    environment = celpy.Environment()
    for rule, where, here in _applying(schema, _with_defaults(schema, value), kind):
        program = environment.program(environment.compile(rule))
        try:
            is_kept = program.evaluate({"self": celpy.json_to_cel(here)})
        except celpy.CELEvalError as error:
            yield f"{where}: {rule} can't be asked: {error.args[0]}"
            continue
        if not is_kept:
            yield f"{where}: {rule}"
