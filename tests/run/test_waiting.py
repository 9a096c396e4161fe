"""lab/run/waiting.py: every way in which a wait can end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.errors import UnrecoverableError, WaitError, WaitTimeoutError
from lab.run.journal import Journal
from lab.run.waiting import Observations, Unobserved, Unrecoverable, poll, wait_until

GOAL = "the pod to be ready"


def stream(*seen: str | Unobserved) -> Observations[str]:
    """Return a stream that yields these observations and ends."""

    def observations(seconds: float) -> Iterator[str | Unobserved]:
        yield from seen

    return observations


def sequence(*seen: str | Exception) -> Callable[[], str]:
    """Return a function that returns, or raises, one value after the other, and the last one from then on."""
    left = list(seen)

    def observe() -> str:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return observe


def is_ready(seen: str) -> bool:
    return seen == "ready"


def wait(observe: Observations[str], timeout: float = 5, **options: Any) -> str:
    seen: str = wait_until(observe, is_ready, timeout, GOAL, **{"journal": Journal(), **options})
    return seen


def test_satisfying_observation_is_returned() -> None:
    assert wait(stream("pending", "ready", "gone")) == "ready"


def test_stream_is_not_read_after_success() -> None:
    def observations(seconds: float) -> Iterator[str]:
        yield "ready"
        pytest.fail("the stream was read after the condition was satisfied")

    assert wait(observations) == "ready"


def test_stream_gets_the_time_out() -> None:
    given: list[float] = []

    def observations(seconds: float) -> Iterator[str]:
        given.append(seconds)
        yield "ready"

    wait(observations, 12.5)
    assert given == [12.5]


def test_time_out_names_goal_last_observation_and_remedy() -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        wait(
            poll(sequence("pending", "running"), every=0.01),
            0.1,
            describe=lambda seen: f"the pod is {seen}",
            remedy="`kubectl describe pods`",
        )
    error = caught.value
    assert error.headline.startswith("timed out after ")
    assert error.headline.endswith(f" s waiting for: {GOAL}")
    assert (error.expected, error.seen, error.remedy) == ("", "the pod is running", "`kubectl describe pods`")


def test_endless_stream_is_left_when_the_time_is_up() -> None:
    def endless(seconds: float) -> Iterator[str]:
        while True:
            yield "pending"

    begin = time.monotonic()
    with pytest.raises(WaitTimeoutError):
        wait(endless, 0.05)
    assert time.monotonic() - begin < 2


def test_stream_that_ends_early_is_a_time_out_with_its_last_observation() -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        wait(stream("pending", "running"), 60)
    assert caught.value.seen == "running"


def test_stream_without_observations_is_reported() -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        wait(stream(), 60)
    assert caught.value.seen == "no observation was possible"


def test_failed_observation_is_transient() -> None:
    assert wait(stream(Unobserved("connection refused"), "ready")) == "ready"


def test_failed_observation_may_be_the_last_one() -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        wait(stream("pending", Unobserved("connection refused")))
    assert caught.value.seen == "connection refused"


def test_unrecoverable_observation_ends_the_wait_immediately() -> None:
    begin = time.monotonic()
    with pytest.raises(UnrecoverableError) as caught:
        wait(
            poll(sequence("pending", "failed"), every=0.01),
            60,
            unrecoverable=lambda seen: "its image does not exist" if seen == "failed" else None,
            remedy="correct the image",
        )
    assert time.monotonic() - begin < 5
    assert GOAL in caught.value.headline
    assert caught.value.seen.splitlines() == ["its image does not exist", "failed"]
    assert caught.value.remedy == "correct the image"


def test_unrecoverable_reason_may_have_a_remedy_of_its_own() -> None:
    reason = Unrecoverable("its image does not exist", "correct the image")
    with pytest.raises(UnrecoverableError) as caught:
        wait(stream("failed"), unrecoverable=lambda _: reason, remedy="-")
    assert caught.value.seen == "its image does not exist\nfailed"
    assert caught.value.remedy == "correct the image"


def test_satisfying_observation_is_never_unrecoverable() -> None:
    assert wait(stream("ready"), unrecoverable=lambda seen: "any reason") == "ready"


@pytest.mark.parametrize("seen", ["ready", "pending"])
def test_journal_records_every_wait(seen: str, journal: Journal) -> None:
    try:
        wait(stream(seen), 1, journal=journal)
    except WaitError:
        assert seen == "pending"
    assert [(entry.kind, entry.text) for entry in journal.entries] == [("wait", GOAL)]


def test_poll_observes_until_success() -> None:
    assert wait(poll(sequence("pending", "pending", "ready"), every=0.001)) == "ready"


def test_poll_observes_at_least_once() -> None:
    assert list(poll(sequence("pending"))(0)) == ["pending"]


def test_poll_continues_after_a_transient_exception() -> None:
    observations = poll(sequence(ConnectionRefusedError("refused"), "ready"), every=0.001, transient=(OSError,))(5)
    assert next(observations) == Unobserved("refused")
    assert next(observations) == "ready"


def test_exception_without_a_text_is_reported_by_its_type() -> None:
    assert next(poll(sequence(TimeoutError()), transient=(OSError,))(5)) == Unobserved("TimeoutError")


def test_other_exceptions_are_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        wait(poll(lambda: str(1 // 0), transient=(OSError,)))


def test_poll_ends_in_time() -> None:
    begin = time.monotonic()
    list(poll(sequence("pending"), every=0.02)(0.1))
    assert time.monotonic() - begin < 2
