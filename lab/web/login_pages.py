"""The pages between a user and Kubeflow: redirects, the sign-in page, Dex's pages, and content without a login."""

from __future__ import annotations

import html
import re
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

import requests

from lab.config.entry_points import is_https, origin_of
from lab.config.settings import Settings
from lab.errors import LabError
from lab.web import hosts

SHOWN_TEXT = 200
"""Characters of an unexpected page that an error shows."""
DEX_PATH = "/dex/"
LOCAL_CONNECTOR = "/dex/auth/local"
"""The path of the login with a password of Dex's own, which Dex's page of choices names "Log in with Email"."""
AUTH_PROXY_PATHS = (DEX_PATH, "/oauth2/", "/authservice/")
"""The beginnings of the paths to which a request without a session may be redirected."""
SIGN_IN_BUTTON = re.compile(r'action="([^"]*/start)"')
"""The button on oauth2-proxy's sign-in page, which leads to Dex."""
LOGIN_FORM = 'id="login"'
CONNECTOR_LINK = re.compile(r'(?s)<a\s[^>]*?href="([^"]*?/dex/auth/[^"]*)"[^>]*>(.*?)</a>')
"""A choice on Dex's page of choices, with its link and its button."""
HTTPS_REDIRECT = "the gateway redirects to HTTPS, which is none of the entry points"
OTHER_LOGIN = "an external identity provider; these scenarios know Dex's form only"
COPY_SESSION = (
    "log in with a browser, copy the cookies of the session into a file, and give it with --session-cookie-file=FILE "
    "(docs/quickstart.md shows how)"
)
KUBEFLOW_TEXTS = (
    "Kubeflow Central Dashboard",
    "main-page",
    '"namespaces"',
    "Notebooks",
    "TensorBoards",
    "Volumes",
    "Katib",
    "Kubeflow Pipelines",
    "<app-root",
)
"""Texts that only pages of Kubeflow contain, and that only logged-in users may see."""


class OtherLoginError(LabError):
    """Login is not by the form of Dex's own users, but by an external identity provider."""


def describe_redirect(answer: requests.Response, settings: Settings) -> LabError | None:
    """Return an error if an answer redirects to a place that these scenarios do not follow, or None.

    Args:
        answer: An answer of the lab.
        settings: The settings, which determine the hosts of the lab.
    """
    if not answer.is_redirect:
        return None
    location = answer.headers["Location"]
    seen = f"{answer.url} returns {answer.status_code} with the Location {location}"
    try:
        target = urlsplit(urljoin(answer.url, location))
        host = str(target.hostname)
    except ValueError:
        return LabError(
            "the gateway redirects to an invalid URL", seen=seen, remedy="see which component sends this Location"
        )
    if not hosts.is_host_of_lab(host, settings):
        return _describe_other_host(target, host, seen, settings)
    origin = origin_of(target.geturl())
    if target.scheme == "http" or is_https(answer.url) or origin in settings.entry_points:
        return None
    remedy = (
        f"give the entry point with HTTPS: --url {origin}"
        if not settings.kind.is_installed
        else "this entry point uses plain HTTP"
    )
    return LabError(
        HTTPS_REDIRECT,
        seen=seen,
        remedy=f"{remedy}; the redirect is set by httpsRedirect (`kubectl get gateways.networking.istio.io -n kubeflow "
        "kubeflow-gateway -o yaml`) or by an annotation (`kubectl get ingress -A -o yaml`)",
    )


def _describe_other_host(target: SplitResult, host: str, seen: str, settings: Settings) -> LabError:
    if target.path.startswith(DEX_PATH):
        return LabError(
            f"login is at Dex of the host {host}, which is no host of the lab",
            seen=seen,
            remedy=f"the features log in at {', '.join(settings.entry_points)}: the redirect to Dex must be relative",
        )
    if "client_id" in parse_qs(target.query) or "SAMLRequest" in parse_qs(target.query):
        return OtherLoginError(f"login is at {host}, {OTHER_LOGIN}", seen=seen, remedy=COPY_SESSION)
    return LabError(
        f"the gateway redirects to {host}, which is no host of the lab and was not requested",
        seen=seen,
        remedy="see which component sends this redirect",
    )


def find_connectors(page: str) -> dict[str, str]:
    """Return the choices on Dex's page of choices: the URL of each by its text; empty for any other page."""
    if LOGIN_FORM in page:
        return {}
    return {
        " ".join(re.sub(r"<[^>]*>", " ", html.unescape(text)).split()): html.unescape(url)
        for url, text in CONNECTOR_LINK.findall(page)
    }


def is_local_connector(url: str) -> bool:
    """Return whether a choice of Dex is the login with a password of Dex's own."""
    path = urlsplit(url).path
    return path.endswith(LOCAL_CONNECTOR) or f"{LOCAL_CONNECTOR}/" in path


def no_password_login(choices: list[str], url: str) -> OtherLoginError:
    """Return the error for a page of choices of Dex without a login by password.

    Args:
        choices: The texts of the choices.
        url: The URL of the page.
    """
    return OtherLoginError(
        f"Dex offers no login with a password of its own, only: {', '.join(choices)}",
        expected='the choice "Log in with Email"',
        seen=f"the page of choices at {url.partition('?')[0]}",
        remedy=f"{COPY_SESSION}; if Dex should have users of its own, check enablePasswordDB and staticPasswords in "
        "its configuration (`kubectl get configmap -n auth dex -o yaml`)",
    )


def shows_kubeflow(answer: requests.Response) -> bool:
    """Return whether an answer shows content of Kubeflow: a page of it, or data of an API."""
    if not answer.ok or answer.is_redirect or LOGIN_FORM in answer.text or SIGN_IN_BUTTON.search(answer.text):
        return False
    is_data = answer.headers.get("Content-Type", "").startswith("application/json")
    return is_data or any(text in answer.text for text in KUBEFLOW_TEXTS)


def describe_exposure(answer: requests.Response, settings: Settings, private_texts: tuple[str, ...]) -> str:
    """Return what is wrong with the answer to a request without a session; empty if it is a login or a rejection.

    Args:
        answer: The answer.
        settings: The settings, which determine the hosts of the lab.
        private_texts: Texts that neither a login nor a rejection may contain.
    """
    status, shown = answer.status_code, " ".join(answer.text[:SHOWN_TEXT].split())
    if error := describe_redirect(answer, settings):
        return "" if isinstance(error, OtherLoginError) else error.headline
    if answer.is_redirect:
        path = urlsplit(urljoin(answer.url, answer.headers["Location"])).path
        is_login = path.startswith(AUTH_PROXY_PATHS)
        return "" if is_login else f"{answer.url} redirects to {path}, and not to the login"
    if shows_kubeflow(answer):
        return f"{answer.url} is open to everybody: it returns {status}: {shown}"
    if status == requests.codes.not_found:
        return f"the gateway returns 404 for {answer.url}, and not the login: no VirtualService routes this request"
    if status >= requests.codes.server_error:
        return f"the gateway returns {status} for {answer.url}, and not the login: {shown}"
    is_rejected = status in (requests.codes.unauthorized, requests.codes.forbidden)
    is_login = LOGIN_FORM in answer.text or bool(SIGN_IN_BUTTON.search(answer.text))
    if not is_rejected and not is_login:
        return f"{answer.url} returns {status} without a login, and no page of Kubeflow or of the login: {shown}"
    private = [text for text in private_texts if text in answer.text]
    return f"{answer.url} returns private content without a login: {private}" if private else ""
