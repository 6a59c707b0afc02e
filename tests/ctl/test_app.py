"""The command line as a whole: what holds for every command of it."""

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctl.app import COMMANDS
from ctl.events.writers import COLUMNS
from ctl.exits import Exit
from ctl.lazy import loaded
from kysira import __version__
from tests.ctl.command import run
from tests.needs import need
from tests.processes import kysiractl

ROOT = Path(__file__).parents[2]
HELP_CPU_S = 0.35
PANELS = {
    "Set up": {"up", "render"},
    "Run": {"mode", "status", "events", "doctor"},
    "Understand": {"score", "policy", "exclude", "replay", "bench"},
    "Other": {"version", "config"},
}


def every_command() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command and group with the words that it is called by."""
    waiting = [((entry.name,), loaded(entry)) for entry in COMMANDS]
    while waiting:
        words, command = waiting.pop(0)
        yield words, command
        inner = getattr(command, "commands", {})
        waiting += [((*words, name), each) for name, each in inner.items()]


EVERY = dict(every_command())
LEAVES = {words: each for words, each in EVERY.items() if not hasattr(each, "commands")}


def words_of(words: tuple[str, ...]) -> str:
    """Return how a test of this command is called."""
    return " ".join(words)


def test_version_is_printed() -> None:
    """--version is one line; the command has more."""
    outcome = run("--version")
    assert (outcome.code, outcome.out) == (0, f"kysiractl {__version__}\n")


def test_commands_are_in_their_panels() -> None:
    """In the groups that people look for them in, and each once."""
    assert len({entry.name for entry in COMMANDS}) == len(COMMANDS)
    for entry in COMMANDS:
        assert entry.name in PANELS[entry.panel], entry
    order = list(PANELS)
    out = run("--help").out
    assert sorted(order, key=lambda panel: out.index(f"─ {panel} ─")) == order


def test_page_documents_what_there_is() -> None:
    """docs/kysiractl.md has every command, exit code, option of events and column of CSV."""
    page = (ROOT / "docs" / "kysiractl.md").read_text()
    for words in EVERY:
        if words[0] not in ("render", "bench", "policy"):  # these have pages of their own
            assert re.search(rf"`(kysiractl )?({words[0]} )?{words[-1]}\b", page), words
    for code in Exit:
        assert f"| {code.value} |" in page
    for option in EVERY["events", "tail"].params:
        assert f"`{option.opts[0]}`" in page, option.opts
    assert re.findall(r"`(\w+)`", page.partition("will come at the end:")[2])[: len(COLUMNS)] == [
        *COLUMNS
    ]


@pytest.mark.parametrize("words", EVERY, ids=words_of)
def test_command_explains_itself(words: tuple[str, ...]) -> None:
    """Every command and every option of it has its sentence."""
    command = EVERY[words]
    assert (command.help or "").strip().endswith((".", ":")), words
    for parameter in command.params:
        text = getattr(parameter, "help", None) or ""
        assert len(text) > 3, f"{words} {parameter.opts} has no help"


@pytest.mark.parametrize("words", [(), *EVERY], ids=words_of)
def test_help_tells_exit_codes(words: tuple[str, ...]) -> None:
    """Every help ends with what the exit codes mean."""
    outcome = run(*words, "--help")
    text = " ".join(outcome.out.split())
    assert (outcome.code, outcome.err) == (0, "")
    assert "0 ok, 1 findings, 2 wrong usage, 3 something is unreachable" in text
    assert "4 invalid configuration" in text


@pytest.mark.parametrize("words", LEAVES, ids=words_of)
def test_bad_input_is_no_traceback(words: tuple[str, ...]) -> None:
    """An option that there is not, a value that is none, too many words: usage, and one box."""
    tried = [["--no-such-option"], ["-o", "\x1b[2J\udcff"], ["\x1b[2Jb\udcff"] * 9]
    numbers = re.findall(r"(--[a-z-]+)\s+<(?:int|float)", run(*words, "--help").out)
    tried += [[option, "\x1b[2J\udcff"] for option in numbers]
    for arguments in tried:
        outcome = run(*words, *arguments)
        assert outcome.code == 2, (arguments, outcome)
        assert outcome.out == ""
        assert outcome.err
        assert "Traceback" not in outcome.err
        assert "\x1b" not in outcome.err, arguments


@pytest.mark.parametrize("argument", ["rendre", "evnets"])
def test_typing_error_is_usage(argument: str) -> None:
    """Exit 2, and the nearest command."""
    outcome = run(argument)
    assert outcome.code == 2
    assert "Did you mean" in outcome.err


def test_help_imports_nothing_slow() -> None:
    """Help comes at once: no command is imported for it, nor anything that one needs."""
    code = (
        "import sys\nfrom ctl.program import run\nrun(['--help'])\n"
        "slow = ('envoy_data_plane', 'aiohttp', 'grpc', 'uvloop', 'inference', 'pydantic', "
        "'prometheus_client', 'jinja2', 'ruamel', 'asyncio', 'ctl.events', 'ctl.mode')\n"
        "print('slow:', *[m for m in slow if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "slow:"


def test_help_is_quick() -> None:
    """The best of a few runs takes little CPU, whatever else the machine does."""
    taken = []
    for _ in range(5):
        before = os.times()
        kysiractl("--help")
        after = os.times()
        taken.append(
            after.children_user + after.children_system
            - before.children_user - before.children_system
        )  # fmt: skip
    assert min(taken) < HELP_CPU_S, taken


def on_terminal(*arguments: str, **env: str) -> tuple[int, str]:
    """Return exit code and output of kysiractl on a terminal of its own."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "ctl", *arguments], stdin=subprocess.DEVNULL, stdout=theirs,
        stderr=theirs, env={**clean, "COLUMNS": "100", **env}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    read = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while True:
            try:
                piece = terminal.read(4096)
            except OSError:  # EIO: how Linux says that a terminal's other end is closed
                break
            if not piece:
                break
            read += piece
    return program.wait(60), read.decode()


