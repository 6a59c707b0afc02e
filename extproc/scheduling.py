"""How the threads of gRPC share the processors with the thread that scores."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def patient_threads() -> Iterator[None]:
    """Have threads that start within push no running thread off its processor when they wake.

    gRPC's threads wake several times a request, for a few microseconds each: done when a processor
    is free or the scoring thread waits, their work comes in batches and costs half. That is what
    SCHED_BATCH is for (sched(7)); it needs no privilege, and is left alone where a thread has
    another policy than the default, or the system none of this kind.
    """
    is_changed = _change("SCHED_OTHER", "SCHED_BATCH")
    try:
        yield
    finally:
        if is_changed:
            _change("SCHED_BATCH", "SCHED_OTHER")


def _change(old: str, new: str) -> bool:
    """Return True when this thread had the old policy and has the new one now."""
    try:
        if os.sched_getscheduler(0) != getattr(os, old):
            return False
        os.sched_setscheduler(0, getattr(os, new), os.sched_param(0))
    except (AttributeError, OSError):  # not on this system; or a container forbids the call
        return False
    return True
