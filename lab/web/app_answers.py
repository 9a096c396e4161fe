"""The answers of Kubeflow's apps, which identify them: a status alone may be that of a gateway or of another app."""

from __future__ import annotations

from http import HTTPStatus

import requests

STAND_IN = "stand-in for "
"""The beginning of the answer of an app's stand-in."""
LIST = "a list"
RBAC_REJECTION = "RBAC: access denied"
"""The answer of a sidecar if an AuthorizationPolicy does not allow a request to its pod."""
SHOWN_TEXT = 200
"""Characters of an unexpected answer that an error shows."""


def is_stand_in(answer: requests.Response) -> bool:
    """Return whether an answer is that of a stand-in, which does not implement the app."""
    return answer.status_code == HTTPStatus.NOT_IMPLEMENTED and answer.text.startswith(STAND_IN)


def describe_wrong_answer(answer: requests.Response, contents: tuple[str, ...], *, allows_stand_in: bool) -> str:
    """Return why an answer is not that of an app; empty if it is.

    Args:
        answer: The answer to a request to the API of the app.
        contents: Any of these identifies the app: the name of a field of its JSON object, which must not be false;
            "a list" for a JSON list; or the rejection by the app's sidecar.
        allows_stand_in: Whether the cluster runs a stand-in for the app, which answers 501.
    """
    status, text = answer.status_code, answer.text
    if allows_stand_in and is_stand_in(answer):
        return ""
    if status == HTTPStatus.FORBIDDEN and text == RBAC_REJECTION and RBAC_REJECTION in contents:
        return ""
    shown = f"{answer.url} returns {status}: {' '.join(text[:SHOWN_TEXT].split()) or 'an empty answer'}"
    if status != HTTPStatus.OK:
        return shown
    try:
        content = answer.json()
    except requests.JSONDecodeError:
        content = None
    is_list = isinstance(content, list) and LIST in contents
    fields = content if isinstance(content, dict) else {}
    if is_list or any(fields.get(field, False) is not False for field in contents):
        return ""
    return f"expected JSON with {' or '.join(contents)}, seen: {shown}"
