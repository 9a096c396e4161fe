"""Applying manifests with kubectl as the tutorial does, in rounds, and interpreting the output of each round.

A first round must fail in part: the API server rejects objects whose CRD is created in the same round, and objects
whose webhook does not run yet. These are applied again. A permanent rejection ends the loop immediately.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from lab.errors import LabError
from lab.k8s.objects import Object
from lab.run.shell import Shell
from lab.run.waiting import poll, wait_until

STRAY_LINE = re.compile(r"^# Warning: .*|^.*well-defined vars that were never replaced.*$")
"""A line that kustomize 5.0.0 prints among the manifests (kustomize issue 5039), and that is not YAML."""
APPLY_TIMEOUT = 300
SHOWN = 12
"""The number of rejections that an error names."""

ACCEPTED = (" created", " configured", " unchanged", " serverside-applied")
SEPARATOR = re.compile(r"(?m)^---\s*$")
CONTENT = re.compile(r"(?m)^[^#\s]")
"""Matches a YAML document that does not consist of comments only."""
NO_KIND = re.compile(r'no matches for kind "(?P<kind>[^"]+)" in version "(?P<version>[^"]+)"')
TRANSIENT = ("connection refused", "because it is being terminated")
"""Parts of messages about transient rejections: the API server is down, or a namespace is still being deleted."""
PERMANENT = {
    "Too long:": "its annotation for client-side apply would be too long; it requires --server-side",
    "(Forbidden)": "this user is not allowed to apply it",
    "(Invalid)": "the object is invalid",
    " is invalid:": "the object is invalid",
    "(BadRequest)": "the object cannot be decoded",
    "error validating": "the object is invalid",
    "error parsing": "the object is not valid YAML",
}
"""Meanings of permanent rejections, by a part of kubectl's message."""


@dataclass(frozen=True)
class Rejection:
    """A rejected object of one round.

    Args:
        text: kubectl's message.
        permanent_reason: The reason why another round does not help; empty if it may help.
    """

    text: str
    permanent_reason: str = ""


@dataclass(frozen=True)
class ApplyRound:
    """The result of one round: the number of accepted objects, and the rejections."""

    accepted: int
    rejections: tuple[Rejection, ...]


def build_manifests(shell: Shell, tree: Path, target: str) -> str:
    """Return the output of `kustomize build`, without kustomize's stray line.

    Args:
        shell: Runs kustomize.
        tree: The directory of the manifests.
        target: The directory to build, relative to the tree.

    Raises:
        LabError: If the directory does not exist, or kustomize fails.
    """
    if not (tree / target).is_dir():
        raise LabError(
            f"the manifests have no directory {target}",
            expected=f"{tree / target}, with a kustomization",
            seen=f"the directories {', '.join(sorted(path.name for path in tree.iterdir() if path.is_dir()))}",
            remedy="use a tree with the layout of Kubeflow's manifests",
        )
    result = shell.run(
        "kustomize",
        "build",
        tree / target,
        timeout=APPLY_TIMEOUT,
        remedy="install kustomize 5 or newer: Kubeflow's manifests use its field sortOptions",
    )
    return "".join(line for line in result.output.splitlines(keepends=True) if not STRAY_LINE.match(line))


@lru_cache(maxsize=4)
def parse_documents(manifests: str) -> tuple[Object, ...]:
    """Return the objects of YAML documents; the last results are cached: parsing Kubeflow's tree takes seconds."""
    return tuple(obj for obj in yaml.load_all(manifests, yaml.CSafeLoader) if obj)


def apply_in_rounds(
    shell: Shell,
    manifests: str,
    log_directory: Path,
    *,
    timeout: float,
    server_side: bool,
    report: Callable[[str], None],
) -> ApplyRound:
    """Apply manifests repeatedly until all objects are accepted, as the tutorial's loop does, but with a limit.

    Each round applies only the objects that were not accepted yet, since checking the others again takes longer than
    everything else.

    Args:
        shell: Runs kubectl.
        manifests: YAML documents.
        log_directory: The directory for the output of each round, in round-1.log and so on.
        timeout: Seconds after which no further round is started.
        server_side: Whether the release's manifests require server-side apply.
        report: Receives the result of each round.

    Returns:
        The last round.

    Raises:
        UnrecoverableError: If an object is rejected permanently.
        WaitTimeoutError: If the time is up.
    """
    log_directory.mkdir(parents=True, exist_ok=True)
    options = ("--server-side", "--force-conflicts") if server_side else ()
    return wait_until(
        poll(_ApplyLoop(shell, manifests, log_directory, options, report).run_round, every=0.5),
        satisfied=lambda result: not result.rejections,
        unrecoverable=_describe_permanent_rejections,
        describe=_describe_round,
        timeout=timeout,
        waiting_for="the API server to accept all objects",
        journal=shell.journal,
        remedy=f"read the output of each round in {log_directory}",
    )


