"""lab/masking.py: a secret is found in each form in which programs write it, and nothing else is changed."""

from __future__ import annotations

import base64
import html
import json
import shlex
import zipfile
from io import StringIO
from pathlib import Path
from typing import cast
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.masking import MASK, SECRETS, Cookies, MaskedStream, Secrets

PASSWORD = 'pä"ss & wörd/+<%>'


@pytest.mark.parametrize(
    "text",
    [
        PASSWORD,
        urlencode({"password": PASSWORD}),
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        quote_plus(PASSWORD),
        json.dumps({"password": PASSWORD}),
        json.dumps({"password": PASSWORD}, ensure_ascii=False),
        html.escape(PASSWORD),
        shlex.quote(PASSWORD),
        base64.b64encode(PASSWORD.encode()).decode(),
        base64.b64encode(f"user:{PASSWORD}".encode()).decode(),
        base64.urlsafe_b64encode(f"a user:{PASSWORD}, and more".encode()).decode(),
    ],
)
def test_a_secret_is_masked_however_it_is_written(text: str) -> None:
    secrets = Secrets()
    assert secrets.masked(text) == text
    secrets.add(PASSWORD)
    masked = secrets.masked(f"before {text} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert not [part for part in ("wörd", "w%C3%B6rd", r"w\u00f6rd") if part in masked]


@given(secret=st.text(min_size=6, max_size=30), before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_what_base64_hides_is_found_at_any_place(secret: str, before: bytes, after: bytes) -> None:
    secrets = Secrets()
    secrets.add(secret)
    assert MASK in secrets.masked(base64.b64encode(before + secret.encode() + after).decode())


def test_of_a_secret_that_begins_like_another_nothing_is_left() -> None:
    secrets = Secrets()
    secrets.add("hunter", "hunter2000")
    assert secrets.masked("hunter2000 and hunter") == f"{MASK} and {MASK}"


def test_a_text_too_short_to_be_a_secret_is_none() -> None:
    secrets = Secrets()
    secrets.add("", "no")
    assert secrets.masked("nothing, no") == "nothing, no"


@pytest.mark.parametrize("name", ["code", "state", "req", "id_token"])
def test_what_a_log_in_has_in_its_urls_is_masked_without_being_known(name: str) -> None:
    assert SECRETS.masked(f"it was led to http://a/callback?{name}=q3j7abcd.x&y=1") == (
        f"it was led to http://a/callback?{name}={MASK}&y=1"
    )


def test_cookies_are_secrets_and_are_shown_by_name_only() -> None:
    cookies = Cookies({"session": "MTcwMDAw|abc=="})
    assert repr(cookies) == "cookies session"
    assert cookies["session"] == "MTcwMDAw|abc=="
    assert SECRETS.masked("sent MTcwMDAw|abc==") == f"sent {MASK}"


def test_files_of_a_folder_and_those_in_archives_are_masked_and_others_stay(tmp_path: Path) -> None:
    SECRETS.add("hunter2000")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_text("password hunter2000")
    (tmp_path / "picture.png").write_bytes(picture := bytes(range(256)))
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as archive:
        archive.writestr("trace.network", '{"postData": "password=hunter2000"}')
        archive.writestr("resources/1.png", picture)
    SECRETS.mask_folder(tmp_path)
    assert (tmp_path / "logs/a.log").read_text() == f"password {MASK}"
    assert (tmp_path / "picture.png").read_bytes() == picture
    with zipfile.ZipFile(tmp_path / "trace.zip") as archive:
        assert archive.read("trace.network").decode() == f'{{"postData": "password={MASK}"}}'
        assert archive.read("resources/1.png") == picture
    assert not list(tmp_path.rglob("*.unfinished"))


def test_what_is_printed_is_masked_and_the_stream_is_else_as_it_was() -> None:
    SECRETS.add("hunter2000")
    stream = MaskedStream(below := StringIO())
    print("password hunter2000", file=cast(StringIO, stream))
    stream.writelines(["hunter2000\n"])
    assert below.getvalue() == f"password {MASK}\n{MASK}\n"
    assert stream.isatty() is False
