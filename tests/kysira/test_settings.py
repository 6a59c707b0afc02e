"""Settings are read from the environment and from options, and wrong ones are named."""

from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from kysira import __version__
from kysira.errors import SettingsError
from kysira.settings import (
    Device,
    EngineSettings,
    GuardSettings,
    LogFormat,
    OnFailure,
    OnOversize,
    ServiceSettings,
    admin_token,
    load,
    port,
    setting,
    state_folder,
)
from kysira.types import Mode


@dataclass(frozen=True, kw_only=True)
class AllSettings(ServiceSettings, GuardSettings, EngineSettings):
    """Every setting there is."""

    http_port: int = setting(8080, "Port with 100% of the traffic.", read=port)


def read(*argv: str, **environ: str) -> AllSettings:
    return load(AllSettings, "kysira-test", argv=argv, environ=environ)


def test_defaults_are_documented_ones() -> None:
    """With nothing set the values are those of the deployment guide."""
    settings = read()
    assert (settings.mode, settings.score_threshold) == (Mode.SHADOW, 0.95)
    assert (settings.bind, settings.timeout_ms) == ("127.0.0.1", 300)
    assert (settings.max_body_bytes, settings.on_oversize) == (131072, OnOversize.PARTIAL)
    assert (settings.on_failure, settings.device) == (OnFailure.OPEN, Device.CPU)
    assert settings.inference_url == ""
    assert settings.data_dir is None


def test_option_overrides_environment() -> None:
    """An option wins over its variable, which wins over the default."""
    assert read(KYSIRA_MODE="active").mode is Mode.ACTIVE
    assert read("--mode", "shadow", KYSIRA_MODE="active").mode is Mode.SHADOW
    assert read("--mode=active").mode is Mode.ACTIVE


def test_empty_variable_is_unset() -> None:
    """An empty variable, as compose files make them, means the default."""
    assert read(KYSIRA_MODE="", KYSIRA_DATA_DIR="").mode is Mode.SHADOW


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("mode", "ACTIVE", Mode.ACTIVE),
        ("log_format", "json", LogFormat.JSON),
        ("on_oversize", "block", OnOversize.BLOCK),
        ("data_dir", "/srv/state", Path("/srv/state")),
        ("http_port", "0", 0),
        ("score_threshold", "0.5", 0.5),
        ("disabled_detectors", " xss, ,crlf ", ("xss", "crlf")),
        ("inference_url", "http://scorer:8081/", "http://scorer:8081"),
    ],
)
def test_text_becomes_value(name: str, text: str, value: object) -> None:
    """Each kind of setting has its own reading, the same from a variable and an option."""
    option = "--" + name.replace("_", "-")
    assert getattr(read(**{f"KYSIRA_{name.upper()}": text}), name) == value
    assert getattr(read(option, text), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("KYSIRA_MODE", "off"),
        ("KYSIRA_HTTP_PORT", "65536"),
        ("KYSIRA_HTTP_PORT", "-1"),
        ("KYSIRA_HTTP_PORT", "80.5"),
        ("KYSIRA_TIMEOUT_MS", "0"),
        ("KYSIRA_SCORE_THRESHOLD", "1.01"),
        ("KYSIRA_SCORE_THRESHOLD", "nan"),
        ("KYSIRA_SCORE_THRESHOLD", "high"),
        ("KYSIRA_INFERENCE_URL", "localhost:8081"),
        ("KYSIRA_INFERENCE_URL", "http://[::1"),
        ("KYSIRA_INFERENCE_URL", "http://host:port"),
        ("KYSIRA_INFERENCE_URL", "http://"),
        ("KYSIRA_DEVICE", "tpu"),
    ],
)
def test_wrong_value_is_named(variable: str, text: str) -> None:
    """A value that can't be used ends with one line that names the variable or the option."""
    with pytest.raises(SettingsError, match=f"^{variable}: ") as by_variable:
        read(**{variable: text})
    assert "\n" not in str(by_variable.value)
    option = "--" + variable.removeprefix("KYSIRA_").lower().replace("_", "-")
    with pytest.raises(SettingsError, match=f"^{option}: "):
        read(f"{option}={text}")


def test_unknown_option_is_named() -> None:
    """An option that does not exist is an error that points to --help."""
    with pytest.raises(SettingsError, match=r"--speed.*see kysira-test --help"):
        read("--speed", "9")


def test_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """--help names every option, its variable and its default."""
    with pytest.raises(SystemExit) as ended:
        read("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    for field in fields(AllSettings):
        assert "--" + field.name.replace("_", "-") in shown
        assert f"[KYSIRA_{field.name.upper()}" in shown
    assert "[KYSIRA_HTTP_PORT, default 8080]" in shown
    assert "100% of the traffic" in shown


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the program and its version."""
    with pytest.raises(SystemExit):
        read("--version")
    assert capsys.readouterr().out == f"kysira-test {__version__}\n"


def test_token_file_beats_variable(tmp_path: Path) -> None:
    """The token comes from the file when one is set, without white space around it."""
    path = tmp_path / "token"
    path.write_text(" s3cret\n")
    assert admin_token(path, {"KYSIRA_ADMIN_TOKEN": "other"}) == "s3cret"
    assert admin_token(None, {"KYSIRA_ADMIN_TOKEN": " other "}) == "other"
    assert admin_token(None, {}) == ""


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_unusable_token_file_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """A token file that is missing, empty or no text never means "no token"."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=str(path)):
        admin_token(path, {})


def test_state_folder_is_per_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two services never share state; without a setting it is the user's state folder."""
    assert state_folder(tmp_path, "ext-proc", 50051) == tmp_path / "ext-proc-50051"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_folder(None, "proxy", 8080) == tmp_path / "xdg" / "kysira" / "proxy-8080"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder(None, "p", 1) == tmp_path / ".local" / "state" / "kysira" / "p-1"


def test_nearly_a_setting_is_remarked(capsys: pytest.CaptureFixture[str]) -> None:
    """KYSIRA_MOD=active would otherwise leave the firewall in shadow without a word."""
    load(GuardSettings, "prog", argv=[], environ={"KYSIRA_MODES": "active", "KYSIRA_OTHER": "1"})
    assert capsys.readouterr().err == "prog: KYSIRA_MODES is no setting; is it KYSIRA_MODE?\n"
