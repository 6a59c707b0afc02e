"""How the parts that ``up`` runs are started; ``tests/ctl/test_up.py`` has what a user sees."""

import signal
import sys
from pathlib import Path

import ctl
from tests.ctl.test_up import ANY_PORTS, Up, curl, up
from tests.processes import Program


def test_folder_of_the_same_name_is_not_meant(tmp_path: Path) -> None:
    """Where the user stands has no say in which code runs."""
    for name in ("extproc", "inference"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')\n")
    there = ["sh", "-c", 'cd "$0" && exec "$@"', str(tmp_path)]
    env = {"PYTHONPATH": str(Path(ctl.__file__).parents[1])}
    command = [*there, sys.executable, "-P", "-m", "ctl", "up", *ANY_PORTS]
    with Program(command, env=env) as it:
        running = Up(it)
        assert curl(running.commands()[0]).status == 200


def test_state_is_kept_on_request(tmp_path: Path) -> None:
    """A trial forgets its mode flips; with KYSIRA_DATA_DIR they are there the next time."""
    for env, mode in (({}, "shadow"), ({"KYSIRA_DATA_DIR": str(tmp_path)}, "active")):
        # The state belongs to a port, so the second run must have the first one's.
        with up(env=env) as running:
            port = running.ext_proc_port
            assert curl(running.commands()[2]).body == '{"mode": "active"}'
            running.program.signal(signal.SIGINT)
            assert running.program.wait() == 0
        with up("--ext-proc-port", port, env=env) as running:
            assert f"  mode         {mode}: " in running.text


def test_line_for_machines_is_left_out() -> None:
    """What ext-proc says for us to read is not shown again."""
    with up() as running:
        ours = [line for line in running.program.output if "listening grpc=" in line]
    assert ours == []
