"""The command `clean`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import get_args

import click

from cli.invocation import Invocation, pass_invocation
from cli.lab import load_running
from lab.config.settings import Settings
from lab.context import Lab, RunContext, open_existing_lab
from lab.errors import PermissionDeniedError
from lab.host.lock import hold_lab
from lab.host.netns import enter_network_namespace
from lab.k8s.objects import ObjectRef
from lab.layers.temporary_objects import CHAPTERS, delete_leftovers, list_objects, wait_until_deleted

KINDS = get_args(Settings.model_fields["lab"].annotation)


@click.command()
@click.option(
    "--lab",
    type=click.Choice(KINDS),
    help="Kind of lab; existing: the cluster of KUBECONFIG (default: a kept lab).",
)
@pass_invocation
def clean(invocation: Invocation, lab: str | None) -> None:
    """Delete what killed runs have left in a cluster, and print it.

    These are temporary objects of scenarios: their names begin with kubeflow-lab-, and they have the label
    app.kubernetes.io/managed-by=kubeflow-lab. Nothing else is deleted.
    """
    context = invocation.create_context(lab=lab)
    with hold_lab(context.paths), _open_lab(context) as opened:
        refs, denials = _find_leftovers(opened)
        delete_leftovers(opened, refs)
        wait_until_deleted(opened.kube, refs, opened.journal)
    for ref in refs:
        click.echo(f"deleted: {ref}")
    if denials:
        raise denials[0]
    if not refs:
        click.echo("interrupted runs have left nothing")


def _find_leftovers(lab: Lab) -> tuple[list[ObjectRef], list[PermissionDeniedError]]:
    """Return the leftovers of all chapters, and the errors about kinds that the user may not list."""
    refs: list[ObjectRef] = []
    denials: list[PermissionDeniedError] = []
    for chapter in CHAPTERS:
        try:
            refs += map(ObjectRef.from_object, list_objects(lab, chapter))
        except PermissionDeniedError as error:
            denials.append(error)
    return refs, denials


@contextmanager
def _open_lab(context: RunContext) -> Iterator[Lab]:
    """Open the existing cluster of KUBECONFIG, or the lab that an earlier run has kept."""
    if not context.settings.kind.is_installed:
        with open_existing_lab(context) as lab:
            yield lab
        return
    state = load_running(context)
    first_process = state.first_process
    with enter_network_namespace(first_process.pid) if first_process else nullcontext():
        yield Lab.from_context(context, state)
