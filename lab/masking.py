"""The secrets that a run uses, and how they are kept out of all that it writes.

Whoever gets hold of a password, a cookie or a token tells `SECRETS` of it; whoever writes asks `SECRETS` to mask it.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, quote_plus

MASK = "********"
SHORTEST = 4
"""Characters of the shortest text that is taken for a secret; a shorter one would be found everywhere."""
SHORTEST_ENCODED = 8
"""Characters that a form in base64 must have, for the same reason."""
ONE_TIME = ("code", "state", "req", "id_token", "access_token", "token")
"""What a URL of a log-in has that is used once, and that nobody can tell of before."""
IN_URL = re.compile(rf"([?&;](?:{'|'.join(ONE_TIME)})=)[\w.~%+/=:|-]{{6,}}")


@dataclass
class Secrets:
    """Texts that nothing may show, in each form in which they are met."""

    _texts: set[str] = field(default_factory=set)
    _forms: list[str] = field(default_factory=list)

    def add(self, *texts: str) -> None:
        """Takes texts up; those too short to be a secret are passed over."""
        new = {text for text in texts if len(text) >= SHORTEST} - self._texts
        if not new:
            return
        self._texts |= new
        forms = {form for text in new for form in _forms(text)}
        self._forms = sorted({*self._forms, *forms}, key=lambda form: (-len(form), form))  # one may begin another

    def masked(self, text: str) -> str:
        """A text without the secrets in it."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return IN_URL.sub(rf"\1{MASK}", text)

    def masked_bytes(self, content: bytes) -> bytes:
        """What a file has, without the secrets in it; of what is no text, all else stays as it is."""
        return self.masked(content.decode(errors="surrogateescape")).encode(errors="surrogateescape")

    def found_in(self, content: bytes) -> bool:
        """Whether anything has to be masked."""
        return self.masked_bytes(content) != content

    def mask_folder(self, folder: Path) -> None:
        """Masks all files of a folder and below, those in ZIP archives, too."""
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                self.mask_file(file)

    def mask_file(self, file: Path) -> None:
        """Masks a file, or the files in it if it is a ZIP archive, in one go."""
        unfinished = file.with_name(f"{file.name}.unfinished")
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as masked:
                for name in archive.namelist():
                    masked.writestr(self.masked(name), self.masked_bytes(archive.read(name)))
        elif (masked_content := self.masked_bytes(content := file.read_bytes())) != content:
            unfinished.write_bytes(masked_content)
        else:
            return
        unfinished.replace(file)


SECRETS = Secrets()
"""The secrets of this process: whoever learns of one, wherever it is called from, tells of it here."""


class Cookies(dict[str, str]):
    """Cookies by name, whose values are secrets: none is shown where Python shows the whole."""

    def __init__(self, cookies: Mapping[str, str]) -> None:
        super().__init__(cookies)
        SECRETS.add(*self.values())

    def __repr__(self) -> str:
        return f"cookies {', '.join(self) or 'none'}"


class MaskedStream:
    """A stream of text through which no secret passes; in all else it is the stream that it stands before."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Writes a text without the secrets in it."""
        return self.stream.write(SECRETS.masked(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes lines without the secrets in them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _forms(text: str) -> Iterator[str]:
    """A secret as it is met: itself, and as URLs, JSON, HTML, a shell and base64 have it."""
    yield text
    yield from (quote(text), quote(text, safe=""), quote_plus(text))
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from (html.escape(text), html.escape(text, quote=False), shlex.quote(text).strip("'"))
    yield from (form for form in _in_base64(text.encode()) if len(form) >= SHORTEST_ENCODED)


def _in_base64(text: bytes) -> Iterator[str]:
    """What base64 makes of it: alone, or in the midst of other bytes without the characters that hang on those, too."""
    yield base64.b64encode(text).decode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(bytes(before) + text).decode().rstrip("=")
            whole = (before + len(text)) * 8 // 6
            yield encoded[-(-before * 8 // 6) : whole]
