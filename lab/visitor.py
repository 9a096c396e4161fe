"""A person at Kubeflow's dashboard, in a browser: what they do there, and what they see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Cookie, Page, Request, Response
from playwright.sync_api import Error as BrowserError

from lab.doors import is_served
from lab.errors import LabError
from lab.journal import JOURNAL
from lab.masking import SECRETS, Cookies
from lab.releases import FrontEnd, WebApp
from lab.webapps import Thing

USER, PASSWORD = "user@example.com", "12341234"
TIMEOUT = 15_000
"""Milliseconds for a page to show something."""
ERROR = 400
"""The lowest HTTP status that is an error."""
DEX_PATH = "/dex/"
USERID_HEADER = "kubeflow-userid"
WRITE = """async ([path, body]) => {
    const token = (document.cookie.match(/(?:^|; )XSRF-TOKEN=([^;]*)/) || [])[1];
    const headers = {"Content-Type": "application/json", ...(token ? {"X-XSRF-TOKEN": token} : {})};
    const response = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    return {status: response.status, text: await response.text()};
}"""
BADGE = "main-page >> #User-Badge"
LOG_IN = "#login"
FORM = f"form:has({LOG_IN}):has(#password):has(#submit-login)"
SIGN_IN = 'form[action$="/start"] button[type="submit"]'
"""The button of oauth2-proxy's page, which leads to Dex."""


@dataclass(frozen=True)
class Answer:
    """What a web app answered a page's request: the HTTP status, and the text."""

    status: int
    text: str


