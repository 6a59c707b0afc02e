"""kysiractl's configuration: file, variables, origins, and errors that say what to do."""

from pathlib import Path

import pytest

from ctl.config.load import CONFIG_VARIABLE, default_path, load_config
from ctl.config.settings import DEFAULT_TARGET
from kysira.errors import SettingsError


def written(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    """Write a configuration file, and return the environment that names it."""
    path = folder / "kysiractl.yaml"
    path.write_text(text)
    path.chmod(mode)
    return {CONFIG_VARIABLE: str(path)}


def test_config_defaults_without_file(tmp_path: Path) -> None:
    """Nothing is needed: the target is ext-proc on this machine."""
    config = load_config({"XDG_CONFIG_HOME": str(tmp_path)})
    assert config.settings.targets == (DEFAULT_TARGET,)
    assert set(config.origins.values()) == {"default"}
    assert config.token() == ""


def test_config_file_is_found(tmp_path: Path) -> None:
    """The file in the user's configuration folder is read without being named."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = default_path(environ)
    path.parent.mkdir()
    path.write_text("targets: [a:1, b:2]\ntimeout: 500ms\n")
    config = load_config(environ)
    assert config.settings.targets == ("a:1", "b:2")
    assert config.settings.timeout == 0.5
    assert config.origins["targets"] == f"file {path}"


def test_config_variable_beats_file(tmp_path: Path) -> None:
    """A variable is closer to the run than a file, and the origin says so."""
    environ = written(tmp_path, "targets: [a:1]\nnamespace: kysira\n")
    config = load_config({**environ, "KYSIRACTL_TARGETS": "c:3"})
    assert config.settings.targets == ("c:3",)
    assert config.origins["targets"] == "environment KYSIRACTL_TARGETS"
    assert config.settings.namespace == "kysira"


def test_config_token_variable_beats_token_file(tmp_path: Path) -> None:
    """KYSIRA_ADMIN_TOKEN, as the services have it, counts over a file that the file names."""
    token = tmp_path / "token"
    token.write_text("from-file\n")
    environ = written(tmp_path, f"admin_token_file: {token}\n")
    assert load_config(environ).token() == "from-file"
    assert load_config({**environ, "KYSIRA_ADMIN_TOKEN": "now"}).token() == "now"


def test_config_token_file_variable_beats_written_token(tmp_path: Path) -> None:
    """KYSIRA_ADMIN_TOKEN_FILE counts over a token in the file."""
    token = tmp_path / "token"
    token.write_text("from-file\n")
    environ = written(tmp_path, "admin_token: written\n")
    assert load_config(environ).token() == "written"
    assert load_config({**environ, "KYSIRA_ADMIN_TOKEN_FILE": str(token)}).token() == "from-file"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("target: a", "there is no key 'target'; is it targets?"),
        ("zzz: a", "there is no key 'zzz'; there are targets, "),
        ("timeout: soon", "timeout: 'soon' is not a time"),
        ("[a]", "must hold keys and values"),
        ("a: [", "expected the node content"),
        ("targets: {a: b}", "targets: must be a text or a list of texts"),
        ("targets: true", "targets: must be a text or a list of texts"),
        ("targets: [[a]]", "targets: must be a text or a list of texts"),
        ("targets: []", "targets: must name a service"),
        ("targets: ' , '", "targets: must name a service"),
        ("timeout: 2026-99-99", "timeout: '2026-99-99' is not a time"),
        ("timeout: 3s\ntimeout: 4s", "timeout is there twice, again in line 2"),
        ("targets: " + "[" * 5000, "it is nested too deeply"),
        ("#" * (1 << 20) + "\ntimeout: 4s", "is longer than 1048576 bytes"),
        ("envoy_admin: localhost", "envoy_admin: 'localhost' must begin with http"),
    ],
)
def test_config_file_error_says_what_to_do(tmp_path: Path, text: str, error: str) -> None:
    """One line with the file, the key and what is expected."""
    with pytest.raises(SettingsError, match=r"kysiractl\.yaml: ") as caught:
        load_config(written(tmp_path, text))
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


def test_config_token_file_may_be_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the user's folder in the file as it is in a shell; one that nobody has is told."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("from-home\n")
    assert load_config(written(tmp_path, "admin_token_file: ~/token\n")).token() == "from-home"
    with pytest.raises(SettingsError, match=r"admin_token_file: .*no home folder"):
        load_config(written(tmp_path, "admin_token_file: ~no-such-user/token\n"))


def test_config_missing_named_file_is_error(tmp_path: Path) -> None:
    """A file that is named has to be there; one that is only looked for need not."""
    with pytest.raises(SettingsError, match="no such file"):
        load_config({CONFIG_VARIABLE: str(tmp_path / "none.yaml")})


def test_config_token_readable_by_others_is_refused(tmp_path: Path) -> None:
    """A token in a file that everybody can read is none."""
    with pytest.raises(SettingsError, match="chmod 600"):
        load_config(written(tmp_path, "admin_token: secret\n", 0o644))
    assert load_config(written(tmp_path, "targets: [a]\n", 0o644)).settings.targets == ("a",)


@pytest.mark.parametrize("token", ["0123", "1e5", "1_000", "0x1F", "2026-11-26", "~x", "'a b'"])
def test_config_token_is_what_is_written(tmp_path: Path, token: str) -> None:
    """What YAML takes for a number or a day is a text all the same."""
    environ = written(tmp_path, f"admin_token: {token}\n")
    assert load_config(environ).token() == token.strip("'")


def test_config_null_is_the_default(tmp_path: Path) -> None:
    """As where nothing is said; a mark of the byte order is none of the text."""
    known = load_config(written(tmp_path, "\ufefftargets: null\nnamespace:\n"))
    assert known.settings.targets == ("http://127.0.0.1:9090",)
    assert known.settings.namespace == ""


def test_config_variable_of_no_service_is_refused(tmp_path: Path) -> None:
    """Commands would say that all of none are well; one that is empty is as one that is unset."""
    with pytest.raises(SettingsError, match="KYSIRACTL_TARGETS: must name a service"):
        load_config({**written(tmp_path, ""), "KYSIRACTL_TARGETS": " , "})
    environ = {**written(tmp_path, ""), "KYSIRACTL_TARGETS": ""}
    assert load_config(environ).settings.targets == ("http://127.0.0.1:9090",)
