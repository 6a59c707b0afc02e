"""The order of time, as far as events come in time."""

from ctl.events.order import TimeOrder
from ctl.events.record import record
from tests.ctl.events.made import at


def put(order: TimeOrder, *seconds: int) -> None:
    """Put events of these seconds."""
    for second in seconds:
        event = record(at(second))
        assert event
        order.put(event)


def test_order_is_by_time_within_the_hold() -> None:
    """An earlier event of another service, come a little later, is told first."""
    now = [0.0]
    order = TimeOrder(0.3, lambda: now[0])
    put(order, 3)
    now[0] = 0.2
    put(order, 2, 5)
    assert list(order.due()) == []
    now[0] = 0.5
    assert [event.id[:4] for event in order.due()] == ["0002", "0003", "0005"]
    assert len(order) == 0


def test_order_of_a_late_event_holds_none_back_for_ever() -> None:
    """One that comes too late is told late; the rest at the end comes out by time."""
    now = [0.0]
    order = TimeOrder(0.3, lambda: now[0])
    put(order, 5)
    now[0] = 1.0
    assert len(list(order.due())) == 1
    put(order, 4, 1)
    assert [event.id[:4] for event in order.rest()] == ["0001", "0004"]


def test_order_of_equal_times_is_as_they_came() -> None:
    """Events of one millisecond keep the order that their service gave them."""
    order = TimeOrder(0)
    for number in range(3):
        event = record(at(1, number))
        assert event
        order.put(event)
    assert [event.id[-1] for event in order.due()] == ["0", "1", "2"]
