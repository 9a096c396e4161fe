"""A person at Kubeflow's dashboard, in a browser: what they do there, and what they see."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Cookie, Page
from playwright.sync_api import Error as BrowserError

from lab.errors import LabError
from lab.journal import JOURNAL
from lab.releases import FrontEnd

USER, PASSWORD = "user@example.com", "12341234"
TIMEOUT = 15_000
"""Milliseconds for a page to show something."""
DEX_PATH = "/dex/"
USERID_HEADER = "kubeflow-userid"
VOLUMES = "/volumes"
WRITE = """async ([path, body]) => {
    const token = (document.cookie.match(/(?:^|; )XSRF-TOKEN=([^;]*)/) || [])[1];
    const headers = {"Content-Type": "application/json", ...(token ? {"X-XSRF-TOKEN": token} : {})};
    const response = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    return {status: response.status, text: await response.text()};
}"""
BADGE = "main-page >> #User-Badge"


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
        evidence: where a screenshot goes when a page is not as it must be.
    """

    page: Page
    door: str
    addresses: dict[str, IPv4Address]
    front_end: FrontEnd
    evidence: Path

    def come(self) -> None:
        """Opens the door; raises LabError when somebody else than the lab answers."""
        self._seen_by(self.door)

    def log_in(self, user: str = USER, password: str = PASSWORD) -> None:
        """Opens the door, fills Dex's form in and sends it; raises LabError when Dex's form is not there."""
        self.come()
        if not self.is_asked():
            raise self._unexpected("Dex's page is not as expected", "a form with #login, #password and #submit-login")
        self.page.fill("#login", user)
        self.page.fill("#password", password)
        with JOURNAL.entry("wait", f"{urlsplit(self.door).netloc} answers the log-in"):
            self.page.click("#submit-login")
            self.page.wait_for_load_state()

    def is_asked(self) -> bool:
        """Whether the page is Dex's, and asks for user and password."""
        fields = ("#login", "#password", "#submit-login")
        return DEX_PATH in self.page.url and all(self.page.locator(field).count() == 1 for field in fields)

    def refusal(self) -> str:
        """What Dex says of a log-in that it refuses; empty when it says nothing."""
        error = self.page.locator("#login-error")
        return error.inner_text().strip() if error.count() else ""

    def log_out(self) -> None:
        """Clicks the dashboard's log-out, and waits for what follows."""
        self._wait_for(BADGE)
        self.page.click("main-page >> #logout-button")
        self._wait_for("#login")

    def greeted_as(self) -> str:
        """Whom the dashboard takes this visitor for; raises LabError when it is not the dashboard.

        How the badge shows the user differs between releases; the page gets it from the API that is asked here.
        """
        self._wait_for(BADGE)
        return str(self.get("/api/workgroup/env-info")["user"])

    def get(self, path: str, calling_themselves: str = "") -> Any:
        """What the dashboard's API answers this visitor, as JSON; to a request that names somebody, if so told."""
        headers = {USERID_HEADER: calling_themselves} if calling_themselves else {}
        script = "async ([path, headers]) => (await fetch(path, {headers})).json()"
        return self.page.evaluate(script, [path, headers])

    def create_volume(self, namespace: str, name: str) -> Answer:
        """Asks the volumes web app, from its own page and as that page does, for a new volume.

        The page sends back, in a header, what it finds in the cookie that the web app has set; if it finds any.
        """
        self._seen_by(f"{self.door}{VOLUMES}/")
        volume = {"name": name, "mode": "ReadWriteOnce", "class": "{empty}", "size": "1Gi", "type": "empty"}
        path = f"{VOLUMES}/api/namespaces/{namespace}/pvcs"
        return Answer(**self.page.evaluate(WRITE, [path, volume]))

    def session_cookie(self) -> Cookie | None:
        """The cookie that is the session."""
        name = self.front_end.session_cookie
        return next((one for one in self.page.context.cookies() if one["name"] == name), None)

    def _seen_by(self, url: str) -> None:
        with JOURNAL.entry("wait", f"{urlsplit(url).netloc} answers"):
            response = self.page.goto(url)
        server = response.server_addr() if response else None
        host = str(urlsplit(self.page.url).hostname)
        expected = self.addresses.get(host)
        if server is None or expected is None or server["ipAddress"] != str(expected):
            raise LabError(
                f"{host} is not the lab; no password was typed",
                expected=f"an answer from {expected or 'a host of the lab'}",
                seen=f"{self.page.url} was answered by {server}",
                remedy="names of the lab must resolve to its addresses in the browser",
            )

    def _wait_for(self, selector: str) -> None:
        try:
            with JOURNAL.entry("wait", f"the page shows {selector}"):
                self.page.wait_for_selector(selector, timeout=TIMEOUT, state="attached")
        except BrowserError:
            raise self._unexpected("the page is not as expected", f"an element {selector}") from None

    def _unexpected(self, what: str, expected: str) -> LabError:
        screenshot = self.evidence / "unexpected-page.png"
        self.page.screenshot(path=screenshot)
        text = self.page.inner_text("body")[:300]
        return LabError(
            what,
            expected=expected,
            seen=f"{self.page.url}, titled {self.page.title()!r}:\n{text}",
            remedy=f"look at {screenshot}; `kubectl logs` of authservice and Dex say more",
        )
