"""lab/run/redaction.py: secrets are removed in each form, and nothing else is changed."""

from __future__ import annotations

import base64
import html
import json
import shlex
import time
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, quote_plus, urlencode
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.run.redaction import MASK, Cookies, RedactedStream, Secrets

PASSWORD = 'pä"ss & wörd/+<%>'
RANDOM = "pUBnBOY80SnXgjibTYM9"
QUOTED = "q\"7<Xk&29>'fj\\8"
PRIVATE_KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVcB/UNPxalR9zDYA
-----END PRIVATE KEY-----
"""
JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" tests="1"><testcase classname="steps.test_10_login"
name="test_the_site[test]" time="0.1"><failure message="seen: {value}&#10;nginx:latest">{value} &lt; 1</failure>
<system-out><![CDATA[{raw}]]></system-out></testcase></testsuite></testsuites>"""


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


def test_overlapping_secrets_are_redacted_completely(secrets: Secrets) -> None:
    secrets.add("abcdefgh", "efghijklmnop")
    assert secrets.redact("abcdefghijklmnop") == MASK


def test_short_texts_are_no_secrets() -> None:
    secrets = Secrets()
    secrets.add("", "no", "********")
    assert secrets.redact("nothing, no ********") == "nothing, no ********"


class TestOwnSecrets:
    """Secrets that the suite itself uses."""

    @pytest.mark.parametrize("text", ["password=test", "user:test@host", "'test'", "a test.", "\\ntest", "%20test"])
    def test_short_one_is_redacted_as_whole_word(self, secrets: Secrets, text: str) -> None:
        secrets.add("test")
        assert secrets.redact(text) == text.replace("test", MASK)

    @pytest.mark.parametrize(
        "text", ["nginx:latest", "test_10_login.py", "<testsuite>", "katib-test", "test-db", "tests"]
    )
    def test_short_one_stays_in_words(self, secrets: Secrets, text: str) -> None:
        secrets.add("test")
        assert secrets.redact(text) == text

    def test_long_one_is_redacted_in_words(self, secrets: Secrets) -> None:
        secrets.add("hunter2000")
        assert secrets.redact("xhunter2000y") == f"x{MASK}y"

    def test_word_is_always_redacted(self, secrets: Secrets) -> None:
        secrets.add_observed("kubeflow")
        secrets.add("kubeflow")
        assert secrets.redact("the password is kubeflow") == f"the password is {MASK}"


