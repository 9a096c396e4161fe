"""Commands for the existing lab: inspect it, run programs in it, remove it."""

from __future__ import annotations

import os
from contextlib import nullcontext

import click

from cli.invocation import Invocation, pass_invocation
from lab.config.kinds import KINDS
from lab.config.proxies import bypass_proxies
from lab.context import RunContext
from lab.errors import LabError
from lab.host.lock import find_holder, hold_lab
from lab.host.netns import enter_network_namespace
from lab.run import state as state_module
from lab.run.state import LabState

EXEC_EXAMPLES = """\b
Examples:
  kubeflow-lab exec -- kubectl get pods -A
  kubeflow-lab exec -- docker ps
  kubeflow-lab --name second exec -- sh -c 'curl -s localhost:7080 | head'
"""


@click.command()
@click.pass_context
@pass_invocation
def status(invocation: Invocation, ctx: click.Context) -> None:
    """Show the lab, and whether a run is using it.

    The exit status is 1 if there is no lab.
    """
    paths = invocation.create_context().paths
    state = state_module.load(paths)
    if state is None:
        click.echo("there is no lab")
        ctx.exit(1)
    click.echo(f"kind: {state.kind}; {'kept' if state.keep else 'removed when its run ends'}")
    if state.first_process:
        is_running = state.first_process.is_running()
        engine = "is running" if is_running else "has ended; the next run removes the rest of the lab"
        click.echo(f"private Docker Engine: process {state.first_process.pid} {engine}")
    click.echo(f"KUBECONFIG: {state.environment.get('KUBECONFIG')}")
    holder = find_holder(paths)
    click.echo(f"in use by {holder}" if holder else "not in use")


@click.command(
    "exec",
    epilog=EXEC_EXAMPLES,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] PROGRAM [ARGUMENT]...")
@pass_invocation
def execute(invocation: Invocation, command: tuple[str, ...]) -> None:
    """Run a program in the lab, with its tools and its kubeconfig.

    The program has the lab's network, PATH, KUBECONFIG and DOCKER_HOST. Its exit status is returned.
    """
    _become(command, invocation.create_context())


@click.command()
@pass_invocation
def shell(invocation: Invocation) -> None:
    """Open a shell in the lab, with its tools and its kubeconfig.

    The shell is that of SHELL; it has the lab's network, PATH, KUBECONFIG and DOCKER_HOST.
    """
    context = invocation.create_context()
    _become((context.environment.get("SHELL", "/bin/sh"),), context)


@click.command()
@pass_invocation
def down(invocation: Invocation) -> None:
    """Remove the lab, and everything that belongs to it."""
    context = invocation.create_context()
    with hold_lab(context.paths):
        state = state_module.load(context.paths)
        # Without a state, files may still exist: a run may have been killed before it saved one.
        removed = state or LabState(kind="none")
        removed.remove(context.paths, context.create_shell(removed.environment))
    click.echo("the lab was removed" if state else "there is no lab")


def _become(command: tuple[str, ...], context: RunContext) -> None:
    """Replace this process with a program that runs in the lab.

    Raises:
        LabError: If there is no lab, or the program cannot be run.
    """
    state = load_running(context)
    first_process = state.first_process
    with enter_network_namespace(first_process.pid) if first_process else nullcontext():
        try:
            direct = bypass_proxies(context.environment, KINDS[state.kind], context.settings.subnet)
            environment = {**context.environment, **state.environment, **direct}
            os.execvpe(command[0], command, environment)
        except OSError as error:
            raise LabError(f"{command[0]} cannot be run in the lab", seen=str(error.strerror)) from None


def load_running(context: RunContext) -> LabState:
    """Return the state of the lab.

    Raises:
        LabError: If there is no lab, or its Docker Engine has ended.
    """
    state = state_module.load(context.paths)
    if state is None or (state.first_process and not state.first_process.is_running()):
        raise LabError(
            "there is no lab to run a program in",
            expected="a running lab",
            seen="none" if state is None else "a lab whose Docker Engine has ended",
            remedy='`make lab ARGS="--keep-lab"` installs one and keeps it',
        )
    return state
