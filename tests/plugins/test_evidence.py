"""plugins/evidence.py and plugins/redaction.py: a run with failures in a real browser, which reveals no secret."""

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
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.run.redaction import MASK
from pages.run import Failure, load
from tests.conftest import REPOSITORY

PASSWORD = "pä$$ wörd/2000"
COOKIE, OLD_COOKIE, CODE = "MTcwMDAwMDAwMHxhYmNkZWZn|c2VjcmV0==", "c3RhdGUtb2YtYS1sb2ctaW4", "q3j7abcdq3j7abcd"
HTML = "text/html; charset=utf-8"
LOGIN_PAGE = """<title>Dex</title><form method="post" action="/login"><input id="login" name="login">
<input id="password" name="password"><button id="submit-login">Login</button></form>
<script>console.log("the cookie is " + document.cookie)</script>"""
CONFTEST = """
from contextlib import contextmanager
import pytest
from playwright.sync_api import sync_playwright
from lab.web.chromium import find_chromium
from lab.web.recording import Recording, register_cookies
from plugins.run_state import run_state

pytest_plugins = [
    "plugins.options",
    "plugins.redaction",
    "plugins.chapters",
    "plugins.failures",
    "plugins.evidence",
    "plugins.scenarios",
    "plugins.reports",
    "plugins.terminal_report",
    "fixtures.run",
]

@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()

@pytest.fixture
def page(browser, context, pytestconfig):
    with browser.new_context() as browser_context:
        recordings, recording = run_state(pytestconfig).recordings, Recording(browser_context, context.secrets)
        recordings.append(recording)
        yield browser_context.new_page()
        recordings.remove(recording)
        register_cookies(browser_context, context.secrets)
"""
TESTS = """
import os
import pytest
from pytest_bdd import given, scenarios, then, when
from lab.errors import LabError

scenarios("dashboard.feature")
ENTRY_POINT, PASSWORD = os.environ["ENTRY_POINT"], os.environ["PASS_WORD"]

@given("a user who has logged in")
def log_in(page, context):
    context.secrets.add(PASSWORD)
    page.goto(ENTRY_POINT)
    page.fill("#login", "user@example.com")
    page.fill("#password", PASSWORD)
    page.click("#submit-login")
    page.wait_for_load_state()

@then("the user has no cookies")
def check_cookies(page):
    print("the password is", PASSWORD)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert cookies == {}, f"toomanyrequests, with {PASSWORD}"

@then("the dashboard shows the namespace")
def check_namespace():
    raise LabError(
        "no namespace", expected="user", seen=f"that of {PASSWORD}", remedy=f"not {PASSWORD}; 429 Too Many Requests"
    )

@then("the dashboard is shown")
def check_dashboard(page):
    pass
"""
FEATURE = """
@network
Feature: The dashboard
  Scenario: No cookies
    Given a user who has logged in
    Then the user has no cookies
  Scenario: The namespace
    Given a user who has logged in
    Then the dashboard shows the namespace
  Scenario: The page
    Given a user who has logged in
    Then the dashboard is shown
"""
INI = "[pytest]\nmarkers =\n    network: a chapter\n"


@dataclass(frozen=True)
class Result:
    """The result of a run with failures.

    Args:
        directory: The directory of the suite.
        output: The standard output of pytest.
    """

    directory: Path
    output: str

    @property
    def latest(self) -> Path:
        """The directory of its reports."""
        return self.directory / "reports/latest"

    @property
    def failures(self) -> dict[str, Failure]:
        """The failures by the name of the scenario."""
        run = load(self.latest)
        assert run is not None
        return {scenario.name: scenario.failure for scenario in run.scenarios if scenario.failure}


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    """A site with a login form, which sets two cookies; one of them is deleted by the next page."""

    def log_in(request: Request) -> Response:
        assert request.form["password"] == PASSWORD
        response = Response("", 302, {"Location": f"/callback?code={CODE}&state={OLD_COOKIE}"})
        response.delete_cookie("state")
        response.set_cookie("session", COOKIE)
        return response

    def show_form(_: Request) -> Response:
        response = Response(LOGIN_PAGE, content_type=HTML)
        response.set_cookie("state", OLD_COOKIE)
        return response

    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        server.expect_request("/", "GET").respond_with_handler(show_form)
        server.expect_request("/login", "POST").respond_with_handler(log_in)
        server.expect_request("/callback").respond_with_data(
            f"<title>In</title>{PASSWORD} <script>console.log(document.cookie)</script>", content_type=HTML
        )
        yield server


