"""lab/run/journal.py: the time that programs and waits take."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.run.journal import Entry, Journal


def journal(*times: tuple[float, float]) -> Journal:
    """Return a journal with a program for each pair of begin and end."""
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
def test_overlapping_time_counts_once_and_only_inside_the_interval(
    times: list[tuple[float, float]], seconds: float
) -> None:
    assert journal(*times).busy_seconds(0, 10) == seconds


SECONDS = st.integers(-20, 40)
TIMES = st.tuples(SECONDS, SECONDS).map(lambda ends: (min(ends), max(ends)))


@given(st.lists(TIMES, max_size=12), TIMES)
def test_busy_seconds_are_those_that_any_entry_covers(times: list[tuple[int, int]], run: tuple[int, int]) -> None:
    expected = sum(any(begin <= second < end for begin, end in times) for second in range(*run))
    assert journal(*times).busy_seconds(*run) == expected


def test_block_is_recorded_with_its_begin_and_end() -> None:
    written = Journal()
    with written.record("wait", "the node to be Ready"):
        pass
    [entry] = written.entries
    assert (entry.kind, entry.text) == ("wait", "the node to be Ready")
    assert 0 <= entry.seconds == entry.end - entry.begin


def test_block_that_raises_is_recorded() -> None:
    written = Journal()
    with pytest.raises(KeyboardInterrupt), written.record("program", "make"):
        raise KeyboardInterrupt
    assert len(written.entries) == 1


def test_slowest_entries_of_a_kind_are_sorted() -> None:
    waits = [Entry("wait", str(seconds), 0, seconds) for seconds in (3, 9, 1, 7)]
    written = Journal([*waits, Entry("program", "make", 0, 100)])
    assert [entry.text for entry in written.slowest("wait", 3)] == ["9", "7", "3"]


def test_each_thread_records_for_its_own_layer() -> None:
    shared, both = Journal(), threading.Barrier(2, timeout=10)

    def record(layer: str) -> None:
        with shared.for_layer(layer):
            both.wait()
            with shared.record("program", layer):
                both.wait()

    threads = [threading.Thread(target=record, args=(layer,)) for layer in ("cluster", "MetalLB")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((entry.text, entry.layer) for entry in shared.entries) == [
        ("MetalLB", "MetalLB"),
        ("cluster", "cluster"),
    ]


def test_layer_ends_with_its_block() -> None:
    entries = Journal()
    with pytest.raises(ZeroDivisionError), entries.for_layer("cluster"):
        raise ZeroDivisionError
    with entries.record("wait", "readiness"):
        pass
    assert entries.entries[0].layer == ""
