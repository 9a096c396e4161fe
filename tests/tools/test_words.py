"""tools/words.py: listed words are reported with their replacement."""

from __future__ import annotations

import tomllib

import pytest

from tools.words import LIST, find_words

WORDS = tomllib.loads(LIST.read_text())["words"]


@pytest.mark.parametrize(
    "line",
    [
        "waited 120 s in vain: the pod is ready",
        "the lab could not be had",
        "this cannot come true",
        "the program in another's seat",
        "The log-in at Dex",
        '    """What is missing, or None."""',
        "    there = self.inspect()",
        "        Arguments:",
        "Whoever asks for the page",
    ],
)
def test_listed_word_is_reported(line: str) -> None:
    assert [number for number, _, _ in find_words(f"fine\n{line}\n", WORDS)] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "timed out after 120 s waiting for: the pod to be ready",
        "the lab could not be installed",
        "log in at Dex, then log out",
        '"""Return what is missing, or None."""',
        "nobody@example.com is rejected",
        "the login is accepted",
        "there is no lab",
    ],
)
def test_other_words_are_accepted(line: str) -> None:
    assert list(find_words(line, WORDS)) == []
