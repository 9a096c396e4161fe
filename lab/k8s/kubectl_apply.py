"""Applying manifests with kubectl as the tutorial does, in rounds, until the API server has accepted all objects.

A first round must fail in part: the API server rejects objects whose CRD is created in the same round, and objects
whose webhook does not run yet. These are applied again. A rejection whose cause cannot disappear ends the loop.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError, WaitTimeoutError
from lab.k8s.apply_queue import ApplyQueue
from lab.k8s.blocker_logs import describe_blockers
from lab.k8s.blocker_tracker import PATIENCE
from lab.k8s.blockers import Blocker
from lab.k8s.client import Kube
from lab.k8s.documents import Document, join_documents, split_documents
from lab.k8s.kubectl_rejections import Rejection, count_accepted, name_subjects, parse_rejections
from lab.k8s.objects import Object, get_nested
from lab.k8s.rejection_causes import Definitions, Outlook
from lab.k8s.rejection_tracing import RejectionTracer
from lab.run.shell import Shell
from lab.run.waiting import Unrecoverable, poll, wait_until

STRAY_LINE = re.compile(r"^# Warning: .*|^.*well-defined vars that were never replaced.*$")
"""A line that kustomize 5.0.0 prints among the manifests (kustomize issue 5039), and that is not YAML."""
APPLY_TIMEOUT = 300
SHOWN = 12
"""The number of rejections that an error names."""

CRD = "CustomResourceDefinition"


@dataclass(frozen=True)
class ApplyRound:
    """The state after a round.

    Args:
        accepted: The number of objects that were accepted in this and in earlier rounds.
        total: The number of objects.
        left_out: The number of objects that are not accepted yet and that this round did not apply.
        rejections: The rejections of this round.
        permanent: Those of them whose cause does not disappear.
        blockers: The blockers of the objects that the rejections wait for, if one of them has lasted too long.
        awaited: Texts about these objects.
        number: The number of the round.
    """

    accepted: int
    total: int
    left_out: int = 0
    rejections: tuple[Rejection, ...] = ()
    permanent: tuple[Rejection, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    awaited: tuple[str, ...] = ()
    number: int = 0


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
    return run_kustomize(shell, tree / target)


def run_kustomize(shell: Shell, directory: Path) -> str:
    """Return the output of `kustomize build` for a directory that exists, without kustomize's stray line.

    Raises:
        LabError: If kustomize fails.
    """
    result = shell.run(
        "kustomize",
        "build",
        directory,
        timeout=APPLY_TIMEOUT,
        remedy="if it does not know the field sortOptions, install kustomize 5 or newer; otherwise correct the file "
        "that it names: each object needs kind and metadata.name, and metadata.generateName does not replace the name",
    )
    return "".join(line for line in result.output.splitlines(keepends=True) if not STRAY_LINE.match(line))


def apply_in_rounds(
    shell: Shell,
    manifests: str,
    log_directory: Path,
    *,
    timeout: float,
    server_side: bool,
    report: Callable[[str], None],
    kube: Kube | None = None,
    patience: float = PATIENCE,
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
        report: Receives the result of a round if the number of accepted objects or the causes of the rejections have
            changed, and which object is waited for.
        kube: The API of the cluster, to follow rejections to the objects that cause them; without it, a rejection that
            names no permanent cause counts as transient.
        patience: Seconds for which a cause may last that either disappears soon, or never.

    Returns:
        The last round.

    Raises:
        UnrecoverableError: If the cause of a rejection cannot disappear.
        WaitTimeoutError: If the time is up.
    """
    log_directory.mkdir(parents=True, exist_ok=True)
    options = ("--server-side", "--force-conflicts") if server_side else ()
    loop = _ApplyLoop(shell, manifests, log_directory, options, report, kube, patience)
    logs = f"read the output of each round in {log_directory}"
    try:
        return wait_until(
            poll(loop.run_round, every=0.5),
            satisfied=lambda result: result.accepted == result.total,
            unrecoverable=lambda result: _find_dead_ends(result, shell),
            describe=_describe_round,
            timeout=timeout,
            waiting_for="the API server to accept all objects",
            journal=shell.journal,
            remedy=logs,
        )
    except WaitTimeoutError as error:
        remedies = dict.fromkeys(group[0].remedy for group in _group_by_cause(loop.last.rejections).values())
        shown = [*filter(None, remedies)][:SHOWN]
        raise WaitTimeoutError(error.headline, seen=error.seen, remedy="\n".join([*shown, logs])) from None


