"""The secrets of a run, and their removal from everything that it prints and writes.

Code that learns a password, a cookie or a token adds it to the `Secrets` of the run; code that writes text redacts it.
There are two classes of secrets: those that the suite itself uses, and values that it has observed in the cluster.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, quote_plus

from lab.run import documents
from lab.run.randomness import is_random

MASK = "********"
MIN_LENGTH = 4
"""Characters of the shortest text that counts as a secret; a shorter one would match in ordinary text."""
MIN_LENGTH_IN_WORDS = 8
"""Characters from which on a secret of the suite is redacted inside words, too."""
MIN_ENCODED_LENGTH = 7
"""Characters that a base64 form must have, for the same reason; those of a secret of six characters have as many."""
ONE_TIME_PARAMETERS = ("code", "state", "req", "id_token", "access_token", "token")
"""Parameters in the URLs of a login whose values are used once and cannot be known in advance."""
IN_URL = re.compile(rf"[?&;](?:{'|'.join(ONE_TIME_PARAMETERS)})=([\w.~%+/=:|-]{{6,}})")
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
"""A certificate is public, also if it is stored with its private key."""
TOKEN_IN_TEXT = re.compile(r"""[^\s"'=:,;{}\[\]()<>@]{8,}=*""")
"""A part of a value with several lines or JSON that may be a secret itself: the lines of a private key, the password of
a registry."""
SEPARATED = re.compile(r"""[\n{"]""")
WORDS = re.compile(r"[^\W\d_]+(?:[-_ ./][^\W\d_]+)*")
"""A secret that is one word or several, such as "password", may be a part of the name of a test."""
ALPHANUMERIC = re.compile("[A-Za-z0-9]+")
NAME_BEFORE, NAME_AFTER = re.compile(r"\w-?\Z"), re.compile(r"-?\w")
"""Text next to a secret that is a part of the same word or name."""
ESCAPE_BEFORE = re.compile(
    r"""
    (?: \\(?:[abefnrtv]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{3})
      | %[0-9A-Fa-f]{2}
      | (?:\x1b|\#x1B)\[[\d;]*m
    )\Z
    """,
    re.VERBOSE,
)
"""An escaped character, or the color of a terminal: its last letter is no part of the word after it."""
MAX_ESCAPE = 16
PERCENT = re.compile("%[0-9A-F]{2}")
ERRORS = "surrogatepass"
"""The handling of surrogates in a secret, which the bytes of a file or of a header may have produced."""
GRAM, STRIDE, CHUNK = 8, 3, 1 << 16
"""The search for many secrets: pieces of eight characters, at every third position of a text, are looked up in a table.
An anchor of ten characters contains such a piece. 65,536 characters at a time are the fastest: 50 MB of text take two
seconds, whatever the number of secrets."""
MAX_ANCHOR = GRAM + STRIDE - 1
MAX_OTHERS = 20
"""The number of secrets up to which a search one by one is faster in short texts."""


@dataclass(frozen=True, eq=False)
class _Pattern:
    """Encoded forms of a secret that contain the same letters and digits.

    Args:
        anchor: These letters and digits, at most ten; the form itself if it has too few.
        forms: The forms, and the position of the anchor in each.
        inside_words: Whether a form is redacted inside words.
        in_names: Whether it is redacted in names.
        inside_names: Whether it is redacted inside the words of names.
        has_anchor: Whether each form of the secret contains the anchor.
    """

    anchor: str
    forms: tuple[tuple[str, int], ...]
    inside_words: bool
    in_names: bool
    inside_names: bool
    has_anchor: bool

    def find(self, text: str, begin: int, end: int, *, is_name: bool) -> Iterator[tuple[int, int]]:
        """Yield begin and end of the forms in a text whose anchors begin in a part of it."""
        inside = self.inside_names if is_name else self.inside_words
        position = text.find(self.anchor, begin, end + len(self.anchor) - 1)
        while position >= 0:
            for form, offset in self.forms:
                form_begin = position - offset
                if form_begin >= 0 and text.startswith(form, form_begin):
                    form_end = form_begin + len(form)
                    if inside or _is_whole_word(text, form_begin, form_end):
                        yield form_begin, form_end
            position = text.find(self.anchor, position + 1, end + len(self.anchor) - 1)


