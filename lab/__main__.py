"""`python -m lab`: look at the lab that is there, run things inside of it, remove it."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from contextlib import nullcontext
from functools import partial

from embedded import site as embedded_site
from lab import lock, options, passwords, preflight, record, releases, source
from lab.errors import LabError
from lab.exit_status import ExitStatus
from lab.findings import told
from lab.folders import NAME_VARIABLE
from lab.namespace import inside_network_of
from lab.record import Record
from lab.settings import Settings, load


def main(arguments: list[str]) -> int:
    """Runs a subcommand, and gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab", description="The lab that is there.")
    parser.add_argument("--name", help=f"which of several labs on this machine, as {NAME_VARIABLE} says it, too")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, text in (
        ("status", status, "what there is of a lab"),
        ("down", down, "remove it, with all that belongs to it"),
        ("password", password, "make a bcrypt hash of a password for Dex's configuration, from a prompt"),
        ("shell", shell, "open a shell in its network, with its PATH, KUBECONFIG and DOCKER_HOST"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=lambda _, function=function: function())
    execute = commands.add_parser("exec", help="run a command inside of it: python -m lab exec -- kubectl get pods -A")
    execute.add_argument("command", nargs="+", metavar="-- COMMAND")
    execute.set_defaults(run=lambda given: run_inside(given.command))
    before = commands.add_parser("preflight", help="tell what is not fit for a run with these options; changes nothing")
    options.declare(before.add_argument)
    before.set_defaults(run=look)
    matrix = commands.add_parser("releases", help="print releases with the tools to gate them with, as JSON for CI")
    matrix.add_argument("names", nargs="*", metavar="RELEASE", help="which ones (default: all that are known)")
    matrix.set_defaults(run=lambda given: print_releases(given.names))
    given = parser.parse_args(arguments)
    if given.name is not None:
        os.environ[NAME_VARIABLE] = given.name
    try:
        return int(given.run(given))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def status() -> int:
    """Prints what there is of a lab; the exit status is 1 when there is none."""
    there = record.load()
    if there is None:
        print("there is no lab")
        return 1
    print(f"kind: {there.kind}; {'kept' if there.keep else 'goes when its run ends'}")
    if there.first_process:
        state = "runs" if there.first_process.runs() else "has ended; the next run removes what is left"
        print(f"private Docker Engine: process {there.first_process.pid} {state}")
    print(f"KUBECONFIG: {there.environment.get('KUBECONFIG')}")
    with lock.held():
        print("no run is at it")
    return 0


def down() -> int:
    """Removes the lab, unless a run is at it."""
    with lock.held():
        there = record.load()
        (there or Record(kind="none")).remove()  # a run that was killed may have left files and no record
    print("the lab is removed" if there else "there is no lab")
    return 0


def look(given: argparse.Namespace) -> int:
    """Prints all that is not fit for a run of everything; the exit status says whether a run would be refused."""
    settings = load({name: getattr(given, name) for name in Settings.model_fields})
    release = releases.load(settings.release)
    there = source.load(given.source) if given.source else source.of_the_internet(release)
    of_kit = partial(embedded_site.unfit, settings.release) if settings.lab == "embedded" else tuple
    found = preflight.findings(settings, release, there, preflight.EVERYTHING, of_kit)
    print(told(found) or "fit: nothing is in the way of a run")
    return ExitStatus.NOT_FIT if any(finding.severity == "error" for finding in found) else 0


def print_releases(names: list[str]) -> int:
    """Prints releases, and the versions of the tools that the gate of upgrades installs for each, in one line."""
    print(
        json.dumps([{"release": name, **releases.load(name).gate.model_dump()} for name in names or releases.names()])
    )
    return 0


def password() -> int:
    """Asks for a password twice, without showing it, and prints its hash."""
    first, again = (getpass.getpass(f"{prompt}: ") for prompt in ("Password", "Once more"))
    if first != again:
        raise LabError("the two are not the same", expected="the same password twice", seen="two", remedy="try again")
    print(passwords.hashed(first))
    return 0


def shell() -> int:
    """Opens the person's shell inside of the lab."""
    return run_inside([os.environ.get("SHELL", "/bin/sh")])


def run_inside(command: list[str]) -> int:
    """Becomes a command inside of the lab."""
    there = _running()
    first = there.first_process
    with inside_network_of(first.pid) if first else nullcontext():
        environment = {**os.environ, **there.environment}
        try:
            os.execvpe(command[0], command, environment)  # noqa: S606 - running what the person asked for is the point
        except OSError as error:
            raise LabError(f"{command[0]} cannot be run in the lab", seen=str(error.strerror)) from None


def _running() -> Record:
    there = record.load()
    if there is None or (there.first_process and not there.first_process.runs()):
        raise LabError(
            "there is no lab to run it in",
            expected="a lab that is up",
            seen="none",
            remedy='`make lab ARGS="--keep-lab"` builds one and leaves it up',
        )
    return there


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