class _ApplyLoop:
    """Repeated rounds of `kubectl apply`, each with the objects that were not accepted in the rounds before."""

    def __init__(
        self, shell: Shell, manifests: str, log_directory: Path, options: Sequence[str], report: Callable[[str], None]
    ) -> None:
        self._shell, self._log_directory, self._options, self._report = shell, log_directory, options, report
        self._crd_kinds = list_crd_kinds(parse_documents(manifests))
        self._remaining = manifests
        self._number = 0

    def run_round(self) -> ApplyRound:
        """Run one round, and report its result."""
        self._number += 1
        command = ["kubectl", "apply", *self._options, "-f", "-"]
        result = self._shell.run(*command, stdin=self._remaining, allow_failure=True, timeout=APPLY_TIMEOUT)
        self._remaining = select_rejected(self._remaining, result.output) or self._remaining
        (self._log_directory / f"round-{self._number}.log").write_text(result.output + result.errors)
        parsed = parse_kubectl_output(result.output, result.errors, self._crd_kinds)
        self._report(f"round {self._number}: {_count_objects(parsed)}")
        return parsed


def select_rejected(manifests: str, output: str) -> str:
    """Return the part of the manifests that kubectl has not accepted; empty if it has accepted all.

    Args:
        manifests: YAML documents, one object each.
        output: kubectl's standard output. It does not contain namespaces; therefore, if one of several objects with the
            same name was not accepted, all of them are returned.
    """
    accepted = Counter(line.rpartition(" ")[0] for line in output.splitlines() if line.endswith(ACCEPTED))
    named = [(_format_as_kubectl(obj), text) for obj, text in split_documents(manifests)]
    total = Counter(name for name, _ in named)
    return join_documents(text for name, text in named if accepted[name] < total[name])


def split_documents(manifests: str) -> list[tuple[Object, str]]:
    """Return the object and the text of each YAML document; each document has one object."""
    texts = [text for text in SEPARATOR.split(manifests) if CONTENT.search(text)]
    return list(zip(parse_documents(manifests), texts, strict=True))


def join_documents(texts: Iterable[str]) -> str:
    """Return one text with several YAML documents."""
    return "---\n".join(f"{text.strip()}\n" for text in texts)


def _format_as_kubectl(obj: Object) -> str:
    """Return the name of an object as kubectl prints it, as in deployment.apps/dex."""
    group = obj["apiVersion"].rpartition("/")[0]
    return f"{obj['kind'].lower()}{'.' if group else ''}{group}/{obj['metadata']['name']}"


def parse_kubectl_output(output: str, errors: str, crd_kinds: set[tuple[str, str]]) -> ApplyRound:
    """Parse the output of one round.

    Args:
        output: kubectl's standard output, with a line for each accepted object.
        errors: kubectl's standard error.
        crd_kinds: Group and kind of everything that the CRDs among the manifests define.
    """
    accepted = sum(line.endswith(ACCEPTED) for line in output.splitlines())
    rejections = [_parse_rejection(line, crd_kinds) for line in errors.splitlines() if _is_rejection(line)]
    return ApplyRound(accepted, tuple(rejections))


def list_crd_kinds(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """Return group and kind of everything that the CRDs among the objects define."""
    return {
        (obj["spec"]["group"], obj["spec"]["names"]["kind"])
        for obj in objects
        if obj["kind"] == "CustomResourceDefinition"
    }


def _is_rejection(line: str) -> bool:
    """Return whether a line of standard error is a rejection; others are warnings, and advice about a missing kind."""
    return bool(line.strip()) and not line.startswith(("Warning:", "ensure CRDs are installed first"))


def _parse_rejection(line: str, crd_kinds: set[tuple[str, str]]) -> Rejection:
    if unknown := NO_KIND.search(line):
        kind, version = unknown["kind"], unknown["version"]
        is_defined = (version.rpartition("/")[0], kind) in crd_kinds
        return Rejection(line, "" if is_defined else f"this Kubernetes does not serve {kind} in {version}")
    if any(part in line for part in TRANSIENT):
        return Rejection(line)
    return Rejection(line, next((meaning for part, meaning in PERMANENT.items() if part in line), ""))


def _describe_permanent_rejections(result: ApplyRound) -> str | None:
    permanent = [rejection for rejection in result.rejections if rejection.permanent_reason]
    return "\n".join(f"{rejection.permanent_reason}: {rejection.text}" for rejection in permanent[:SHOWN]) or None


def _describe_round(result: ApplyRound) -> str:
    return "\n".join([_count_objects(result), *(rejection.text for rejection in result.rejections[:SHOWN])])


def _count_objects(result: ApplyRound) -> str:
    return f"{result.accepted} objects accepted, {len(result.rejections)} rejected"
