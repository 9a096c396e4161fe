"""The secrets of a run, and their removal from everything that it prints and writes.

Code that learns a password, a cookie or a token adds it to the `Secrets` of the run; code that writes text redacts it.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, quote_plus

MASK = "********"
MIN_LENGTH = 4
"""Characters of the shortest text that counts as a secret; a shorter one would match in ordinary text."""
MIN_ENCODED_LENGTH = 8
"""Characters that a base64 form must have, for the same reason."""
ONE_TIME_PARAMETERS = ("code", "state", "req", "id_token", "access_token", "token")
"""Parameters in the URLs of a login whose values are used once and cannot be known in advance."""
IN_URL = re.compile(rf"([?&;](?:{'|'.join(ONE_TIME_PARAMETERS)})=)[\w.~%+/=:|-]{{6,}}")


@dataclass
class Secrets:
    """Texts that must not be shown, in each form in which they may occur."""

    _texts: set[str] = field(default_factory=set)
    _forms: list[str] = field(default_factory=list)

    def add(self, *texts: str) -> None:
        """Add secrets; texts that are too short to be one are ignored."""
        new = {text for text in texts if len(text) >= MIN_LENGTH} - self._texts
        if not new:
            return
        self._texts |= new
        forms = {form for text in new for form in _encode(text)}
        # Longest first: one secret may be the beginning of another.
        self._forms = sorted({*self._forms, *forms}, key=lambda form: (-len(form), form))

    def redact(self, text: str) -> str:
        """Return a text without the secrets in it."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return IN_URL.sub(rf"\1{MASK}", text)

    def redact_bytes(self, content: bytes) -> bytes:
        """Return the content of a file without the secrets in it; bytes that are not text stay as they are."""
        return self.redact(content.decode(errors="surrogateescape")).encode(errors="surrogateescape")

    def redact_directory(self, directory: Path) -> None:
        """Redact all files below a directory, including those inside ZIP archives."""
        for file in directory.rglob("*"):
            if file.is_file() and not file.is_symlink():
                self.redact_file(file)

    def redact_file(self, file: Path) -> None:
        """Redact a file, or the members of a ZIP archive, atomically."""
        unfinished = file.with_name(f"{file.name}.unfinished")
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as redacted:
                for name in archive.namelist():
                    redacted.writestr(self.redact(name), self.redact_bytes(archive.read(name)))
        elif (new_content := self.redact_bytes(content := file.read_bytes())) != content:
            unfinished.write_bytes(new_content)
        else:
            return
        unfinished.replace(file)


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _encode(text: str) -> Iterator[str]:
    """Yield a secret as it occurs in plain text, URLs, JSON, HTML, shell commands and base64."""
    yield text
    yield from (quote(text), quote(text, safe=""), quote_plus(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (html.escape(text), html.escape(text, quote=False), shlex.quote(text).strip("'"))
    yield from (form for form in _encode_base64(text.encode()) if len(form) >= MIN_ENCODED_LENGTH)


def _encode_base64(text: bytes) -> Iterator[str]:
    """Yield the base64 forms: alone, and inside other bytes without the characters that depend on those bytes."""
    yield base64.b64encode(text).decode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(bytes(before) + text).decode().rstrip("=")
            whole = (before + len(text)) * 8 // 6
            yield encoded[-(-before * 8 // 6) : whole]