SHOWN = (
    ["--help"], ["events", "search", "--help"], ["nonsense"], ["config", "view"],
    ["score", "GET /x?q=' UNION SELECT a FROM b--", "--no-models"],
    ["status", "-t", "127.0.0.1:1"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", SHOWN, ids=words_of)
def test_plain_terminal_gets_no_escapes(arguments: list[str]) -> None:
    """NO_COLOR, and a terminal that can do nothing: not one escape code, bold neither."""
    coloured = on_terminal(*arguments, TERM="xterm-256color")
    assert "\x1b[" in coloured[1]
    for env in ({"TERM": "xterm-256color", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, text = on_terminal(*arguments, **env)
        assert "\x1b" not in text, env
        assert code == coloured[0]


@pytest.mark.parametrize("arguments", SHOWN, ids=words_of)
def test_pipe_gets_no_escapes(arguments: list[str]) -> None:
    """Another program reads plain text."""
    done = kysiractl(*arguments, env={"TERM": "xterm-256color"})
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_for_shells(shell: str) -> None:
    """What --install-completion installs for each."""
    done = kysiractl(env={"_KYSIRACTL_COMPLETE": f"source_{shell}"})
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_KYSIRACTL_COMPLETE=complete_{shell}" in done.stdout


COMPLETED = {
    "kysiractl ev": "events",
    "kysiractl events search --act": "--action",
    "kysiractl events search --action k": "killed",
    "kysiractl events tail --detector ss": "ssrf ssti",
    "kysiractl events export --front-end e": "ext-proc",
    "kysiractl events search --output ": "table json csv",
    "kysiractl mode a": "active",
    "kysiractl render ng": "nginx",
}


def test_completion_completes_in_bash(tmp_path: Path) -> None:
    """A real bash offers commands, options, and the words that an option takes."""
    bash = shutil.which("bash")
    need(bash, "bash is needed")
    program = tmp_path / "kysiractl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ctl "$@"\n')
    program.chmod(0o755)
    script = [
        f'PATH="{tmp_path}:$PATH"',
        'eval "$(kysiractl --show-completion)"',
        "complete -p kysiractl",
        *(
            f"COMP_WORDS=({line if line[-1] != ' ' else line + repr('')}); COMPREPLY=(); "
            "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
            '_kysiractl_completion kysiractl; echo "${COMPREPLY[@]}"'
            for line in COMPLETED
        ),
    ]
    done = subprocess.run(
        [str(bash), "--norc", "-c", "\n".join(script)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    registered, *offered = done.stdout.splitlines()
    assert registered.endswith("-F _kysiractl_completion kysiractl"), done.stderr
    assert dict(zip(COMPLETED, offered, strict=True)) == COMPLETED
