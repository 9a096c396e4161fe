"""fixtures/evidence.py: a run with failures, in a real browser, whose whole folder shows no secret."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.masking import MASK
from tests.conftest import REPOSITORY

PASSWORD = "pä$$ wörd/2000"
COOKIE, EARLIER, CODE = "MTcwMDAwMDAwMHxhYmNkZWZn|c2VjcmV0==", "c3RhdGUtb2YtYS1sb2ctaW4", "q3j7abcdq3j7abcd"
HTML = "text/html; charset=utf-8"
PAGE = """<title>Dex</title><form method="post" action="/log-in"><input id="login" name="login">
<input id="password" name="password"><button id="submit-login">Login</button></form>
<script>console.log("the cookie is " + document.cookie)</script>"""
CONFTEST = """
import dataclasses, json
import pytest
from fixtures.evidence import FAILURES
from lab.browser import chromium
from lab.visitor import Visitor

@pytest.fixture(scope="session")
def browser():
    with chromium({}) as browser:
        yield browser

def pytest_unconfigure(config):
    failures = {name: dataclasses.asdict(one) for name, one in config.stash[FAILURES].items()}
    print(json.dumps(failures, default=str), file=open("failures.json", "w"))
"""
TESTS = """
import os
import pytest
from pytest_bdd import given, scenarios, then, when
from fixtures.browser import page
from lab.asking import ask
from lab.errors import LabError
from lab.masking import SECRETS

scenarios("lamp.feature")
DOOR, PASSWORD = os.environ["DOOR"], os.environ["PASS_WORD"]

@given("a visitor who has logged in")
def log_in(page):
    SECRETS.add(PASSWORD)
    page.goto(DOOR)
    page.fill("#login", "user@example.com")
    page.fill("#password", PASSWORD)
    page.click("#submit-login")
    page.wait_for_load_state()

@then("the lamp is on")
def lamp_is_on(page):
    print("the password is", PASSWORD)
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    assert cookies == {}, f"toomanyrequests, said {PASSWORD}"

@then("the lamp is green")
def lamp_is_green():
    raise LabError("it is red", expected="green", seen=f"that of {PASSWORD}", remedy="paint it; 429 Too Many Requests")

@then("all is well")
def well(page):
    pass
"""
FEATURE = """
Feature: A lamp
  Scenario: It is on
    Given a visitor who has logged in
    Then the lamp is on
  Scenario: It is green
    Given a visitor who has logged in
    Then the lamp is green
  Scenario: It is well
    Given a visitor who has logged in
    Then all is well
"""


@dataclass(frozen=True)
class Run:
    """A run of a suite with failures: its folder, and what it printed."""

    folder: Path
    printed: str

    @property
    def latest(self) -> Path:
        """Where its reports are."""
        return self.folder / "reports/latest"

    @property
    def failures(self) -> dict[str, dict[str, Any]]:
        """What was collected for those who show it, by the scenario's test."""
        failures = json.loads((self.folder / "failures.json").read_text())
        return {name.partition("::")[2]: one for name, one in failures.items()}


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    """A page that takes a password, and sets cookies, one of them only until the next page."""

    def log_in(request: Request) -> Response:
        assert request.form["password"] == PASSWORD
        answer = Response("", 302, {"Location": f"/callback?code={CODE}&state={EARLIER}"})
        answer.delete_cookie("state")
        answer.set_cookie("session", COOKIE)
        return answer

    def first(_: Request) -> Response:
        answer = Response(PAGE, content_type=HTML)
        answer.set_cookie("state", EARLIER)
        return answer

    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        server.expect_request("/", "GET").respond_with_handler(first)
        server.expect_request("/log-in", "POST").respond_with_handler(log_in)
        server.expect_request("/callback").respond_with_data(
            f"<title>In</title>{PASSWORD} <script>console.log(document.cookie)</script>",
            content_type=HTML,
        )
        yield server


@pytest.fixture(scope="module")
def done(server: HTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run, which several tests look at."""
    folder = tmp_path_factory.mktemp("suite")
    for name, text in (("conftest.py", CONFTEST), ("test_lamp.py", TESTS), ("lamp.feature", FEATURE)):
        (folder / name).write_text(text)
    plugins = [part for name in ("options", "scenarios", "reports", "evidence") for part in ("-p", f"fixtures.{name}")]
    command = [sys.executable, "-m", "pytest", "-s", "-v", "--tb=short", *plugins, f"--rootdir={folder}", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "DOOR": server.url_for("/"), "PASS_WORD": PASSWORD}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "2 failed, 1 passed" in result.stdout, result.stdout + result.stderr
    return Run(folder, result.stdout)


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of all files, and of those in archives."""
    for file in folder.rglob("*"):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                yield from ((f"{file.name}:{name}", archive.read(name)) for name in archive.namelist())
        elif file.is_file():
            yield file.name, file.read_bytes()


@pytest.mark.parametrize("secret", [PASSWORD, COOKIE, EARLIER, CODE])
def test_no_secret_is_in_what_was_printed_nor_in_any_file_of_the_run(secret: str, done: Run) -> None:
    forms = {
        secret.encode(),
        quote(secret).encode(),
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        base64.b64encode(secret.encode()).rstrip(b"=")[:-1],
    }
    files = dict(contents(done.latest.resolve()))
    assert [name for name, content in files.items() if any(form in content for form in forms)] == []
    assert not any(form in done.printed.encode() for form in forms)


def test_what_was_masked_had_been_there(done: Run) -> None:
    """Else the greps of the other test would be in vain."""
    files = dict(contents(done.latest.resolve()))
    traces = {name: content for name, content in files.items() if ".zip:" in name}
    assert any(b"/log-in" in content and MASK.encode() in content for content in traces.values())
    assert f"the password is {MASK}" in done.printed
    assert MASK.encode() in files["junit.xml"]
    assert MASK.encode() in files["cucumber.json"]
    assert f"log: session={MASK}" in files["browser-1-console.txt"].decode()


def test_a_failure_is_collected_with_its_step_its_error_its_diagnoses_and_its_files(done: Run) -> None:
    failure = done.failures["test_it_is_on"]
    assert failure["step"] == "Then the lamp is on"
    assert f"toomanyrequests, said {MASK}" in str(failure["error"])
    assert set(failure["files"]) == {
        f"failures/it-is-on/browser-1-{what}" for what in ("console.txt", "page-1.png", "trace.zip")
    }
    assert all((done.latest / file).stat().st_size for file in failure["files"])


def test_a_scenario_that_passed_leaves_nothing(done: Run) -> None:
    assert set(done.failures) == {"test_it_is_on", "test_it_is_green"}
    assert {folder.name for folder in (done.latest / "failures").iterdir()} == {"it-is-on", "it-is-green"}


def test_a_finding_is_shown_with_its_diagnosis_and_no_remedy_is_taken_for_a_symptom(done: Run) -> None:
    for shown in (done.printed, (done.latest / "junit.xml").read_text(), (done.latest / "cucumber.json").read_text()):
        assert "the registry limits pulls" in shown
        assert "k3d.io/stable/faq" in shown
    assert "the registry limits pulls" not in str(done.failures["test_it_is_green"]["diagnoses"])


def test_where_nothing_is_known_that_is_said_with_the_place_of_what_was_kept(done: Run) -> None:
    assert "none of the known failures was recognised" in done.printed
    assert "is kept in reports/" in done.printed
    assert "none of the known failures was recognised" in (done.latest / "junit.xml").read_text()