class _ApplyLoop:
    """Repeated rounds of `kubectl apply`, each with the objects that were not accepted in the rounds before.

    Attributes:
        last: The last round.
    """

    def __init__(
        self,
        shell: Shell,
        manifests: str,
        log_directory: Path,
        options: Sequence[str],
        report: Callable[[str], None],
        kube: Kube | None,
        patience: float,
    ) -> None:
        self._shell, self._log_directory, self._options, self._report = shell, log_directory, options, report
        self._documents = split_documents(manifests)
        self._queue = ApplyQueue(self._documents)
        objects = [obj for obj, _ in self._documents]
        self._definitions = Definitions.from_objects(objects)
        self._tracer = RejectionTracer(kube, objects, patience) if kube else None
        self._patience = patience
        self._number = 0
        self.last = ApplyRound(0, len(self._documents))
        self._first_seen: dict[str, float] = {}
        self._reported: object = None
        self._awaited: set[str] = set()

    def run_round(self) -> ApplyRound:
        """Run one round, and report its result if it differs from the last reported one."""
        self._number += 1
        command = ["kubectl", "apply", *self._options, "-f", "-"]
        sent, left_out = self._queue.next, self._queue.left_out
        manifests = join_documents(text for _, text in sent)
        result = self._shell.run(*command, stdin=manifests, allow_failure=True, timeout=APPLY_TIMEOUT)
        (self._log_directory / f"round-{self._number}.log").write_text(result.output + result.errors)
        rejections = parse_rejections(result.errors, result.exit_status, self._definitions)
        rejected = select_rejected(sent, result.output) if rejections else []
        rejections = name_subjects(rejections, [obj for obj, _ in rejected])
        permanent = self._find_permanent(rejections)
        trace = self._tracer.trace(rejections) if self._tracer and rejections else None
        if rejections:
            rejected = rejected or sent
        self._queue.update(self._select_again(rejected, rejections))
        total = len(self._documents)
        state = ApplyRound(
            total - len(rejected) - left_out,
            total,
            left_out,
            tuple(rejections),
            tuple(permanent),
            trace.lasting if trace else (),
            trace.awaited if trace else (),
            self._number,
        )
        self._report_changes(state)
        self.last = state
        return state

    def _find_permanent(self, rejections: Sequence[Rejection]) -> list[Rejection]:
        """Return the rejections whose cause does not disappear, or should have disappeared by now."""
        now = time.monotonic()
        causes = {rejection.cause.summary for rejection in rejections}
        self._first_seen = {summary: self._first_seen.get(summary, now) for summary in causes}
        return [
            rejection
            for rejection in rejections
            if rejection.cause.outlook is Outlook.PERMANENT
            or (rejection.cause.outlook is Outlook.LASTING and self._age(rejection) >= self._patience)
        ]

    def _age(self, rejection: Rejection) -> float:
        """Return the seconds since the first of the successive rounds with this cause."""
        return time.monotonic() - self._first_seen[rejection.cause.summary]

    def _select_again(self, rejected: Sequence[Document], rejections: Sequence[Rejection]) -> set[str]:
        """Return the texts of the objects to apply again.

        An object in a namespace that is being deleted disappears with it, although it was accepted; so does a CRD. Both
        are applied again.
        """
        namespaces = {rejection.cause.namespace for rejection in rejections if rejection.cause.namespace}
        lost_kinds = {
            rejection.cause.kind[1]
            for rejection in rejections
            if rejection.cause.kind and self._age(rejection) >= self._patience / 2
        }
        deleted = any("custom resource definition is terminating" in rejection.text for rejection in rejections)
        texts = {text for _, text in rejected}
        return {
            text
            for obj, text in self._documents
            if text in texts
            or get_nested(obj, "metadata", "namespace") in namespaces
            or (obj["kind"] == "Namespace" and get_nested(obj, "metadata", "name") in namespaces)
            or (obj["kind"] == CRD and (deleted or get_nested(obj, "spec", "names", "kind") in lost_kinds))
        }

    def _report_changes(self, state: ApplyRound) -> None:
        changed = (state.accepted, frozenset(rejection.cause.summary for rejection in state.rejections))
        if changed != self._reported:
            self._reported = changed
            self._report(f"round {self._number}: {_count_objects(state)}{_list_causes(state.rejections)}")
        for text in state.awaited:
            if text not in self._awaited:
                self._awaited.add(text)
                self._report(f"waiting for {text}")


