"""An estimate of how random a text is, which tells a generated secret from a word, a name or a default password.

The values of a cluster's Secrets are often words: Kubeflow's own are "test", "root", "minio" and "minio123". Such a
word also occurs in documents where it is no secret, and can be guessed anyway.
"""

from __future__ import annotations

import itertools
import re

MIN_LENGTH = 8
"""Characters of the shortest text that can be random enough."""
MAX_LENGTH = 64
"""Characters that are estimated; a token has hundreds."""
MIN_BITS = 26.0
"""The estimate from which on a text is random: eight random letters and digits have 29 on average, a word with up to
four digits has 5."""
MIN_DIFFERENT = 5
"""Different characters that a random text has at least; "12341234" has four."""
WORD_BITS = 1.0
PHRASE_WORD_BITS = 8.0
"""Bits of a word between spaces: a passphrase has several of them, a name has no spaces."""
SHORT_NUMBER_BITS = 1.0
"""Bits of a digit of a number with at most four digits, such as a port, a year or "123"."""
MIXED_WORD_BITS = 1.5
"""Bits of a letter of a word between digits: v1beta1 is rarer than beta1."""
LETTER_BITS, MIXED_LETTER_BITS, DIGIT_BITS, OTHER_BITS = 4.7, 5.7, 3.3, 6.0
MAX_SHORT = 4
"""Characters of a part that is taken for an abbreviation or a number, such as svc or 8080."""
MIN_SHARES = {16: 0.7, 12: 0.6, 0: 0.5}
"""The share of the pairs of a word that are common, by its minimum length: the shares of long words vary less."""
MAX_CONSONANTS = 4
"""Consonants in a row in a word."""
NAME_CHARACTERS = frozenset("-_./:@ =,?&")
"""Characters between the words of names, URLs and options, which add nothing."""
SECOND_LETTERS = {
    "a": "bcdgilmnprstu",
    "b": "ael",
    "c": "aehklort",
    "d": "aeios",
    "e": "acdeflmnprstvx",
    "f": "aeilo",
    "g": "eir",
    "h": "aeo",
    "i": "cdefglmnorst",
    "k": "e",
    "l": "aeilosuy",
    "m": "aeiop",
    "n": "acdegiost",
    "o": "bcdlmnoprstuvw",
    "p": "aeilort",
    "q": "u",
    "r": "acdeikorstv",
    "s": "cehiopstu",
    "t": "aehiorst",
    "u": "blmnprst",
    "v": "aei",
    "w": "o",
}
COMMON_PAIRS = frozenset(first + second for first, letters in SECOND_LETTERS.items() for second in letters)
"""The 150 most frequent pairs of letters in this project's documents, code and names: 84 % of the pairs of their words.
Of random letters, 22 % are such pairs."""
KNOWN_WORDS = re.compile(
    "busybox|jenkins|jupyter|keycloak|kubeflow|mysql|nginx|pgsql|postgresql|postgres|qwerty|rabbitmq|redis|sandbox"
    "|webhook|xgboost"
)
"""Words of the field that have few common pairs."""
NEVER_RANDOM = re.compile(
    r"""
    \d{1,15}                                   # a number
    | (?=\d*[\s.:/,+_-])[\d\s.:/,+_-]+         # addresses, dates
    | \d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-][\d:]+)? # a time stamp
    | (?:\d+(?:\.\d+)?(?:h|m|s|ms|us|ns))+     # a duration
    | [\w.+-]+@[A-Za-z-]+(?:\.[A-Za-z-]+)+     # an e-mail address
    """,
    re.VERBOSE,
)
PART = re.compile(r"[^\W_]+")
NUMBERED_WORD = re.compile(r"([^\W\d_]+)(\d{0,4})")
RUN = re.compile(r"\d+|[^\W\d_]+")
WORD_IN_CAMEL_CASE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
CONSONANTS = re.compile(r"[^aeiouyäöü]+")


def is_random(text: str) -> bool:
    """Return whether a text is random enough to be a secret: no one can guess it, and it occurs nowhere by chance."""
    text = text.strip()
    if len(text) < MIN_LENGTH or len(set(text)) < MIN_DIFFERENT or NEVER_RANDOM.fullmatch(text):
        return False
    return estimate_bits(text[:MAX_LENGTH]) >= MIN_BITS


def estimate_bits(text: str) -> float:
    """Return an estimate of the bits of information in a text, of which words and short numbers have few."""
    word_bits = PHRASE_WORD_BITS if " " in text else WORD_BITS
    others = PART.sub("", text)
    other_bits = 0 if NAME_CHARACTERS.issuperset(others) else OTHER_BITS * len(others.replace(" ", ""))
    return other_bits + sum(_estimate_part(part, word_bits) for part in PART.findall(text))


def _estimate_part(part: str, word_bits: float) -> float:
    """Return the bits of letters and digits without other characters between them."""
    if part.isdigit() and len(part) <= MAX_SHORT:
        return SHORT_NUMBER_BITS * len(part)
    if (match := NUMBERED_WORD.fullmatch(part)) and (len(match[1]) <= MAX_SHORT or _is_word(match[1])):
        return word_bits + SHORT_NUMBER_BITS * len(match[2])
    return sum(map(_estimate_run, RUN.findall(part)))


def _estimate_run(run: str) -> float:
    """Return the bits of letters next to digits, or of digits next to letters."""
    if run.isdigit():
        return DIGIT_BITS * len(run)
    if len(run) >= MAX_SHORT and _is_word(run):
        return MIXED_WORD_BITS * len(run)
    return len(run) * (LETTER_BITS if run.islower() or run.isupper() else MIXED_LETTER_BITS)


def _is_word(letters: str) -> bool:
    """Return whether letters can be a word, or several in camel case, by the share of common pairs of letters."""
    words = WORD_IN_CAMEL_CASE.findall(letters) if letters.isascii() else [letters]
    if len(words) > max(1, len(letters) // 4):
        return False
    rests = [KNOWN_WORDS.sub("", word.lower()) for word in words]
    pairs = [first + second for rest in rests for first, second in itertools.pairwise(rest)]
    common = sum(pair in COMMON_PAIRS for pair in pairs)
    min_share = next(share for length, share in MIN_SHARES.items() if len(letters) >= length)
    longest = max((len(run) for rest in rests for run in CONSONANTS.findall(rest)), default=0)
    return common >= min_share * len(pairs) and longest <= MAX_CONSONANTS
