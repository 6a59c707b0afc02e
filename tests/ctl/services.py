"""The settings that each service declares, for tests of what is rendered for it."""

import dataclasses
from collections.abc import Iterable

from adapter.nginx_settings import AdapterSettings
from adapter.settings import ProxySettings
from ctl.containers import Component
from extproc.settings import ExtProcSettings
from inference.service import InferenceSettings
from kysira.events.settings import KEY_VARIABLE
from kysira.settings import _variables

SETTINGS: dict[Component, type] = {
    Component.EXT_PROC: ExtProcSettings,
    Component.PROXY: ProxySettings,
    Component.NGINX_AUTH_ADAPTER: AdapterSettings,
    Component.INFERENCE: InferenceSettings,
}
NO_FIELDS = {"KYSIRA_ADMIN_TOKEN", KEY_VARIABLE}
"""Secrets, which are no options."""


def variables(component: Component) -> set[str]:
    """Return the environment variables that a service reads."""
    fields = dataclasses.fields(SETTINGS[component])
    return NO_FIELDS | {_variables(field)[0] for field in fields}


def unknown(component: Component, names: Iterable[str]) -> set[str]:
    """Return which of the names are Kysira's and no setting of the service."""
    ours = {name for name in names if name.startswith("KYSIRA_")}
    return ours - variables(component)