@dataclass(frozen=True)
class _Index:
    """The patterns of all secrets.

    Args:
        grams: The patterns with the longest anchors, by the pieces of their anchors.
        others: The other patterns, which are searched one by one.
        is_complete: Whether each secret has a pattern that occurs wherever the secret does, in any encoding.
    """

    grams: Mapping[str, tuple[_Pattern, ...]] = field(default_factory=dict)
    others: tuple[_Pattern, ...] = ()
    is_complete: bool = True

    def extend(self, patterns: Iterable[_Pattern]) -> _Index:
        """Return an index with more patterns."""
        grams, others = dict(self.grams), list(self.others)
        for pattern in patterns:
            if len(pattern.anchor) == MAX_ANCHOR and pattern.has_anchor:
                for begin in range(STRIDE):
                    gram = pattern.anchor[begin : begin + GRAM]
                    grams[gram] = (*grams.get(gram, ()), pattern)
            else:
                others.append(pattern)
        return _Index(grams, tuple(others), all(pattern.has_anchor for pattern in others))

    def narrow(self, text: str) -> _Index:
        """Return an index with the patterns that may occur in a text, which is faster for all parts of the text."""
        found = dict.fromkeys(pattern for _, _, pattern in self._select(text))
        if self.is_complete and len(found) <= MAX_OTHERS:
            return _Index({}, tuple(found))
        return self

    def may_occur(self, text: str) -> bool:
        """Return whether a secret, or a one-time code, may occur in a text, in any encoding."""
        return not self.is_complete or any(self._select(text)) or bool(IN_URL.search(text))

    def redact(self, text: str, *, is_name: bool = False) -> str:
        """Return a text without the forms of secrets in it.

        This is repeated until nothing changes, because a removed secret can leave another one as a whole word. A second
        redaction of the result would otherwise change it.
        """
        while spans := sorted(self._find_spans(text, is_name=is_name)):
            parts: list[str] = []
            end = 0
            for span_begin, span_end in spans:
                if span_begin >= end:
                    parts += (text[end:span_begin], MASK)
                end = max(end, span_end)
            text = "".join((*parts, text[end:]))
        return text

    def redact_document(self, text: str) -> str:
        """Return a JSON, XML or HTML document, or another text, without secrets; so are documents in its values."""
        if not self.may_occur(text):
            return text
        if documents.is_json(text):
            return documents.rewrite_json(text, self._redact_value)
        if documents.is_markup(text):
            return documents.rewrite_markup(text, self._redact_value)
        return documents.rewrite_lines(text, self._redact_line, self.redact)

    def _redact_line(self, line: str) -> str | None:
        """Return a line that is a JSON document without secrets; None if it is none, or if it has no secrets."""
        if self.may_occur(line) and documents.is_json(line):
            return documents.rewrite_json(line, self._redact_value)
        return None

    def _redact_value(self, value: str, is_name: bool) -> str:
        return self.redact(value, is_name=True) if is_name else self.redact_document(value)

    def _find_spans(self, text: str, *, is_name: bool) -> Iterator[tuple[int, int]]:
        for begin, end, pattern in self._select(text):
            if pattern.in_names or not is_name:
                yield from pattern.find(text, begin, end, is_name=is_name)
        yield from (match.span(1) for match in IN_URL.finditer(text))

    def _select(self, text: str) -> Iterator[tuple[int, int, _Pattern]]:
        """Yield parts of a text, with a pattern whose anchor may begin in that part."""
        for begin in range(0, len(text), CHUNK):
            end = min(begin + CHUNK, len(text))
            if self.grams:
                chunk = text[begin : end + MAX_ANCHOR]
                grams = self.grams.keys() & {chunk[at : at + GRAM] for at in range(0, len(chunk) - GRAM + 1, STRIDE)}
                found = dict.fromkeys(pattern for gram in grams for pattern in self.grams[gram])
                yield from ((begin, end, pattern) for pattern in found)
            for pattern in self.others:
                if text.find(pattern.anchor, begin, end + len(pattern.anchor) - 1) >= 0:
                    yield begin, end, pattern


