"""What kysiractl can be told once instead of each time: in its file or by variables."""

import dataclasses
from pathlib import Path

from ctl.envoy.options import read_duration
from kysira.settings import setting, url

PREFIX = "KYSIRACTL_"
DEFAULT_TARGET = "http://127.0.0.1:9090"


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:  # all of none would be well
        raise ValueError("must name a service; leave it out for the default")
    return names


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # a user that there is not
        raise ValueError(f"{text!r} has no home folder") from None


@dataclasses.dataclass(frozen=True, kw_only=True)
class CtlSettings:
    """Where the services are, and how to talk to them."""

    targets: tuple[str, ...] = setting(
        (DEFAULT_TARGET,), "Management addresses of the services.", read=_names
    )
    admin_token: str = setting(
        "", "Token to flip the mode and to read events with.", also="KYSIRA_ADMIN_TOKEN"
    )
    admin_token_file: Path | None = setting(
        None, "File that holds the token.", read=_path, also="KYSIRA_ADMIN_TOKEN_FILE"
    )
    namespace: str = setting("", "Kubernetes namespace whose pods are meant.")
    selector: str = setting("", "Labels of the pods that are meant.")
    kube_context: str = setting("", "Context of the kubeconfig to use.")
    envoy_admin: str = setting("", "Envoy's admin interface, for doctor.", read=url)
    timeout: float = setting(3.0, "Seconds that an answer may take.", read=read_duration)


SECRETS = frozenset({"admin_token"})
"""Fields that are never shown."""
