"""A sabotage: a fault, the scenario that must detect it, and the words that its error must contain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.context import Lab
from tools.observations import Condition
from tools.steps import Step

NAME = "sabotage"
"""The name of the objects that sabotages create."""
CLUSTER, METALLB, INGRESS = "02_cluster", "03_metallb", "04_ingress"
MANIFESTS, READINESS, AUTHSERVICE = "05_manifests", "06_readiness", "08_authservice"
ENTRY_POINTS, LOGIN = "09_entry_points", "10_login"
FIRST_USE_OF_ENTRY_POINTS = "The tutorial's route leads to the login, not to the pages of authservice"
"""The first scenario that uses the entry points."""
REPLACEMENTS = {
    FIRST_USE_OF_ENTRY_POINTS: (
        (AUTHSERVICE, "After login, Dex redirects the user to the callback of the auth proxy"),
        (ENTRY_POINTS, "A request without a session is redirected to the login"),
        (LOGIN, "The owner logs in and is greeted"),
    )
}
"""The chapters and scenarios that detect a fault in releases without authservice, instead of a scenario about it."""
OIDC_AUTHSERVICE, OAUTH2_PROXY = "oidc-authservice", "oauth2-proxy"


@dataclass(frozen=True)
class Sabotage:
    """One fault.

    Args:
        name: The name, by which it can be selected.
        fault: A description of the fault.
        chapter: The feature that must detect it, by the name of its file.
        scenario: The name of the scenario that must fail first, so that a user sees its error.
        expected_words: Texts that the error must contain.
        diagnosis: The name of the known failure that must be recognized; empty if the error itself names the cause.
        steps: The steps that cause the fault. They are reverted in the opposite order.
        effect: The condition to wait for before the features run; None if the fault has an immediate effect.
        options: Options of pytest for the run that must detect the fault.
        explain_omission: Returns why the sabotage does not apply to a lab; empty if it does. None if it always does.
    """

    name: str
    fault: str
    chapter: str
    scenario: str
    expected_words: tuple[str, ...]
    steps: Sequence[Step] = ()
    effect: Condition | None = None
    diagnosis: str = ""
    options: tuple[str, ...] = ()
    explain_omission: Callable[[Lab], str] | None = None


def requires_auth_proxy(name: str) -> Callable[[Lab], str]:
    """Return a function for explain_omission: a sabotage does not apply to releases with another auth proxy.

    Args:
        name: The name of the auth proxy.
    """

    def explain_omission(lab: Lab) -> str:
        seen = lab.release.auth_proxy.name
        return "" if seen == name else f"the auth proxy of Kubeflow {lab.release.kubeflow} is {seen}"

    return explain_omission