def select_rejected(documents: Sequence[Document], output: str) -> list[Document]:
    """Return the documents whose objects kubectl has not accepted.

    Args:
        documents: Objects and texts, in the order in which kubectl read them.
        output: kubectl's standard output. It does not contain namespaces; therefore, if one of several objects with the
            same name was not accepted, all of them are returned.
    """
    accepted = count_accepted(output)
    names = [_format_as_kubectl(obj) for obj, _ in documents]
    total = Counter(names)
    return [document for name, document in zip(names, documents, strict=True) if accepted[name] < total[name]]


def _format_as_kubectl(obj: Object) -> str:
    """Return the name of an object as kubectl prints it, as in deployment.apps/dex."""
    group = obj["apiVersion"].rpartition("/")[0]
    return f"{obj['kind'].lower()}{'.' if group else ''}{group}/{get_nested(obj, 'metadata', 'name')}"


def _find_dead_ends(result: ApplyRound, shell: Shell) -> Unrecoverable | None:
    """Return the rejections and the blockers that end the loop, with their remedies."""
    if not result.permanent and not result.blockers:
        return None
    lines = list(map(str, result.permanent[:SHOWN]))
    if len(result.permanent) > SHOWN:
        lines.append(f"and {len(result.permanent) - SHOWN} more")
    elif not result.permanent:
        lines += describe_blockers(result.blockers, shell)
        lines += [f"waiting for {text}" for text in result.awaited[:SHOWN]]
    remedies = [rejection.remedy for rejection in result.permanent[:SHOWN]]
    if not result.permanent:
        remedies = [blocker.explanation.remedy for blocker in result.blockers[:SHOWN]]
    return Unrecoverable("\n".join(lines), "\n".join(dict.fromkeys(remedies)))


def _describe_round(result: ApplyRound) -> str:
    """Return the number of objects and the causes, with examples unless the error names the rejections anyway."""
    lines = [f"{_count_objects(result)}{_list_causes(result.rejections)}"]
    if not result.permanent and not result.blockers:
        lines += [str(group[0]) for group in _group_by_cause(result.rejections).values()][:SHOWN]
        lines += [f"waiting for {text}" for text in result.awaited[:SHOWN]]
    return "\n".join(lines)


def _count_objects(result: ApplyRound) -> str:
    counts = ((len(result.rejections), "rejected"), (result.left_out, "to be applied later"))
    texts = (f"{number} {state}" for number, state in counts if number)
    return ", ".join([f"{result.accepted} of {result.total} objects accepted", *texts])


def _list_causes(rejections: Sequence[Rejection]) -> str:
    """Return the causes with their counts and an example, most frequent first; empty if there are none."""
    groups = sorted(_group_by_cause(rejections).items(), key=lambda item: -len(item[1]))
    texts = []
    for summary, group in groups[:SHOWN]:
        example = f", e.g. {group[0].subject}" if group[0].subject else ""
        texts.append(f"{summary} ({len(group)}{example})")
    if len(groups) > SHOWN:
        texts.append(f"and {len(groups) - SHOWN} more causes")
    return f": {', '.join(texts)}" if texts else ""


def _group_by_cause(rejections: Iterable[Rejection]) -> dict[str, list[Rejection]]:
    groups: dict[str, list[Rejection]] = {}
    for rejection in rejections:
        groups.setdefault(rejection.cause.summary, []).append(rejection)
    return groups
