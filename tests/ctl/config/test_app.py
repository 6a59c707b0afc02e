"""kysiractl config: what is set, and what said so."""

import json
import re
from pathlib import Path

from tests.processes import kysiractl


def environment(folder: Path, text: str | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a user with this configuration file."""
    place = folder / "kysira" / "kysiractl.yaml"
    if text is not None:
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        place.chmod(0o600)
    return {"XDG_CONFIG_HOME": str(folder), **more}


def test_view_shows_origins(tmp_path: Path) -> None:
    """Of each value whether the file, a variable or nobody said it."""
    env = environment(tmp_path, "targets: [a:1, b:2]\n", KYSIRACTL_TIMEOUT="1s")
    done = kysiractl("config", "view", "--show-origin", env=env)
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["KEY"] == ["VALUE", "ORIGIN"]
    assert rows["targets"] == ["a:1,b:2", "file", f"{tmp_path}/kysira/kysiractl.yaml"]
    assert rows["timeout"] == ["1s", "environment", "KYSIRACTL_TIMEOUT"]
    assert rows["namespace"] == ["-", "default"]
    assert done.returncode == 0
    assert done.stderr == f"kysiractl: the file is {tmp_path}/kysira/kysiractl.yaml\n"


def test_view_never_shows_the_token(tmp_path: Path) -> None:
    """Only that there is one, wherever it was said, in both forms."""
    places = (
        environment(tmp_path, "admin_token: hush-hush\n"),
        environment(tmp_path / "none", KYSIRA_ADMIN_TOKEN="hush-hush"),
    )
    for env in places:
        for form in ("table", "json"):
            done = kysiractl("config", "view", "--show-origin", "-o", form, env=env)
            assert done.returncode == 0
            assert "hush" not in done.stdout + done.stderr
            assert re.search(r"admin_token\W.*\bset\b", done.stdout, re.DOTALL)


def test_view_json_has_all(tmp_path: Path) -> None:
    """File, and each setting with value and origin."""
    done = kysiractl("config", "view", "-o", "json", env=environment(tmp_path))
    found = json.loads(done.stdout)
    assert found["file"] == {"path": f"{tmp_path}/kysira/kysiractl.yaml", "exists": False}
    assert found["settings"]["targets"] == {
        "value": ["http://127.0.0.1:9090"], "origin": "default",
    }  # fmt: skip
    assert found["settings"]["admin_token"]["value"] == ""


def test_view_of_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    """One line, exit 2."""
    done = kysiractl("config", "view", env=environment(tmp_path, "target: a\n"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "is it targets?" in done.stderr


def test_path_is_where_the_file_is_looked_for(tmp_path: Path) -> None:
    """Also when it is not there, or broken."""
    env = environment(tmp_path, "][")
    assert kysiractl("config", "path", env=env).stdout == f"{tmp_path}/kysira/kysiractl.yaml\n"
    env["KYSIRACTL_CONFIG"] = "/elsewhere.yaml"
    assert kysiractl("config", "path", env=env).stdout == "/elsewhere.yaml\n"
