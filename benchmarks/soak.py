"""Whether kysira-proxy stays as it is: full load for minutes while readers of events come and go.

The proxy runs as it is installed, with models and the file sink, in front of an nginx that answers
200. Everything is on this machine, bounded in time and count, and ended at the end.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import metrics
from benchmarks.load import RUNS, Load, find_wrk, load
from benchmarks.machine import header
from benchmarks.nginx import version
from benchmarks.readers import Crowd
from benchmarks.soak_proxy import PREFIX, Proxy, start_proxy
from benchmarks.soak_report import Sample, Soak, faults, line, report
from kysira.errors import KysiraError
from kysira.serving import new_event_loop

CONNECTIONS = 32
MAX_MINUTES = RUNS - 1
MAX_READERS = 4000
_SAMPLE_S = 10.0
_PART_S = 60
"""How long one run of wrk is: its values come from a supply of their own, which must last."""
_WARM_UP_S = 2
_FILES = 8192


def main() -> int:
    """Soak, print what was found and return 1 when requests failed or something leaked."""
    options = _parser().parse_args()
    try:
        find_wrk()
        _allow_files()
        print(f"{header()}, nginx {version()}", flush=True)
        with ExitStack() as programs:
            folder = Path(programs.enter_context(tempfile.TemporaryDirectory()))
            proxy = start_proxy(programs, folder, has_models=not options.no_models)
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                soak = runner.run(_soak(proxy, options.minutes, options.readers))
    except (KysiraError, OSError) as error:
        print(f"benchmarks.soak: {error}", file=sys.stderr)
        return 1
    print("\n" + report(soak))
    found = faults(soak)
    for fault in found:
        print(f"benchmarks.soak: {fault}", file=sys.stderr)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=int, default=10, choices=range(1, MAX_MINUTES + 1), metavar="N",
        help="of load (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--readers", type=int, default=1000, choices=range(1, MAX_READERS + 1), metavar="N",
        help="of /api/events at a time (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--no-models", action="store_true", help="score by rules alone")
    return parser


def _allow_files() -> None:
    """Let this process and its children have a socket for each reader."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _soak(proxy: Proxy, minutes: int, readers: int) -> Soak:
    await _load(proxy, MAX_MINUTES, _WARM_UP_S)  # what is opened once stays open, and is no leak
    before = await proxy.settled_descriptors()
    crowd = Crowd(proxy.address, readers)
    samples: list[Sample] = []
    started = time.monotonic()
    background = [
        asyncio.create_task(crowd.run()),
        asyncio.create_task(_sample(proxy, started, samples)),
    ]
    try:
        loads = [await _load(proxy, number, _PART_S) for number in range(minutes)]
        samples.append(await _sampled(proxy, started))
    finally:
        for task in background:
            task.cancel()
        ended = await asyncio.gather(*background, return_exceptions=True)
    for error in ended:
        if error and not isinstance(error, asyncio.CancelledError):
            raise error
    after = await proxy.settled_descriptors()
    text = proxy.metrics()
    return Soak(
        samples=samples,
        loads=loads,
        visits=crowd.visits,
        cut_off=metrics.total(text, f"{PREFIX}_event_readers_dropped_total"),
        counts=metrics.counts(text, PREFIX),
        events=metrics.total(text, f"{PREFIX}_events_total"),
        descriptors_before=before,
        descriptors_after=after,
    )


async def _load(proxy: Proxy, number: int, seconds: int) -> Load:
    return await asyncio.to_thread(
        load, proxy.url, number, connections=CONNECTIONS, seconds=seconds
    )


async def _sample(proxy: Proxy, started: float, samples: list[Sample]) -> None:
    """Look every ten seconds, until cancelled."""
    while True:
        await asyncio.sleep(_SAMPLE_S - (time.monotonic() - started) % _SAMPLE_S)
        try:
            sample = await _sampled(proxy, started)
        except OSError as error:
            print(f"no answer from {proxy.url}/metrics: {error}", flush=True)
            continue
        samples.append(sample)
        print(line(sample), flush=True)


async def _sampled(proxy: Proxy, started: float) -> Sample:
    return await asyncio.to_thread(proxy.sample, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