class Secrets:
    """Texts that must not be shown, in each form in which they may occur.

    The secrets that the suite itself uses are always redacted: inside words only if they are long, since a short one
    can be an ordinary word. Values that were observed in the cluster are secrets only if they are random, and are
    redacted as whole words only. In the names of a document (documents.NAMES), secrets that are words are not redacted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # parts of the lab are observed in parallel
        self._is_own: dict[str, bool] = {}
        self._index = _Index()

    def add(self, *texts: str) -> None:
        """Add secrets that the suite itself uses; texts that are too short to be one are ignored."""
        self._add(dict.fromkeys(_strip(texts), True))

    def add_observed(self, *texts: str) -> None:
        """Add values of the cluster's Secrets; those that are not random, such as "test", are ignored.

        Of a value with several lines, or in JSON, each random part is a secret, too.
        """
        texts = tuple(CERTIFICATE.sub("", text) for text in texts)
        parts = [part for text in texts if SEPARATED.search(text) for part in TOKEN_IN_TEXT.findall(text)]
        self._add({text: False for text in (*_strip(texts), *parts) if is_random(text)})

    def redact(self, text: str) -> str:
        """Return a text without the secrets in it."""
        return self._index.redact(text)

    def redact_document(self, text: str) -> str:
        """Return a text without the secrets in it; if it is JSON, XML or HTML, it stays well-formed and keeps its keys.

        Lines that are JSON, as in logs and Playwright's traces, stay well-formed, too.
        """
        return self._index.narrow(text).redact_document(text)

    def redact_bytes(self, content: bytes) -> bytes:
        """Return the content of a file without the secrets in it; bytes that are not text stay as they are."""
        if b"\0" in content[:CHUNK] and not self._index.may_occur(content.decode("latin-1")):
            return content  # a picture
        text = content.decode(errors="surrogateescape")
        redacted = self.redact_document(text)
        return content if redacted == text else redacted.encode(errors="surrogateescape")

    def redact_directory(self, directory: Path) -> None:
        """Redact all files below a directory, including those inside ZIP archives."""
        for file in list(directory.rglob("*")):
            if file.is_file() and not file.is_symlink():
                self.redact_file(file)

    def redact_file(self, file: Path) -> None:
        """Redact a file, or the members of a ZIP archive, atomically; a file without secrets is not written again."""
        unfinished = file.with_name(f"{file.name}.unfinished")
        members = _read_archive(file)
        if members is None:
            content = file.read_bytes()
            redacted = self.redact_bytes(content)
            if redacted == content:
                return
            unfinished.write_bytes(redacted)
        else:
            new_members = [
                (self._index.redact(name, is_name=True), self.redact_bytes(member)) for name, member in members
            ]
            if new_members == members:
                return
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, member in new_members:
                    archive.writestr(name, member)
        unfinished.replace(file)

    def _add(self, texts: Mapping[str, bool]) -> None:
        with self._lock:
            new = {
                text: is_own
                for text, is_own in texts.items()
                if len(text) >= MIN_LENGTH and text.strip("*") and self._is_own.get(text) not in (True, is_own)
            }
            self._is_own |= new
            patterns = [pattern for text, is_own in new.items() for pattern in _create_patterns(text, is_own=is_own)]
            self._index = self._index.extend(patterns)  # replaced, not changed: other threads may be reading


class Cookies(dict[str, str]):
    """Cookies by name, whose representation hides the values: pytest shortens values, so redaction could miss them."""

    def __init__(self, cookies: Mapping[str, str]) -> None:
        super().__init__(cookies)

    def __repr__(self) -> str:
        return f"cookies {', '.join(self) or 'none'}"


class RedactedStream:
    """A text stream that redacts what is written to it; in all other respects it is the wrapped stream."""

    def __init__(self, stream: IO[str], secrets: Secrets) -> None:
        self.stream, self._secrets = stream, secrets

    def write(self, text: str) -> int:
        """Write a text without the secrets in it."""
        return self.stream.write(self._secrets.redact(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts without the secrets in them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _is_whole_word(text: str, begin: int, end: int) -> bool:
    """Return whether a part of a text is no part of a longer word or name, such as test in latest and test-db."""
    before = text[max(0, begin - MAX_ESCAPE) : begin]
    is_joined_before = _is_word_character(text[begin]) and NAME_BEFORE.search(before)
    is_joined_after = _is_word_character(text[end - 1]) and NAME_AFTER.match(text, end)
    return not is_joined_after and (not is_joined_before or bool(ESCAPE_BEFORE.search(before)))


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_"


def _strip(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts, and the same without the line break that `echo password | base64` adds."""
    for text in texts:
        yield from (text, text.strip())


