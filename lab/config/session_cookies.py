"""The cookies of a session that a user has copied from a browser into a file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path

from lab.config.secret_files import read_secret_file

JAR_HEADER = re.compile(r"#( Netscape)? HTTP Cookie File")
"""The first line of a cookie jar in Netscape's format, as browsers' extensions and curl write it."""
HEADER_NAME = re.compile(r"(?i)^cookie:")
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*|\"[^\"\\\x00-\x1f\x7f-\uffff]*\"")
"""The values that RFC 6265 allows."""


def read_cookies(path: Path, hosts: Collection[str] = ()) -> dict[str, str]:
    """Return the cookies in a file, by name.

    The file has the value of a browser's header `Cookie`, NAME=VALUE; NAME=VALUE, also on several lines; or it is a
    cookie jar in Netscape's format.

    Args:
        path: The file.
        hosts: The hosts that the cookies of a jar must be for, since a jar has those of other sites, too; empty for any
            host. A session that one entry point has created is valid at the others.

    Raises:
        ValueError: If the file cannot be used; the message is meant for users, and contains no value of a cookie.
    """
    text = read_secret_file(path)
    if JAR_HEADER.match(text):
        return _read_jar(path.expanduser(), hosts)
    cookies = {}
    for number, part in enumerate(_split(text), 1):
        name, equals, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not NAME.fullmatch(name) or not VALUE.fullmatch(value):
            raise ValueError(
                f"cookie {number} of the file does not have the form NAME=VALUE; copy the value of a request's header "
                "Cookie, as the browser's developer tools show it"
            )
        cookies[name] = value
    return cookies


def _split(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in HEADER_NAME.sub("", line.strip()).split(";"):
            if part.strip():
                yield part.strip()


def _read_jar(file: Path, hosts: Collection[str]) -> dict[str, str]:
    jar = MozillaCookieJar(file)
    try:
        with warnings.catch_warnings(action="ignore"):  # the library warns about an invalid line with a traceback
            jar.load(ignore_discard=True, ignore_expires=True)
    except (LoadError, OSError):
        raise ValueError("the file is not a valid cookie jar in Netscape's format") from None
    cookies = {cookie.name: cookie.value or "" for cookie in jar if not hosts or _matches(cookie.domain, hosts)}
    if not cookies:
        raise ValueError(f"the cookie jar has no cookie for {' or '.join(sorted(hosts)) or 'any host'}")
    return cookies


def _matches(domain: str, hosts: Collection[str]) -> bool:
    """Return whether a cookie of a domain is sent to any of the hosts; an empty domain is that of a local file."""
    name = domain.lstrip(".")
    return any(host == name or host.endswith(f".{name}") for host in hosts)