class TestObservedSecrets:
    """Values of the cluster's Secrets."""

    @pytest.mark.parametrize("word", ["test", "root", "admin", "kubeflow", "minio", "minio123", "latest", "testsuite"])
    def test_word_is_no_secret(self, secrets: Secrets, word: str) -> None:
        secrets.add_observed(word)
        assert secrets.redact(f"{word} {word}: '{word}'") == f"{word} {word}: '{word}'"

    @pytest.mark.parametrize(
        "secret", [RANDOM, QUOTED, "7d16fee92f8d11b8940b081b3f8b8acb", "correct horse battery staple"]
    )
    def test_random_value_is_redacted(self, secrets: Secrets, secret: str) -> None:
        secrets.add_observed(secret)
        for text in (secret, f"token={secret}", f"'{secret}'.", f"\x1b[31m{secret}\x1b[0m", json.dumps(f"\n{secret}")):
            assert MASK in secrets.redact(text)
            assert secret not in secrets.redact(text)

    def test_value_stays_in_words_and_names(self, secrets: Secrets) -> None:
        secrets.add_observed(RANDOM)
        for text in (f"x{RANDOM}", f"{RANDOM}x", f"web-{RANDOM}", f"{RANDOM}-web", f"_{RANDOM}"):
            assert secrets.redact(text) == text

    def test_line_break_after_value_is_ignored(self, secrets: Secrets) -> None:
        secrets.add_observed(f"{RANDOM}\n")
        assert secrets.redact(f"password {RANDOM}, rejected") == f"password {MASK}, rejected"

    def test_lines_of_private_key_are_redacted(self, secrets: Secrets) -> None:
        secrets.add_observed(PRIVATE_KEY)
        line = PRIVATE_KEY.splitlines()[1]
        assert secrets.redact(f"the key:\n{line}\n") == f"the key:\n{MASK}\n"
        assert secrets.redact(f"the key:\n{PRIVATE_KEY}") == f"the key:\n{MASK}"
        assert secrets.redact("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"

    def test_certificate_is_public(self, secrets: Secrets) -> None:
        certificate = PRIVATE_KEY.replace("PRIVATE KEY", "CERTIFICATE")
        secrets.add_observed(certificate)
        assert secrets.redact(certificate) == certificate

    def test_password_of_registry_is_redacted(self, secrets: Secrets) -> None:
        auth = base64.b64encode(f"robot:{RANDOM}".encode()).decode()
        login = {"username": "robot", "password": RANDOM, "auth": auth}
        secrets.add_observed(json.dumps({"auths": {"registry.example.com": login}}))
        assert secrets.redact(f"pull from registry.example.com as robot with {RANDOM}, {auth}") == (
            f"pull from registry.example.com as robot with {MASK}, {MASK}"
        )

    def test_many_values_are_found_anywhere(self, secrets: Secrets) -> None:
        """The search at every third position misses none, also at the limits of the parts of a text."""
        values = [base64.b32encode(f"{number:07}-{number:04}".encode()).decode().strip("=") for number in range(500)]
        secrets.add_observed(*values)
        for offset in range(4):
            text = "".join(f"{'x' * (offset + 250)} {value} " for value in values)
            assert secrets.redact(text) == "".join(f"{'x' * (offset + 250)} {MASK} " for _ in values)


class TestDocuments:
    """JSON, XML and HTML stay well-formed and keep keys, tags and names."""

    @pytest.mark.parametrize("secret", [PASSWORD, QUOTED, "testsuite1", "message9"])
    def test_junit_report_stays_well_formed(self, secrets: Secrets, secret: str) -> None:
        secrets.add(secret)
        secrets.add("test", "name", "testcase", "classname", "pytest")
        raw = secret.replace("]]>", "")
        redacted = secrets.redact_document(JUNIT.format(value=html.escape(secret), raw=raw))
        expat.ParserCreate().Parse(redacted, True)
        assert redacted == JUNIT.format(value=MASK, raw=MASK)

    @pytest.mark.parametrize("ensure_ascii", [True, False])
    def test_json_keeps_keys_names_and_layout(self, secrets: Secrets, ensure_ascii: bool) -> None:
        secrets.add(PASSWORD, "test", "passed", "name")

        def build(value: str) -> Any:
            scenario = {"test": "steps/test_1.py::test", "name": "the test", "status": "passed", "tags": ["test"]}
            return {
                **scenario,
                "a": [1.50, True, None],
                "seen": f"\u20ac {value}",
                "inner": json.dumps({"test": value}),
            }

        text = json.dumps(build(PASSWORD), indent=1, ensure_ascii=ensure_ascii)
        assert secrets.redact_document(text) == json.dumps(build(MASK), indent=1, ensure_ascii=ensure_ascii)

    def test_random_secret_is_redacted_in_names(self, secrets: Secrets) -> None:
        secrets.add_observed(RANDOM)
        assert secrets.redact_document(json.dumps({RANDOM: 1, "name": RANDOM})) == json.dumps({MASK: 1, "name": MASK})

    def test_text_under_a_name_is_no_name(self, secrets: Secrets) -> None:
        secrets.add("s3c7")
        assert secrets.redact_document('{"test": "line\\ns3c7"}') == f'{{"test": "line\\n{MASK}"}}'

    def test_html_keeps_tags_and_ids(self, secrets: Secrets) -> None:
        secrets.add("test", "section", PASSWORD)
        page = (
            '<!DOCTYPE html><section id="test" title="{0}"><br>a &lt; {0} latest<script>x = "{1}";</script></section>'
        )
        text = page.format(html.escape(PASSWORD), json.dumps(PASSWORD)[1:-1])
        assert secrets.redact_document(text) == page.format(MASK, MASK)

    def test_json_lines_stay_well_formed(self, secrets: Secrets) -> None:
        secrets.add(QUOTED, "test")
        line = json.dumps({"test": QUOTED, "message": "a test"})
        redacted = secrets.redact_document(f"started test\n{line}\n{line}\nended {QUOTED}")
        new_line = json.dumps({"test": MASK, "message": f"a {MASK}"})
        assert redacted == f"started {MASK}\n{new_line}\n{new_line}\nended {MASK}"

    @pytest.mark.parametrize("text", ["{", "<a", '{"a": "%s', "<testsuites><a>%s", "[%s]", "<html>%s", "\ud800{%s"])
    def test_damaged_document_is_redacted_as_text(self, secrets: Secrets, text: str) -> None:
        secrets.add(RANDOM)
        assert secrets.redact_document(text.replace("%s", RANDOM)) == text.replace("%s", MASK)

    @given(secret=st.text(min_size=4, max_size=20), other=st.text(max_size=20))
    def test_any_secret_leaves_json_and_xml_valid(self, secret: str, other: str) -> None:
        secrets = Secrets()
        secrets.add(secret)
        document = {"key": f"{other} {secret} {other}", secret: [other]}
        redacted = secrets.redact_document(json.dumps(document))
        assert isinstance(json.loads(redacted), dict)
        assert secrets.redact_document(redacted) == redacted
        text = "".join(
            character for character in f"{other} {secret}" if character.isprintable() and character.isascii()
        )
        redacted = secrets.redact_document(f'<a key="{html.escape(text)}">{html.escape(text)}</a>')
        expat.ParserCreate().Parse(redacted, True)
        assert secrets.redact_document(redacted) == redacted

    @given(secrets_=st.lists(st.text("ab*1 -", min_size=4, max_size=9), max_size=4), text=st.text("ab*1 -"))
    def test_redaction_is_idempotent(self, secrets_: list[str], text: str) -> None:
        secrets = Secrets()
        secrets.add(*secrets_)
        assert secrets.redact(secrets.redact(text)) == secrets.redact(text)


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


def test_files_without_secrets_are_not_written_again(tmp_path: Path, secrets: Secrets) -> None:
    secrets.add("hunter2000")
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as archive:
        archive.writestr("trace.network", "{}")
    before = (tmp_path / "trace.zip").stat().st_ino
    secrets.redact_directory(tmp_path)
    assert (tmp_path / "trace.zip").stat().st_ino == before


def test_damaged_archive_is_redacted_as_bytes(tmp_path: Path, secrets: Secrets) -> None:
    secrets.add("hunter2000")
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as archive:
        archive.writestr("trace.network", "hunter2000")
    content = (tmp_path / "trace.zip").read_bytes().replace(b"hunter2000", b"hunter2000"[:9] + b"X", 1)
    (tmp_path / "trace.zip").write_bytes(b"hunter2000" + content)
    secrets.redact_directory(tmp_path)
    assert (tmp_path / "trace.zip").read_bytes() == MASK.encode() + content


def test_stream_redacts_what_is_printed(secrets: Secrets) -> None:
    secrets.add("hunter2000")
    stream = RedactedStream(below := StringIO(), secrets)
    print("password hunter2000", file=cast(StringIO, stream))
    assert below.getvalue() == f"password {MASK}\n"
    assert stream.isatty() is False
    stream.writelines(["hunter2000", "\n"])
    assert below.getvalue() == f"password {MASK}\n{MASK}\n"


def test_time_does_not_grow_with_number_of_secrets(secrets: Secrets) -> None:
    """4 MB take a fifth of a second of a processor; one search for each of the 2,000 forms would take 14 s."""
    secrets.add_observed(*(f"{number:032x}"[::-1] + "Qz7" for number in range(10**9, 10**9 + 500)))
    text = "2026-11-27T15:05:42Z INFO controller reconciles pod default/web-7d9f8b6c5-x2x7z\n" * 50_000
    begin = time.process_time()
    assert secrets.redact_document(text) == text
    assert time.process_time() - begin < 3
