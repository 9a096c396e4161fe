"""lab/k8s/blocker_tracker.py: distinguishing blockers that last from those that disappear by themselves."""

from __future__ import annotations

import pytest

from lab.k8s.blocker_tracker import BlockerTracker, RejectionTracker
from lab.k8s.blockers import Blocker
from lab.k8s.explanations import Explanation

CRASH, IMAGE = Explanation("it crashes", "read its log"), Explanation("no image", "push it")


def make_blocker(pod: str = "auth/dex", explanation: Explanation = CRASH, message: str = "") -> Blocker:
    return Blocker(pod, "container main", explanation, message)


@pytest.fixture
def tracker() -> BlockerTracker:
    """Return a tracker with a patience of 20 s."""
    return BlockerTracker(20)


def test_blocker_that_lasts_is_returned(tracker: BlockerTracker) -> None:
    assert tracker.update([make_blocker()], (), 100) == []
    assert tracker.update([make_blocker()], (), 119.9) == []
    assert tracker.update([make_blocker()], (), 120) == [make_blocker()]


def test_blocker_that_is_absent_for_a_moment_still_counts(tracker: BlockerTracker) -> None:
    """A container that keeps crashing runs between two crashes."""
    tracker.update([make_blocker()], (), 100)
    tracker.update([make_blocker()], (), 110)
    assert tracker.update([], (), 119) == []
    assert tracker.update([make_blocker()], (), 121) == [make_blocker()]


def test_absent_blocker_is_not_returned(tracker: BlockerTracker) -> None:
    tracker.update([make_blocker()], (), 100)
    assert tracker.update([], (), 130) == []


def test_blocker_ends_when_its_pod_is_ready(tracker: BlockerTracker) -> None:
    tracker.update([make_blocker()], (), 100)
    tracker.update([], ["auth/dex"], 110)
    assert tracker.update([make_blocker()], (), 121) == []
    assert tracker.update([make_blocker()], (), 141) == [make_blocker()]


def test_blocker_remains_when_another_pod_is_ready(tracker: BlockerTracker) -> None:
    tracker.update([make_blocker()], ["auth/database"], 100)
    assert tracker.update([make_blocker()], ["auth/database"], 120) == [make_blocker()]


def test_blocker_ends_when_it_was_absent_for_long(tracker: BlockerTracker) -> None:
    tracker.update([make_blocker()], (), 100)
    assert tracker.update([make_blocker()], (), 121) == []


def test_consecutive_different_blockers_are_not_one(tracker: BlockerTracker) -> None:
    tracker.update([make_blocker(explanation=IMAGE)], (), 100)
    tracker.update([make_blocker()], (), 115)
    assert tracker.update([make_blocker()], (), 125) == []


def test_first_message_is_kept(tracker: BlockerTracker) -> None:
    """The registry's message is reported first; later the kubelet only reports that it waits."""
    first = make_blocker(explanation=IMAGE, message="ErrImagePull: not found")
    tracker.update([first], (), 100)
    assert tracker.update([make_blocker(explanation=IMAGE, message="ImagePullBackOff")], (), 120) == [first]


def test_all_present_blockers_are_returned_oldest_first(tracker: BlockerTracker) -> None:
    old, new, gone = make_blocker("auth/z"), make_blocker("auth/a"), make_blocker("auth/b")
    tracker.update([old, gone], (), 100)
    tracker.update([new, old], (), 110)
    assert tracker.update([new, old], (), 120) == [old, new]


class TestRejections:
    """Pods that are rejected because a webhook does not answer."""

    @pytest.fixture
    def tracker(self) -> RejectionTracker:
        """Return a tracker of webhooks that are waited for 30 s at most."""
        return RejectionTracker(30)

    def make_rejection(self, second: int) -> Blocker:
        time = f"2026-11-28T10:00:{second:02}Z"
        return Blocker("auth/dex", "creation of its pods", CRASH, "", kind="Deployment", time=time)

    def test_a_rejection_while_pods_start_does_not_last(self, tracker: RejectionTracker) -> None:
        for second in (1, 5):
            tracker.update(False, second)
            assert not tracker.is_lasting(self.make_rejection(second), second)

    def test_an_attempt_that_began_before_the_webhook_was_ready_does_not_count(self, tracker: RejectionTracker) -> None:
        """Its timeout ends when all else is ready; the next attempt follows after a pause."""
        tracker.update(True, 1)
        assert not tracker.is_lasting(self.make_rejection(1), 1)
        assert not tracker.is_lasting(self.make_rejection(10), 10)
        tracker.update(True, 45)
        assert not tracker.is_lasting(self.make_rejection(10), 45)

    def test_a_later_attempt_counts(self, tracker: RejectionTracker) -> None:
        tracker.update(True, 1)
        assert not tracker.is_lasting(self.make_rejection(10), 10)
        assert tracker.is_lasting(self.make_rejection(50), 50)

    def test_a_pod_that_becomes_unready_starts_anew(self, tracker: RejectionTracker) -> None:
        tracker.update(True, 1)
        tracker.is_lasting(self.make_rejection(10), 10)
        tracker.update(False, 20)
        tracker.update(True, 25)
        assert not tracker.is_lasting(self.make_rejection(50), 50)

    def test_a_rejection_without_a_time_does_not_last(self, tracker: RejectionTracker) -> None:
        tracker.update(True, 1)
        assert not tracker.is_lasting(make_blocker(), 100)
