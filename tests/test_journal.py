"""lab/journal.py: what a run spent its time on."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.journal import Entry, Journal


def journal(*times: tuple[float, float]) -> Journal:
    """A journal with a program for each pair of begin and end."""
    return Journal([Entry("program", "make", begin, end) for begin, end in times])


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([], 0),
        ([(2, 5)], 3),
        ([(2, 5), (7, 8)], 4),
        ([(2, 5), (5, 8)], 6),
        ([(2, 6), (4, 8)], 6),
        ([(2, 8), (4, 5)], 6),
        ([(4, 5), (2, 8)], 6),
        ([(2, 4), (2, 8), (3, 5)], 6),
        ([(-5, 3)], 3),
        ([(8, 50)], 2),
        ([(-5, 50)], 10),
        ([(-5, -1), (11, 50)], 0),
    ],
)
def test_time_that_is_covered_twice_counts_once_and_none_outside(
    times: list[tuple[float, float]], seconds: float
) -> None:
    assert journal(*times).covered(0, 10) == seconds


SECONDS = st.integers(-20, 40)
TIMES = st.tuples(SECONDS, SECONDS).map(lambda ends: (min(ends), max(ends)))


@given(st.lists(TIMES, max_size=12), TIMES)
def test_covered_is_the_number_of_seconds_in_which_something_went_on(
    times: list[tuple[int, int]], run: tuple[int, int]
) -> None:
    expected = sum(any(begin <= second < end for begin, end in times) for second in range(*run))
    assert journal(*times).covered(*run) == expected


def test_a_block_is_entered_with_its_begin_and_its_end() -> None:
    written = Journal()
    with written.entry("wait", "the node is Ready"):
        pass
    [entry] = written.entries
    assert (entry.kind, entry.what) == ("wait", "the node is Ready")
    assert 0 <= entry.seconds == entry.end - entry.begin


def test_a_block_that_raises_is_entered_too() -> None:
    written = Journal()
    with pytest.raises(KeyboardInterrupt), written.entry("program", "make"):
        raise KeyboardInterrupt
    assert len(written.entries) == 1


def test_the_slowest_of_a_kind_come_longest_first() -> None:
    waits = [Entry("wait", str(seconds), 0, seconds) for seconds in (3, 9, 1, 7)]
    written = Journal([*waits, Entry("program", "make", 0, 100)])
    assert [entry.what for entry in written.slowest("wait", 3)] == ["9", "7", "3"]


def test_threads_at_work_beside_each_other_each_note_their_layer() -> None:
    one, both = Journal(), threading.Barrier(2, timeout=10)

    def at_work(layer: str) -> None:
        with one.of_layer(layer):
            both.wait()
            with one.entry("program", layer):
                both.wait()

    threads = [threading.Thread(target=at_work, args=(layer,)) for layer in ("lamp", "shade")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((entry.what, entry.layer) for entry in one.entries) == [("lamp", "lamp"), ("shade", "shade")]


def test_a_layer_s_name_ends_with_its_block() -> None:
    one = Journal()
    with pytest.raises(ZeroDivisionError), one.of_layer("lamp"):
        raise ZeroDivisionError
    with one.entry("wait", "light"):
        pass
    assert one.entries[0].layer == ""
