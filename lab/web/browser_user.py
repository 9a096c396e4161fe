"""A user of Kubeflow's dashboard in a browser: actions, and what the pages show."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Cookie, Locator, Page, Request, Response
from playwright.sync_api import Error as BrowserError

from lab.config.settings import Settings
from lab.errors import LabError
from lab.k8s.objects import ObjectRef
from lab.releases import AuthProxy, WebApp
from lab.run.journal import Journal
from lab.run.redaction import Cookies, Secrets
from lab.web import hosts
from lab.web.http_client import is_served
from lab.web.login_pages import DEX_PATH, is_local_connector, no_password_login
from lab.web.web_apps import ResourceForm

USERID_HEADER = "kubeflow-userid"
"""The header in which the gateway passes the user to the components."""
USER_INFO_PATH = "/api/workgroup/env-info"
"""The path of the dashboard's API that returns the user and the user's namespaces."""
DASHBOARD = "centraldashboard"
"""The Deployment of the dashboard, which answers its page and its API."""
KFAM_LOG = "`kubectl logs -n kubeflow deployment/profiles-deployment --all-containers`"
SHOW_TIMEOUT_MS = 15_000
"""Milliseconds for a page to show an element."""
FIRST_ERROR_STATUS = 400
"""The lowest HTTP status that is an error."""
SHOWN_TEXT = 300
"""Characters of an unexpected page that an error shows."""
FETCH_SCRIPT = """async ([path, headers]) => {
    const response = await fetch(path, {headers});
    return {status: response.status, text: await response.text()};
}"""
CREATE_SCRIPT = """async ([path, body]) => {
    const token = (document.cookie.match(/(?:^|; )XSRF-TOKEN=([^;]*)/) || [])[1];
    const headers = {"Content-Type": "application/json", ...(token ? {"X-XSRF-TOKEN": token} : {})};
    const response = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    return {status: response.status, text: await response.text()};
}"""
USER_BADGE = "main-page >> #User-Badge"
LOGOUT_BUTTON = "main-page >> #logout-button"
USER_FIELD, PASSWORD_FIELD, LOGIN_BUTTON = "#login", "#password", "#submit-login"
LOGIN_FORM = f"form:has({USER_FIELD}):has({PASSWORD_FIELD}):has({LOGIN_BUTTON})"
SIGN_IN_BUTTON = 'form[action$="/start"] button[type="submit"]'
"""The button on oauth2-proxy's sign-in page, which leads to Dex."""
CHOICE = f'a[href*="{DEX_PATH}auth/"]'
"""A choice on the page that Dex shows if there are several ways to log in."""


@dataclass(frozen=True)
class Answer:
    """The response to a request of a page's script: the HTTP status and the text."""

    status: int
    text: str


