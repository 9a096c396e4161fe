"""lab/run/redaction.py: secrets are removed in each form, and nothing else is changed."""

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

from lab.run.redaction import MASK, Cookies, RedactedStream, Secrets

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
def test_secret_is_redacted_in_each_form(text: str) -> None:
    secrets = Secrets()
    assert secrets.redact(text) == text
    secrets.add(PASSWORD)
    redacted = secrets.redact(f"before {text} after")
    assert MASK in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    assert not [part for part in ("wörd", "w%C3%B6rd", r"w\u00f6rd") if part in redacted]


@given(secret=st.text(min_size=6, max_size=30), before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_secret_is_found_anywhere_in_base64(secret: str, before: bytes, after: bytes) -> None:
    secrets = Secrets()
    secrets.add(secret)
    assert MASK in secrets.redact(base64.b64encode(before + secret.encode() + after).decode())


def test_secret_that_begins_like_another_is_redacted_completely() -> None:
    secrets = Secrets()
    secrets.add("hunter", "hunter2000")
    assert secrets.redact("hunter2000 and hunter") == f"{MASK} and {MASK}"


def test_short_texts_are_no_secrets() -> None:
    secrets = Secrets()
    secrets.add("", "no")
    assert secrets.redact("nothing, no") == "nothing, no"


@pytest.mark.parametrize("name", ["code", "state", "req", "id_token"])
def test_one_time_parameters_in_urls_are_redacted(name: str, secrets: Secrets) -> None:
    assert secrets.redact(f"redirected to http://a/callback?{name}=q3j7abcd.x&y=1") == (
        f"redirected to http://a/callback?{name}={MASK}&y=1"
    )


def test_cookies_are_shown_by_name_only() -> None:
    cookies = Cookies({"session": "MTcwMDAw|abc=="})
    assert repr(cookies) == "cookies session"
    assert cookies["session"] == "MTcwMDAw|abc=="


def test_files_and_archives_below_a_directory_are_redacted(tmp_path: Path, secrets: Secrets) -> None:
    secrets.add("hunter2000")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_text("password hunter2000")
    (tmp_path / "picture.png").write_bytes(picture := bytes(range(256)))
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as archive:
        archive.writestr("trace.network", '{"postData": "password=hunter2000"}')
        archive.writestr("resources/1.png", picture)
    secrets.redact_directory(tmp_path)
    assert (tmp_path / "logs/a.log").read_text() == f"password {MASK}"
    assert (tmp_path / "picture.png").read_bytes() == picture
    with zipfile.ZipFile(tmp_path / "trace.zip") as archive:
        assert archive.read("trace.network").decode() == f'{{"postData": "password={MASK}"}}'
        assert archive.read("resources/1.png") == picture
    assert not list(tmp_path.rglob("*.unfinished"))


def test_stream_redacts_what_is_printed(secrets: Secrets) -> None:
    secrets.add("hunter2000")
    stream = RedactedStream(below := StringIO(), secrets)
    print("password hunter2000", file=cast(StringIO, stream))
    assert below.getvalue() == f"password {MASK}\n"
    assert stream.isatty() is False
