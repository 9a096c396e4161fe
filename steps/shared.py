"""Steps that several features use."""

from __future__ import annotations

from pytest_bdd import then

from lab.helm import HelmRelease


@then("its Helm release is deployed at the version that this release pins")
def deployed(helm_release: HelmRelease) -> None:
    """An unpinned chart changes from one day to the next."""
    wrong = helm_release.wrong()
    assert wrong is None, wrong