def _read_archive(file: Path) -> list[tuple[str, bytes]] | None:
    """Return names and contents of the members of a ZIP archive, or None if the file is none, or a damaged one."""
    if not zipfile.is_zipfile(file):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            return [(member.filename, archive.read(member)) for member in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):  # also an encrypted one
        return None


def _create_patterns(text: str, *, is_own: bool) -> Iterator[_Pattern]:
    """Yield the patterns of a secret: its plain forms, and for each position in base64 those forms."""
    is_long_own, is_secret_name = is_own and len(text) >= MIN_LENGTH_IN_WORDS, is_random(text)
    in_names = is_secret_name or (is_long_own and not WORDS.fullmatch(text))
    create = partial(_Pattern, in_names=in_names, inside_names=is_own and is_secret_name)
    yield from _group(text, set(_encode(text)), partial(create, inside_words=is_long_own))
    for content in {text.encode(errors=ERRORS), text.encode("latin-1", "ignore")}:
        for position in range(3):
            forms = {form for form in _encode_base64(content, position) if len(form) >= MIN_ENCODED_LENGTH}
            if forms:
                yield from _group(min(forms, key=len), forms, partial(create, inside_words=True, inside_names=in_names))


def _group(text: str, forms: Iterable[str], create: Callable[..., _Pattern]) -> Iterator[_Pattern]:
    """Yield one pattern for forms that all contain the longest run of letters and digits of a text.

    All encodings keep ASCII letters and digits. If a text has too few of them, each form is a pattern of its own.
    """
    anchor = max(ALPHANUMERIC.findall(text), key=len, default="")[-MAX_ANCHOR:]
    if len(anchor) >= MIN_LENGTH:
        yield create(anchor, tuple((form, form.index(anchor)) for form in forms), has_anchor=True)
    else:
        yield from (create(form, ((form, 0),), has_anchor=False) for form in forms)


def _encode(text: str) -> Iterator[str]:
    """Yield a secret as it occurs in plain text, URLs, JSON, HTML, Python and shell commands."""
    in_json = [json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]]
    # Go's JSON escapes these three characters, too.
    in_json += [form.translate({ord(c): f"\\u{ord(c):04x}" for c in "<>&"}) for form in in_json]
    yield from (
        text,
        text.encode(errors=ERRORS).decode("latin-1"),
        repr(text)[1:-1],
        ascii(text)[1:-1],
        shlex.quote(text).strip("'"),
    )
    yield from in_json
    yield from (json.dumps(form)[1:-1] for form in in_json)
    for form in (text, *in_json):
        escaped = html.escape(form)
        yield from (escaped, html.escape(form, quote=False))
        yield escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
        yield escaped.replace("&#x27;", "&apos;")
    for encode in (quote, partial(quote, safe=""), quote_plus):
        in_url = encode(text, errors=ERRORS)
        yield from (in_url, PERCENT.sub(lambda match: match[0].lower(), in_url), quote(in_url, safe=""))


def _encode_base64(text: bytes, position: int) -> Iterator[str]:
    """Yield the base64 forms of bytes after some others, without the characters that depend on those others."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(bytes(position) + text).decode()
        yield encoded.rstrip("=")[-(-position * 8 // 6) : (position + len(text)) * 8 // 6]
        if position == 0:
            yield from (encoded, encoded.rstrip("="))
