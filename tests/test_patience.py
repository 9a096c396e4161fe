"""lab/patience.py: which obstacles stay, and which pass by themselves."""

from __future__ import annotations

import pytest

from lab.obstacles import Meaning, Obstacle
from lab.patience import Patience

CRASH, IMAGE = Meaning("it crashes", "read its log"), Meaning("no image", "push it")


def obstacle(pod: str = "auth/dex", meaning: Meaning = CRASH, said: str = "") -> Obstacle:
    return Obstacle(pod, "container main", meaning, said)


@pytest.fixture
def patience() -> Patience:
    """Of 20 s."""
    return Patience(20)


def test_an_obstacle_that_stays_exhausts_it(patience: Patience) -> None:
    assert patience.exhausted([obstacle()], (), 100) == []
    assert patience.exhausted([obstacle()], (), 119.9) == []
    assert patience.exhausted([obstacle()], (), 120) == [obstacle()]


def test_an_obstacle_that_is_gone_for_a_moment_has_not_passed(patience: Patience) -> None:
    """As of a container that runs between two crashes."""
    patience.exhausted([obstacle()], (), 100)
    patience.exhausted([obstacle()], (), 110)
    assert patience.exhausted([], (), 119) == []
    assert patience.exhausted([obstacle()], (), 121) == [obstacle()]


def test_while_it_is_gone_nothing_is_exhausted(patience: Patience) -> None:
    patience.exhausted([obstacle()], (), 100)
    assert patience.exhausted([], (), 130) == []


def test_an_obstacle_of_a_pod_that_has_become_ready_has_passed(patience: Patience) -> None:
    patience.exhausted([obstacle()], (), 100)
    patience.exhausted([], ["auth/dex"], 110)
    assert patience.exhausted([obstacle()], (), 121) == []
    assert patience.exhausted([obstacle()], (), 141) == [obstacle()]


def test_that_another_pod_is_ready_does_not_matter(patience: Patience) -> None:
    patience.exhausted([obstacle()], ["auth/other"], 100)
    assert patience.exhausted([obstacle()], ["auth/other"], 120) == [obstacle()]


def test_an_obstacle_that_was_gone_for_long_has_passed(patience: Patience) -> None:
    patience.exhausted([obstacle()], (), 100)
    assert patience.exhausted([obstacle()], (), 121) == []


def test_two_obstacles_one_after_the_other_are_not_one_that_stays(patience: Patience) -> None:
    patience.exhausted([obstacle(meaning=IMAGE)], (), 100)
    patience.exhausted([obstacle()], (), 115)
    assert patience.exhausted([obstacle()], (), 125) == []


def test_it_is_told_as_it_was_first(patience: Patience) -> None:
    """The registry's words come first; later the kubelet only says that it waits."""
    first = obstacle(meaning=IMAGE, said="ErrImagePull: not found")
    patience.exhausted([first], (), 100)
    assert patience.exhausted([obstacle(meaning=IMAGE, said="ImagePullBackOff")], (), 120) == [first]


def test_with_one_that_has_stayed_too_long_all_that_are_there_are_told_oldest_first(patience: Patience) -> None:
    old, new, gone = obstacle("auth/z"), obstacle("auth/a"), obstacle("auth/b")
    patience.exhausted([old, gone], (), 100)
    patience.exhausted([new, old], (), 110)
    assert patience.exhausted([new, old], (), 120) == [old, new]
