"""lab/waiting.py: every way in which a wait can end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest

from lab.errors import LabError
from lab.journal import JOURNAL
from lab.waiting import Hopeless, Observations, Trouble, polling, wait_until

WHAT = "the lamp is green"


def stream(*seen: str | Trouble) -> Observations[str]:
    """A stream of these observations, which then ends."""

    def observations(seconds: float) -> Iterator[str | Trouble]:
        yield from seen

    return observations


def looks(*seen: str | Exception) -> Callable[[], str]:
    """Sees one after the other, and the last one for ever."""
    left = list(seen)

    def look() -> str:
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, Exception):
            raise one
        return one

    return look


def is_green(seen: str) -> bool:
    """What is awaited here."""
    return seen == "green"


def test_the_observation_that_satisfies_is_given_back() -> None:
    assert wait_until(stream("red", "green", "blue"), is_green, 5, WHAT) == "green"


def test_nothing_is_observed_after_one_that_satisfies() -> None:
    def observations(seconds: float) -> Iterator[str]:
        yield "green"
        pytest.fail("it was satisfied, and looked on")

    assert wait_until(observations, is_green, 5, WHAT) == "green"


def test_the_stream_is_told_how_long_it_may_last() -> None:
    told: list[float] = []

    def observations(seconds: float) -> Iterator[str]:
        told.append(seconds)
        yield "green"

    wait_until(observations, is_green, 12.5, WHAT)
    assert told == [12.5]


def test_time_up_says_what_was_awaited_what_was_last_seen_and_what_to_do() -> None:
    with pytest.raises(LabError) as caught:
        wait_until(
            polling(looks("red", "yellow"), every=0.01),
            is_green,
            0.1,
            WHAT,
            show=lambda seen: f"the lamp was {seen}",
            remedy="press the button",
        )
    error = caught.value
    assert re.fullmatch(rf"waited \d\.\d s in vain: {WHAT}", error.what)  # on a busy machine more than 0.1 s
    assert error.expected == WHAT
    assert (error.seen, error.remedy) == ("the lamp was yellow", "press the button")


def test_a_stream_that_does_not_end_in_time_is_left() -> None:
    def endless(seconds: float) -> Iterator[str]:
        while True:
            yield "red"

    begin = time.monotonic()
    with pytest.raises(LabError, match="in vain"):
        wait_until(endless, is_green, 0.05, WHAT)
    assert time.monotonic() - begin < 2


def test_a_stream_that_ends_early_without_it_is_an_error_with_what_was_last_seen() -> None:
    with pytest.raises(LabError) as caught:
        wait_until(stream("red", "yellow"), is_green, 60, WHAT)
    assert caught.value.seen == "yellow"


def test_a_stream_without_any_observation_says_that_nothing_could_be_observed() -> None:
    with pytest.raises(LabError) as caught:
        wait_until(stream(), is_green, 60, WHAT)
    assert caught.value.seen == "nothing could be observed"


def test_trouble_passes() -> None:
    assert wait_until(stream(Trouble("connection refused"), "green"), is_green, 5, WHAT) == "green"


def test_trouble_that_lasts_is_what_was_last_seen() -> None:
    with pytest.raises(LabError) as caught:
        wait_until(stream("red", Trouble("connection refused")), is_green, 5, WHAT)
    assert caught.value.seen == "connection refused"


def test_a_hopeless_observation_ends_the_wait_at_once_with_the_reason() -> None:
    begin = time.monotonic()
    with pytest.raises(LabError) as caught:
        wait_until(
            polling(looks("red", "broken"), every=0.01),
            is_green,
            60,
            WHAT,
            hopeless=lambda seen: "the bulb is burnt out" if seen == "broken" else None,
            remedy="change the bulb",
        )
    assert time.monotonic() - begin < 5
    error = caught.value
    assert error.what == f"{WHAT}: this cannot come true"
    assert error.seen.splitlines() == ["the bulb is burnt out", "broken"]
    assert error.remedy == "change the bulb"


def test_who_knows_why_it_is_hopeless_may_know_the_remedy() -> None:
    with pytest.raises(LabError) as caught:
        wait_until(
            stream("broken"), is_green, 5, WHAT, hopeless=lambda _: Hopeless("it is burnt out", "change it"), remedy="-"
        )
    assert caught.value.seen == "it is burnt out\nbroken"
    assert caught.value.remedy == "change it"


def test_what_satisfies_is_never_hopeless() -> None:
    assert wait_until(stream("green"), is_green, 5, WHAT, hopeless=lambda seen: "whatever it is") == "green"


@pytest.mark.parametrize("seen", ["green", "red"])
def test_every_wait_is_in_the_journal_however_it_ends(seen: str) -> None:
    before = len(JOURNAL.entries)
    try:
        wait_until(stream(seen), is_green, 1, WHAT)
    except LabError:
        assert seen == "red"
    entries = JOURNAL.entries[before:]
    assert [(entry.kind, entry.what) for entry in entries] == [("wait", WHAT)]


def test_polling_looks_again_until_it_is_so() -> None:
    assert wait_until(polling(looks("red", "red", "green"), every=0.001), is_green, 5, WHAT) == "green"


def test_polling_looks_at_least_once_however_short_the_time() -> None:
    assert list(polling(looks("red"))(0)) == ["red"]


def test_polling_goes_on_over_an_exception_that_may_pass() -> None:
    observations = polling(looks(ConnectionRefusedError("refused"), "green"), every=0.001, passing=(OSError,))
    first, second = observations(5), "green"
    trouble = next(first)
    assert isinstance(trouble, Trouble)
    assert trouble.why == "refused"
    assert next(first) == second


def test_an_exception_without_a_text_is_reported_by_its_name() -> None:
    trouble = next(polling(looks(TimeoutError()), passing=(OSError,))(5))
    assert trouble == Trouble("TimeoutError")


def test_an_exception_that_does_not_pass_by_itself_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(polling(lambda: str(1 // 0), passing=(OSError,)), is_green, 5, WHAT)


def test_polling_ends_in_time() -> None:
    begin = time.monotonic()
    list(polling(looks("red"), every=0.02)(0.1))
    assert time.monotonic() - begin < 2
