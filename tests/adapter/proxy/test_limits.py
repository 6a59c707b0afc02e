"""The bounds fit each other."""

from adapter.proxy.limits import Limits


def test_limits_fit_each_other() -> None:
    """A stream is scored before its silence is an error, and no connection outlives the app's."""
    limits = Limits()
    assert limits.silence_s < limits.body_s < limits.answer_s
    assert limits.idle_s < limits.keep_alive_s
    assert limits.drain_s < 30  # what Kubernetes allows