@dataclass(frozen=True)
class BrowserUser:
    """A user in a browser context of their own.

    Args:
        page: The tab.
        entry_point: The URL by which the user opens Kubeflow.
        settings: The settings, from which the addresses of the lab's hosts follow.
        auth_proxy: The auth proxy of the release.
        secrets: Receives passwords and cookies.
        journal: Records waits.
        evidence: The directory for screenshots.
        diagnose: Returns the problems of the auth proxy and of Dex, for the error about an unexpected page.
    """

    page: Page
    entry_point: str
    settings: Settings
    auth_proxy: AuthProxy
    secrets: Secrets
    journal: Journal
    evidence: Path
    diagnose: Callable[[], list[str]]

    def open_entry_point(self) -> None:
        """Open the entry point, and continue to Dex's form.

        Some releases show a sign-in page before it, and Dex shows a page of choices if there are several ways to log
        in, of which "Log in with Email" leads to the form.

        Raises:
            LabError: If the answer does not come from the lab, if the gateway rejects all requests, or if Dex offers no
                login with a password.
        """
        self._open(self.entry_point)
        if self.auth_proxy.first_page == "sign-in" and self.page.locator(SIGN_IN_BUTTON).count():
            self._click(self.page.locator(SIGN_IN_BUTTON), "to redirect to Dex")
        choices = [] if self.is_login_form() or DEX_PATH not in self.page.url else self.page.locator(CHOICE).all()
        local = next((link for link in choices if is_local_connector(str(link.get_attribute("href")))), None)
        if local:
            self._click(local, "to show Dex's form")
        elif choices:
            raise no_password_login([" ".join(link.inner_text().split()) for link in choices], self.page.url)

    def log_in(self, user: str, password: str) -> None:
        """Open the entry point, fill in Dex's login form, and submit it.

        Args:
            user: The email address.
            password: The password.

        Raises:
            LabError: If there is no login form of Dex.
        """
        self.secrets.add(password)
        self.open_entry_point()
        if not self.is_login_form():
            expected = f"a form with {USER_FIELD}, {PASSWORD_FIELD} and {LOGIN_BUTTON}"
            raise self._unexpected_page("the page is not Dex's login form", expected)
        self.page.fill(USER_FIELD, user)
        self.page.fill(PASSWORD_FIELD, password)
        self._click(self.page.locator(LOGIN_BUTTON), "to answer the login")

    def is_login_form(self) -> bool:
        """Return whether the page is Dex's, and asks for user and password."""
        return DEX_PATH in self.page.url and self.page.locator(LOGIN_FORM).count() == 1

    def read_login_error(self) -> str:
        """Return Dex's message about rejected credentials; empty if there is none."""
        error = self.page.locator("#login-error")
        return error.inner_text().strip() if error.count() else ""

    def log_out(self) -> list[tuple[str, str]]:
        """Click the dashboard's logout button, and wait until the page asks for a login.

        Returns:
            The method and the path of each request that the page has sent for it.

        Raises:
            LabError: If the page is not the dashboard, or does not ask for a login afterwards.
        """
        self._wait_for(USER_BADGE)
        requests: list[tuple[str, str]] = []

        def record_request(request: Request) -> None:
            requests.append((request.method, urlsplit(request.url).path))

        self.page.on("request", record_request)
        self.page.click(LOGOUT_BUTTON)
        self._wait_for(f"{USER_FIELD}, {SIGN_IN_BUTTON}, {CHOICE}")
        self.page.remove_listener("request", record_request)
        return requests

    def get_dashboard_user(self) -> str:
        """Return the user that the dashboard identifies.

        The badge shows the user in a different way in each release; this method requests the API from which the page
        gets it.

        Raises:
            LabError: If the page is not the dashboard.
        """
        self._wait_for(USER_BADGE)
        return str(self.fetch_field(USER_INFO_PATH, "user"))

    def fetch_field(self, path: str, field: str, claimed_user: str = "", deployment: str = DASHBOARD) -> Any:
        """Request a path of Kubeflow's APIs from a script of the page, and return a field of the JSON response.

        Args:
            path: The path.
            field: The name of the field.
            claimed_user: The value of the user header that the request has; without that header if empty.
            deployment: The name of the Deployment in the namespace kubeflow that answers the path.

        Raises:
            LabError: If the response is an error, or lacks the field.
        """
        headers = {USERID_HEADER: claimed_user} if claimed_user else {}
        try:
            answer = Answer(**self.page.evaluate(FETCH_SCRIPT, [path, headers]))
        except BrowserError as error:  # such as a redirect to a login at another host
            text = error.message.splitlines()[0]
            raise self._wrong_answer(f"the page cannot request {path}", field, text, deployment) from None
        try:
            return json.loads(answer.text)[field]
        except (ValueError, LookupError, TypeError):
            text = answer.text.strip()[:SHOWN_TEXT] or "an empty response"
            headline = f"{path} returns {answer.status} to the page"
            raise self._wrong_answer(headline, field, text, deployment) from None

    def create_resource(self, form: ResourceForm, app: WebApp, namespace: str, name: str) -> Answer:
        """Open the page of a web app, and send the request by which that page creates a resource.

        Like the page, the request repeats in a header the value of the web app's CSRF cookie, if the browser has
        stored that cookie.

        Args:
            form: The kind of the resource, and the fields of its form.
            app: The web app.
            namespace: The namespace of the resource.
            name: The name of the resource.
        """
        self._open(f"{self.entry_point}{app.path}")
        path = f"{app.path}api/namespaces/{namespace}/{form.collection}"
        fields = {"name": name, "namespace": namespace, **form.form}
        return Answer(**self.page.evaluate(CREATE_SCRIPT, [path, fields]))

    def find_session_cookie(self) -> Cookie | None:
        """Return the session cookie, the first one if the session is split into several; None if there is none."""
        cookies = {cookie["name"]: cookie for cookie in self.page.context.cookies()}
        names = self.auth_proxy.list_session_cookies(cookies)
        self.secrets.add(*(cookies[name]["value"] for name in names))
        return cookies[min(names)] if names else None

    def list_cookies(self) -> Cookies:
        """Return the cookies that the browser sends to the entry point, by name."""
        cookies = self.page.context.cookies(self.entry_point)
        self.secrets.add(*(cookie["value"] for cookie in cookies))
        return Cookies({cookie["name"]: cookie["value"] for cookie in cookies})

    def save_screenshot(self) -> Path:
        """Save a screenshot of the page, named after the entry point, and return its path."""
        screenshot = self.evidence / f"dashboard-{self._host.replace(':', '-')}.png"
        self.page.screenshot(path=screenshot)
        return screenshot

    @property
    def _host(self) -> str:
        return urlsplit(self.entry_point).netloc

    def _click(self, element: Locator, waiting_for: str) -> None:
        """Click an element that leads to another page, and wait until that page is loaded."""
        with self.journal.record("wait", f"{self._host} {waiting_for}"):
            element.click()
            self.page.wait_for_load_state()

    def _open(self, url: str) -> None:
        """Open a URL, and check that a server of the lab returns a page that is no rejection."""
        response = self._navigate(url)
        server = response.server_addr() if response else None
        host = str(urlsplit(self.page.url).hostname)
        expected = hosts.find_address(host, self.settings)
        is_expected = server is not None and (expected is None or server["ipAddress"] == str(expected))
        if response is None or not is_expected or not hosts.is_host_of_lab(host, self.settings):
            raise LabError(
                f"{host} is not the lab; no password was typed",
                expected=f"an answer from {expected or ', '.join(self.settings.entry_points)}",
                seen=f"{self.page.url} was answered by {server}",
                remedy="see which page redirects to this host, and to which address this host resolves in the browser",
            )
        if response.status >= FIRST_ERROR_STATUS and not self.page.inner_text("body").strip():
            raise self._empty_answer(url, response.status)
        if not is_served(response.status, self.auth_proxy.first_page):
            raise self._unexpected_page(f"{url} returns {response.status}", "the dashboard, or Dex's login form")

    def _navigate(self, url: str) -> Response | None:
        statuses: list[int] = []

        def record_status(response: Response) -> None:
            if response.request.is_navigation_request():
                statuses.append(response.status)

        self.page.on("response", record_status)
        try:
            with self.journal.record("wait", f"{urlsplit(url).netloc} to answer"):
                return self.page.goto(url)
        except BrowserError as error:  # Chromium with windows raises it also for an error status without a page
            if statuses:
                raise self._empty_answer(url, statuses[-1]) from None
            raise self._unexpected_page(
                f"the browser cannot open {url}", "the dashboard, or Dex's login form", error.message.splitlines()[0]
            ) from None
        finally:
            self.page.remove_listener("response", record_status)

    def _wait_for(self, selector: str) -> None:
        try:
            with self.journal.record("wait", f"the page to show {selector}"):
                self.page.wait_for_selector(selector, timeout=SHOW_TIMEOUT_MS, state="attached")
        except BrowserError:
            raise self._unexpected_page("an element is missing on the page", f"an element {selector}") from None

    def _empty_answer(self, url: str, status: int) -> LabError:
        return self._unexpected_page(
            f"{url} returns {status} without a page", "the dashboard, or Dex's login form", "an empty response"
        )

    def _wrong_answer(self, headline: str, field: str, text: str, deployment: str) -> LabError:
        logs = f"`kubectl logs -n kubeflow deployment/{deployment} --all-containers`"
        kfam = f"; it asks KFAM for the user's namespaces: {KFAM_LOG}" if deployment == DASHBOARD else ""
        return LabError(
            headline,
            expected=f"a JSON object with the field {field!r}",
            seen="\n".join([text, *self.diagnose()]),
            remedy=f"read the log of the component that answers: {logs}{kfam}",
        )

    def _unexpected_page(self, headline: str, expected: str, text: str = "") -> LabError:
        seen = [
            f"{self.page.url} with the title {self.page.title()!r}",
            text or self.page.inner_text("body").strip()[:SHOWN_TEXT],
        ]
        screenshot = self.evidence / "unexpected-page.png"
        with suppress(BrowserError):  # Chromium's own page for an empty answer may not be drawn
            self.page.screenshot(path=screenshot)
        hint = f"see the screenshot {screenshot}, and " if screenshot.exists() else "see "
        proxy = ObjectRef.parse(self.auth_proxy.workload)
        return LabError(
            headline,
            expected=expected,
            seen="\n".join(filter(None, [*seen, *self.diagnose()])),
            remedy=f"{hint}the logs of the auth proxy and of Dex: `kubectl logs -n {proxy.namespace} "
            f"{proxy.kubectl_name}`, `kubectl logs -n auth deployment/dex`",
        )