@dataclass
class Visitor:
    """A person in a browser context of their own.

    Arguments:
        page: the tab.
        door: the URL by which they come.
        addresses: the address of each host that they may be at: no password is typed anywhere else.
        front_end: what asks for a log-in in this release.
        evidence: where pictures of pages go.
        diagnose: says what is wrong with what is before Kubeflow, for when a page is not as it must be.
    """

    page: Page
    door: str
    addresses: dict[str, IPv4Address]
    front_end: FrontEnd
    evidence: Path
    diagnose: Callable[[], list[str]]

    def come(self) -> None:
        """Opens the door, and passes the page that a release may have before Dex's.

        Raises LabError when somebody else than the lab answers, or when the gateway refuses everybody.
        """
        self._open(self.door)
        if self.front_end.first_page == "sign-in" and self.page.locator(SIGN_IN).count():
            with JOURNAL.entry("wait", f"{urlsplit(self.door).netloc} leads to Dex"):
                self.page.click(SIGN_IN)
                self.page.wait_for_load_state()

    def log_in(self, user: str = USER, password: str = PASSWORD) -> None:
        """Opens the door, fills Dex's form in and sends it; raises LabError when Dex's form is not there."""
        SECRETS.add(password)
        self.come()
        if not self.is_asked():
            raise self._unexpected("Dex's page is not as expected", "a form with #login, #password and #submit-login")
        self.page.fill(LOG_IN, user)
        self.page.fill("#password", password)
        with JOURNAL.entry("wait", f"{urlsplit(self.door).netloc} answers the log-in"):
            self.page.click("#submit-login")
            self.page.wait_for_load_state()

    def is_asked(self) -> bool:
        """Whether the page is Dex's, and asks for user and password."""
        return DEX_PATH in self.page.url and self.page.locator(FORM).count() == 1

    def refusal(self) -> str:
        """What Dex says of a log-in that it refuses; empty when it says nothing."""
        error = self.page.locator("#login-error")
        return error.inner_text().strip() if error.count() else ""

    def log_out(self) -> list[tuple[str, str]]:
        """Clicks the dashboard's log-out, and waits until a log-in is asked for.

        Gives method and path of each request that the page made for it.
        """
        self._wait_for(BADGE)
        made: list[tuple[str, str]] = []

        def note(request: Request) -> None:
            made.append((request.method, urlsplit(request.url).path))

        self.page.on("request", note)
        self.page.click("main-page >> #logout-button")
        self._wait_for(f"{LOG_IN}, {SIGN_IN}")
        self.page.remove_listener("request", note)
        return made

    def greeted_as(self) -> str:
        """Whom the dashboard takes this visitor for; raises LabError when it is not the dashboard.

        How the badge shows the user differs between releases; the page gets it from the API that is asked here.
        """
        self._wait_for(BADGE)
        return str(self.get("/api/workgroup/env-info")["user"])

    def get(self, path: str, calling_themselves: str = "") -> Any:
        """What Kubeflow answers a script of the page, as JSON; to a request that names somebody, if so told."""
        headers = {USERID_HEADER: calling_themselves} if calling_themselves else {}
        script = "async ([path, headers]) => (await fetch(path, {headers})).json()"
        return self.page.evaluate(script, [path, headers])

    def create(self, thing: Thing, app: WebApp, namespace: str, name: str) -> Answer:
        """Asks a web app, from its own page and as that page does, for a new thing.

        The page sends back, in a header, what it finds in the cookie that the web app has set; if it finds any.
        """
        self._open(f"{self.door}{app.path}")
        path = f"{app.path}api/namespaces/{namespace}/{thing.collection}"
        form = {"name": name, "namespace": namespace, **thing.form}
        return Answer(**self.page.evaluate(WRITE, [path, form]))

    def session_cookie(self) -> Cookie | None:
        """The cookie that is the session."""
        name = self.front_end.session_cookie
        found = next((one for one in self.page.context.cookies() if one["name"] == name), None)
        SECRETS.add(found["value"] if found else "")
        return found

    def cookies(self) -> Cookies:
        """The cookies that the browser would send at this door, by name."""
        return Cookies({one["name"]: one["value"] for one in self.page.context.cookies(self.door)})

    def take_picture(self) -> Path:
        """A picture of the page, named after the door, and where it is."""
        picture = self.evidence / f"dashboard-{urlsplit(self.door).hostname}.png"
        self.page.screenshot(path=picture)
        return picture

    def _open(self, url: str) -> None:
        answers: list[int] = []

        def note(response: Response) -> None:
            if response.request.is_navigation_request():
                answers.append(response.status)

        self.page.on("response", note)
        try:
            with JOURNAL.entry("wait", f"{urlsplit(url).netloc} answers"):
                response = self.page.goto(url)
        except BrowserError as error:  # Chromium with windows says so of a refusal without a word, too
            if answers:
                raise self._without_page(url, answers[-1]) from None
            raise self._unexpected(
                f"{url} cannot be shown", "the page, or Dex's", error.message.splitlines()[0]
            ) from None
        finally:
            self.page.remove_listener("response", note)
        server = response.server_addr() if response else None
        host = str(urlsplit(self.page.url).hostname)
        expected = self.addresses.get(host)
        if response is None or server is None or expected is None or server["ipAddress"] != str(expected):
            raise LabError(
                f"{host} is not the lab; no password was typed",
                expected=f"an answer from {expected or 'a host of the lab'}",
                seen=f"{self.page.url} was answered by {server}",
                remedy="names of the lab must resolve to its addresses in the browser",
            )
        if response.status >= ERROR and not self.page.inner_text("body").strip():
            raise self._without_page(url, response.status)
        if not is_served(response.status, self.front_end):
            raise self._unexpected(f"{url} is answered with {response.status}", "the page, or Dex's")

    def _without_page(self, url: str, status: int) -> LabError:
        return self._unexpected(
            f"{url} cannot be shown", "the page, or Dex's", f"the answer is {status}, without a page"
        )

    def _wait_for(self, selector: str) -> None:
        try:
            with JOURNAL.entry("wait", f"the page shows {selector}"):
                self.page.wait_for_selector(selector, timeout=TIMEOUT, state="attached")
        except BrowserError:
            raise self._unexpected("the page is not as expected", f"an element {selector}") from None

    def _unexpected(self, what: str, expected: str, said: str = "") -> LabError:
        seen = [f"{self.page.url}, titled {self.page.title()!r}", said or self.page.inner_text("body").strip()[:300]]
        picture = self.evidence / "unexpected-page.png"
        with suppress(BrowserError):  # of Chromium's own page for an answer without one, there may be none
            self.page.screenshot(path=picture)
        look = f"look at {picture}; " if picture.exists() else ""
        return LabError(
            what,
            expected=expected,
            seen="\n".join(filter(None, [*seen, *self.diagnose()])),
            remedy=f"{look}`kubectl logs` of {self.front_end.name} and Dex say more",
        )
