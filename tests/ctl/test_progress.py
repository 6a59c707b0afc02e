"""Progress is told, and how fast it goes."""

import io

from ctl.progress import Progress
from ctl.replay.run import speed


def test_terminal_line_is_rewritten() -> None:
    """Twice a second; at the end it is gone."""
    now, stream = [0.0], io.StringIO()
    progress = Progress(stream, speed, is_live=True, clock=lambda: now[0])
    for _ in range(10):
        now[0] += 0.25
        progress.step()
    assert stream.getvalue().count("\r\x1b[K") == 5
    assert stream.getvalue().endswith("10 requests in 2.5 s, 4 a second")
    progress.close()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_pipe_gets_a_line_now_and_then() -> None:
    """Every 15 seconds, and no control characters."""
    now, stream = [0.0], io.StringIO()
    progress = Progress(stream, speed, clock=lambda: now[0])
    for _ in range(40):
        now[0] += 1
        progress.step()
    progress.close()
    assert stream.getvalue() == (
        "15 requests in 15.0 s, 1 a second\n30 requests in 30.0 s, 1 a second\n"
    )
    Progress(None, speed).close()
