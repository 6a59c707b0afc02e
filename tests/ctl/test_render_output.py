"""Where rendered documents go."""

import json
from pathlib import Path

import pytest

from ctl.render_output import APPLY, Destination, Document, Format, as_text, parse, write
from tests.ctl.command import run

ONE = Document("one", "# says why\na: 1\n")
TWO = Document("below/two", "b: [x, y]\n")


def test_yaml_keeps_comments_and_parts_documents() -> None:
    """The text as it is, with a line between two documents."""
    assert as_text([ONE, TWO], Format.YAML) == "# says why\na: 1\n---\nb: [x, y]\n"


def test_json_of_one_is_the_object_of_several_a_list() -> None:
    """What kubectl takes: an object, or a List of them."""
    assert json.loads(as_text([ONE], Format.JSON)) == {"a": 1}
    assert json.loads(as_text([ONE, TWO], Format.JSON)) == {
        "apiVersion": "v1", "kind": "List", "items": [{"a": 1}, {"b": ["x", "y"]}],
    }  # fmt: skip


def test_parse_leaves_empty_documents_out() -> None:
    """A comment between two lines of dashes is no document."""
    assert parse("---\n# nothing\n---\na: 1\n") == [{"a": 1}]


@pytest.mark.parametrize("format_", Format)
def test_folder_gets_a_file_for_each(tmp_path: Path, format_: Format) -> None:
    """Each by its name, folders made as needed."""
    write([ONE, TWO], Destination(format_, folder=tmp_path / "new"))
    for document in (ONE, TWO):
        path = tmp_path / "new" / f"{document.name}.{format_}"
        assert path.read_text() == as_text([document], format_)


def test_file_gets_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file, and on stderr its name and what to do with it; nothing on stdout."""
    path = tmp_path / "all.yaml"
    write([ONE, TWO], Destination(file=path), hint="apply {path}")
    assert path.read_text() == as_text([ONE, TWO], Format.YAML)
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"kysiractl: wrote {path}; apply {path}\n")


def test_manifest_of_an_earlier_run_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the folder is applied whole: nothing is removed, and what would come along is named."""
    for name in ("old.yaml", "one.json", "notes.txt", "other.yml"):
        (tmp_path / name).write_text("{}\n")
    three = Document("three", "c: 1\n")
    write([ONE, three], Destination(folder=tmp_path), hint=APPLY)
    err = capsys.readouterr().err
    assert "old.yaml, one.json, other.yml" in err
    assert "notes.txt" not in err
    assert len(list(tmp_path.iterdir())) == 6
    write([ONE, three], Destination(folder=tmp_path), hint="start {path}")
    assert "old.yaml" not in capsys.readouterr().err


def test_hint_names_the_only_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Envoy can't check a folder, and kubectl then takes nothing else that lies there."""
    (tmp_path / "old.yaml").write_text("{}\n")
    write([ONE], Destination(folder=tmp_path), hint=APPLY)
    err = capsys.readouterr().err
    assert err.endswith(f"kubectl apply -f {tmp_path / 'one.yaml'}\n")
    assert "old.yaml" not in err


def test_json_of_envoy_is_the_same_configuration() -> None:
    """-o json holds what the YAML holds."""
    (value,) = parse(run("render", "envoy").out)
    assert json.loads(run("render", "envoy", "-o", "json").out) == value


def test_file_and_folder_are_usage(tmp_path: Path) -> None:
    """One place only."""
    given = ["--output", str(tmp_path / "a"), "--output-dir", str(tmp_path)]
    outcome = run("render", "envoy", *given)
    assert outcome.code == 2
    assert "--output-dir" in outcome.err


def test_unwritable_folder_is_told(tmp_path: Path) -> None:
    """Exit 4 and one line with the path."""
    (tmp_path / "file").write_text("")
    outcome = run("render", "envoy", "--output-dir", str(tmp_path / "file"))
    assert outcome.code == 4
    assert str(tmp_path / "file") in outcome.err


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (("envoy",), "envoy.yaml"),
        (("compose",), "docker-compose.yaml"),
        (("nginx",), "nginx.conf"),
        (("helm-values", "--no-envoy-filter"), "values.yaml"),
    ],
)
def test_file_of_somebody_else_stays(tmp_path: Path, target: tuple[str, ...], name: str) -> None:
    """A folder's files have names that nobody wrote down: exit 4, and nothing is written."""
    path = tmp_path / name
    path.write_text("# the shop's own\na: 1\n")
    outcome = run("render", *target, "--output-dir", str(tmp_path))
    assert outcome.code == 4
    assert f"{path} is there, and not of kysiractl" in outcome.err
    assert [each.read_text() for each in tmp_path.iterdir()] == ["# the shop's own\na: 1\n"]


def test_own_file_is_replaced(tmp_path: Path) -> None:
    """Rendered again, as JSON too, with names that say nothing of us."""
    for format_ in Format:
        given = ["--ext-proc", "a.b.svc:1", "--name", "c", "-o", format_]
        for size in ("1", "2"):
            outcome = run(
                "render", "contour", *given, "--max-body-bytes", size, "--output-dir", str(tmp_path)
            )
            assert outcome.code == 0, outcome.err
