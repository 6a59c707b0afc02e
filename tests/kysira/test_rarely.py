"""What happens often is logged seldom, and how often it happened is not lost."""

from kysira.rarely import Rarely


def test_rarely_is_due_once_a_period() -> None:
    """It is due at once, then not before a period is over."""
    now = [100.0]
    rarely = Rarely(60, clock=lambda: now[0])
    assert [rarely.is_due(), rarely.is_due()] == [True, False]
    now[0] += 59.9
    assert not rarely.is_due()
    now[0] += 0.1
    assert [rarely.is_due(), rarely.is_due()] == [True, False]


def test_rarely_counts_what_it_leaves_out() -> None:
    """Each line can say how many there were since the one before."""
    now = [0.0]
    rarely = Rarely(1, clock=lambda: now[0])
    said = []
    for now[0] in (0.0, 0.1, 0.2, 1.2, 2.2):
        if rarely.is_due():
            said.append(rarely.left_out)
    assert said == [0, 2, 0]
