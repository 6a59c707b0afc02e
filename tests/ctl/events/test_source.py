"""What is said of services that may have seen more than they told."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from threading import Event, Thread

import pytest

from kysira.events.log import REMEMBERED
from tests.ctl.command import Outcome, run
from tests.ctl.events.made import row
from tests.ctl.events.service import services

Ask = Callable[..., Outcome]


@pytest.fixture(scope="module")
def names() -> Iterator[list[str]]:
    """Run four services with full memories and one without; yield their names, that one last."""
    found: list[str] = []
    is_up, is_over = Event(), Event()

    async def serve() -> None:
        async with AsyncExitStack() as held:
            for number, each in enumerate(await held.enter_async_context(services(5))):
                told = REMEMBERED if number < 4 else 3
                each.events = [row(id=f"{number}-{n}", host=f"h{n % 7}") for n in range(told)]
                found.append(each.name)
            is_up.set()
            await asyncio.to_thread(is_over.wait)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    is_up.wait(60)
    yield found
    is_over.set()
    thread.join()


def asked(command: str, names: list[str], *more: str) -> Outcome:
    """Return what a command says of services."""
    targets = [word for name in names for word in ("--target", name)]
    return run("events", command, *targets, *more)


@pytest.mark.parametrize(("command", "more"), [("export", []), ("search", ["--limit", "0"])])
def test_full_memory_is_told(names: list[str], command: str, more: list[str]) -> None:
    """With how far back it goes, and where the rest is; it is no failure."""
    outcome = asked(command, names[:1], *more)
    assert outcome.code == 0
    assert outcome.err == (
        f"kysiractl: {names[0]} remembers 500 events, back to 2026-11-26T01:00:00Z; for all of "
        "them: --from its folder (KYSIRA_DATA_DIR)\n"
    ) or "back to 01:00:00Z; for all" in outcome.err  # fmt: skip


def test_full_memories_of_many_are_one_line(names: list[str]) -> None:
    """A fleet of a hundred would else be a hundred lines; who has told all is not meant."""
    err = asked("export", names).err
    assert "4 services remember 500 events each" in err
    assert err.count("\n") == 1
    err = asked("top", names[3:]).err
    assert err.startswith(f"kysiractl: {names[3]} remembers")


@pytest.mark.parametrize(
    "more", [["--since", "2026-11-26T01:00:00Z"], ["--since", "2026-11-27"], ["--id", "0-3"]]
)
def test_full_memory_that_holds_all_is_not_told(names: list[str], more: list[str]) -> None:
    """When it goes back as far as was asked, or what was asked for was found."""
    assert "remembers" not in asked("export", names[:1], *more).err
    assert asked("export", names[4:]).err == ""
    assert "remembers" in asked("export", names[:1], "--id", "gone").err


def test_newest_need_no_more_memory(names: list[str]) -> None:
    """The newest hundred are there, whatever was before; it is said how far ``all`` goes."""
    err = asked("search", names[:1]).err
    assert "--limit 0 shows all that is remembered" in err
    assert "KYSIRA_DATA_DIR" not in err
