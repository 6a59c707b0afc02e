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
    url,
)
from kysira.types import Mode


@dataclass(frozen=True, kw_only=True)
class AllSettings(ServiceSettings, GuardSettings, EngineSettings):
    """Every setting there is."""

    http_port: int = setting(8080, "Port with 100% of the traffic.", read=port)
    target_url: str = setting("", "Where the app is.", read=url, also="TARGET_URL")
    is_lenient: bool = setting(False, "Whether to be lenient.")


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


@pytest.mark.parametrize(
    "text",
    [
        "kysira:s3cret@host:8081",
        "ftp://kysira:s3cret@host",
        "https:/kysira:s3cret@host",
        "host/services/s3cret",
        "http://kysira:a/s3cret@host",
        "http://kysira:s3cret@[::1",
        "http://host:s3cret",
        "http://kysira:s3cret@host\u200b",
        "http://host/?key=s3cret",
        "http://host/#s3cret",
    ],
)
def test_wrong_url_is_not_quoted(text: str) -> None:
    """An error ends in a log, and a URL may hold a password or a key."""
    with pytest.raises(SettingsError, match=r"^KYSIRA_INFERENCE_URL: ") as raised:
        read(KYSIRA_INFERENCE_URL=text)
    assert "s3cret" not in str(raised.value)


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


def test_second_name_counts_after_the_first() -> None:
    """A variable that a user knows from elsewhere is read too, unless ours is set."""
    assert read(TARGET_URL="http://a").target_url == "http://a"
    assert read(TARGET_URL="http://a", KYSIRA_TARGET_URL="").target_url == "http://a"
    both = read(TARGET_URL="http://a", KYSIRA_TARGET_URL="http://b")
    assert both.target_url == "http://b"
    with pytest.raises(SettingsError, match=r"^TARGET_URL: "):
        read(TARGET_URL="ftp://a")


def test_both_names_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """--help names the second one, and the default of a switch as it is written."""
    with pytest.raises(SystemExit):
        read("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "[KYSIRA_TARGET_URL or TARGET_URL]" in text
    assert "[KYSIRA_IS_LENIENT, default false]" in text


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("YES", True), ("false", False), ("0", False)]
)
def test_switch_is_read(text: str, value: bool) -> None:
    """Yes and no, in the words that people use in an environment."""
    assert read(KYSIRA_IS_LENIENT=text).is_lenient is value


def test_unclear_switch_is_named() -> None:
    """Anything else is neither."""
    with pytest.raises(SettingsError, match="KYSIRA_IS_LENIENT: 'maybe' must be true or false"):
        read(KYSIRA_IS_LENIENT="maybe")


def test_trusted_proxies_are_networks() -> None:
    """Addresses and networks; a wrong one is named."""
    networks = read(KYSIRA_TRUSTED_PROXIES="10.0.0.0/8,::1").trusted_proxies
    assert [str(network) for network in networks] == ["10.0.0.0/8", "::1/128"]
    with pytest.raises(SettingsError, match="'lb' is no address or network"):
        read("--trusted-proxies", "lb")


def test_help_begins_with_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A service's own settings come first, then the others in groups; choices are shown."""
    with pytest.raises(SystemExit):
        read("--help")
    text = capsys.readouterr().out
    titles = ["Its own:", "What every service has:", "What every front-end needs to decide:"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert "--mode shadow|active" in text
    assert "--is-lenient true|false" in text


def test_option_is_never_abbreviated() -> None:
    """A part of an option is no option: a secret meant for another must not be taken for it."""
    for argv in (("--admin-token", "s3cret"), ("--admin-token=s3cret",)):
        with pytest.raises(
            SettingsError, match=r"^there is no option --admin-token \(see"
        ) as raised:
            read(*argv)
        assert "s3cret" not in str(raised.value)


def test_given_settings_are_known() -> None:
    """What was said is told apart from what is so by default, even where it is the same."""
    assert read().given == frozenset()
    assert read("--mode", "shadow", KYSIRA_BIND="::1").given == {"mode", "bind"}
    assert AllSettings().given == frozenset()
    assert "given" not in {field.name for field in fields(AllSettings)}


def test_policy_file_is_a_setting() -> None:
    """KYSIRA_POLICY and --policy name it."""
    assert read().policy is None
    assert read(KYSIRA_POLICY="/etc/kysira.yaml").policy == Path("/etc/kysira.yaml")
    assert read("--policy", "kysira.yaml").policy == Path("kysira.yaml")
