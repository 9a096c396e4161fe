"""What can be done to a lab and taken back: each step is a context manager, and what it leaves is as it was."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import yaml

from lab.kube import Kube, Object
from lab.settings import Settings
from lab.terminal import Terminal

REPLACED = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
"""Fields of metadata by which the API server tells one state of an object from another: it sets them itself."""


@dataclass(frozen=True)
class Ground:
    """The lab that is broken: a terminal in it, its API, and the addresses that it has."""

    terminal: Terminal
    kube: Kube
    settings: Settings


Step = Callable[[Ground], AbstractContextManager[None]]


def done(command: str, undo: str) -> Step:
    """A command, and the one that takes it back, as a person would type them, without a shell."""

    @contextmanager
    def step(ground: Ground) -> Iterator[None]:
        try:
            ground.terminal.run(*shlex.split(command))
            yield
        finally:
            ground.terminal.run(*shlex.split(undo))

    return step


def made(*objects: Object) -> Step:
    """Objects that are not there otherwise."""
    manifest = yaml.safe_dump_all(objects)

    @contextmanager
    def step(ground: Ground) -> Iterator[None]:
        try:
            ground.terminal.run("kubectl", "apply", "-f", "-", stdin=manifest)
            yield
        finally:
            ground.terminal.run("kubectl", "delete", "--ignore-not-found", "-f", "-", stdin=manifest)

    return step


def kept(one: str, *commands: str) -> Step:
    """Commands that change or delete an object, which is put back as it was.

    Arguments:
        one: the object, as NAMESPACE/RESOURCE/NAME, or RESOURCE/NAME where it is in no namespace.
        commands: what is done to it.
    """

    @contextmanager
    def step(ground: Ground) -> Iterator[None]:
        before = _get(one, ground)
        try:
            for command in commands:
                ground.terminal.run(*shlex.split(command))
            yield
        finally:
            _put(before, one, ground)

    return step


def scaled_to_nothing(one: str) -> Step:
    """A workload without pods."""
    return kept(one, f"kubectl scale --replicas=0 {shlex.join(_named(one))}")


def deleted(one: str) -> Step:
    """An object that is gone."""
    return kept(one, f"kubectl delete {shlex.join(_named(one))}")


def edited(one: str, old: str, new: str, restarts: str = "") -> Step:
    """An object with another text in it.

    Arguments:
        one: the object, as NAMESPACE/RESOURCE/NAME, or RESOURCE/NAME where it is in no namespace.
        old, new: a regular expression for the text in the object's JSON, and what replaces it wherever it is.
        restarts: the workload that reads the object only when it starts; empty if none does.
    """

    @contextmanager
    def step(ground: Ground) -> Iterator[None]:
        before = _get(one, ground)
        after = re.sub(old, new, text := json.dumps(before))
        if after == text:
            raise ValueError(f"{one} has no {old!r} that could be changed")
        try:
            _put(json.loads(after), one, ground)
            _restart(restarts, ground)
            yield
        finally:
            _put(before, one, ground)
            _restart(restarts, ground)

    return step


def _named(one: str) -> list[str]:
    """The arguments by which kubectl finds an object."""
    *namespace, resource, name = one.split("/")
    return [resource, name, *(("--namespace", *namespace) if namespace else ())]


def _get(one: str, ground: Ground) -> Object:
    found: Object = json.loads(ground.terminal.run("kubectl", "get", "--output=json", *_named(one)).output)
    metadata = {key: value for key, value in found["metadata"].items() if key not in REPLACED}
    return {**{key: value for key, value in found.items() if key != "status"}, "metadata": metadata}


def _put(wanted: Object, one: str, ground: Ground) -> None:
    there = ground.terminal.run("kubectl", "get", "--ignore-not-found", "--output=name", *_named(one)).output.strip()
    ground.terminal.run("kubectl", "replace" if there else "create", "-f", "-", stdin=json.dumps(wanted))


def _restart(workload: str, ground: Ground) -> None:
    if workload:
        ground.terminal.run("kubectl", "rollout", "restart", *_named(workload))