@pytest.fixture(scope="module")
def result(server: HTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The result of one run, which several tests inspect."""
    directory = tmp_path_factory.mktemp("suite")
    files = {"pytest.ini": INI, "conftest.py": CONFTEST, "test_dashboard.py": TESTS, "dashboard.feature": FEATURE}
    for name, text in files.items():
        (directory / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-s", "-v", "--tb=short", f"--rootdir={directory}", str(directory)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "ENTRY_POINT": server.url_for("/"),
        "PASS_WORD": PASSWORD,
    }
    finished = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert "2 failed, 1 passed" in finished.stdout, finished.stdout + finished.stderr
    return Result(directory, finished.stdout)


def read_files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of all files, and of those in ZIP archives."""
    for file in directory.rglob("*"):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                yield from ((f"{file.name}:{name}", archive.read(name)) for name in archive.namelist())
        elif file.is_file():
            yield file.name, file.read_bytes()


@pytest.mark.parametrize("secret", [PASSWORD, COOKIE, OLD_COOKIE, CODE])
def test_output_and_files_contain_no_secret(secret: str, result: Result) -> None:
    forms = {
        secret.encode(),
        quote(secret).encode(),
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        base64.b64encode(secret.encode()).rstrip(b"=")[:-1],
    }
    files = dict(read_files(result.latest.resolve()))
    assert [name for name, content in files.items() if any(form in content for form in forms)] == []
    assert not any(form in result.output.encode() for form in forms)


def test_secrets_were_redacted(result: Result) -> None:
    """The secrets occur in the output and in the files, so the other test does search them."""
    files = dict(read_files(result.latest.resolve()))
    traces = {name: content for name, content in files.items() if ".zip:" in name}
    assert any(b"/login" in content and MASK.encode() in content for content in traces.values())
    assert f"the password is {MASK}" in result.output
    assert MASK.encode() in files["junit.xml"]
    assert MASK.encode() in files["cucumber.json"]
    assert f"log: session={MASK}" in files["browser-1-console.txt"].decode()


def test_parts_of_error_are_redacted(result: Result) -> None:
    failure = result.failures["The namespace"]
    assert (failure.headline, failure.seen) == ("no namespace", f"that of {MASK}")
    assert failure.remedy == f"not {MASK}; 429 Too Many Requests"
    assert f"what to do: not {MASK}" in failure.error


def test_failure_has_error_and_evidence(result: Result) -> None:
    failure = result.failures["No cookies"]
    assert f"toomanyrequests, with {MASK}" in failure.error
    assert set(failure.files) == {
        f"failures/no-cookies/browser-1-{part}" for part in ("console.txt", "page-1.png", "trace.zip")
    }
    assert all((result.latest / file).stat().st_size for file in failure.files)


def test_passed_scenario_leaves_no_evidence(result: Result) -> None:
    assert set(result.failures) == {"No cookies", "The namespace"}
    directories = {directory.name for directory in (result.latest / "failures").iterdir()}
    assert directories == {"no-cookies", "the-namespace"}


def test_diagnosis_is_shown_and_ignores_remedies(result: Result) -> None:
    """The remedy of an error is no symptom."""
    junit, cucumber = (result.latest / "junit.xml").read_text(), (result.latest / "cucumber.json").read_text()
    [diagnosis] = result.failures["No cookies"].diagnoses
    for shown in (result.output, junit, cucumber):
        assert diagnosis.cause in shown
        assert diagnosis.reference in shown
    assert "toomanyrequests" in diagnosis.seen
    assert result.failures["The namespace"].diagnoses == []


def test_unknown_failure_is_reported_with_path_of_evidence(result: Result) -> None:
    assert "no known failure was recognized" in result.output
    assert "evidence: reports/" in result.output
    assert "no known failure was recognized" in (result.latest / "junit.xml").read_text()
