"""`python -m tests.clusters.killed_runs`: kills runs with SIGKILL; `kubeflow-lab clean` must delete what they leave.

Each chapter that creates objects is run on a kept lab with `--lab existing`. As soon as the first object of the chapter
exists, and after a random pause, the run is killed. Then `kubeflow-lab clean` runs, and every kind of object that can
be listed is searched for names and labels of the suite. Objects of other people that look alike must not be deleted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.config.exit_status import ExitStatus
from lab.context import Lab
from lab.errors import WaitError
from lab.k8s.objects import Object, ObjectRef
from lab.layers.temporary_objects import CHAPTERS, KINDS, LABELS, PREFIX
from lab.run.waiting import poll, wait_until
from tools import REPORTS, REPOSITORY
from tools.existing_cluster import build_environment
from tools.kept_lab import run_on_lab

LOGS = REPORTS / "killed-runs"
RUN_TIMEOUT = 600
CLEAN_TIMEOUT = 300
MAX_PAUSE = 0.6
"""Seconds between the first object of a chapter and the kill, at most."""
GONE_TIMEOUT = 120
"""Seconds for Kubernetes to delete what belonged to deleted objects, such as the pod of a notebook."""
FOREIGN: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("v1", "ConfigMap", f"{PREFIX}notes", {}),
    ("v1", "PersistentVolumeClaim", f"{PREFIX}1a2b3c4d", {}),
    ("v1", "Service", "web", LABELS),
    ("v1", "PersistentVolumeClaim", "data", LABELS),
)
"""Objects of other people: with the prefix only, or with the label only."""


def main(arguments: Sequence[str]) -> int:
    """Run the trial on the kept lab, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.clusters.killed_runs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="kills per chapter")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="seed of the pauses")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    problems: list[str] = []

    def experiment(lab: Lab) -> None:
        problems.extend(_try(lab, options.rounds, random.Random(options.seed)))

    status = run_on_lab(experiment, LOGS)
    for problem in problems:
        print(f"FAILED: {problem}", flush=True)
    return ExitStatus.FAILED if problems else status


def _try(lab: Lab, rounds: int, pauses: random.Random) -> Iterator[str]:
    """Yield what is not as expected."""
    with tempfile.TemporaryDirectory() as directory, _foreign_objects(lab) as foreign:
        kubeconfig = Path(lab.state.environment["KUBECONFIG"])
        environment = build_environment(lab, [kubeconfig], Path(directory, "cache"))
        for number in range(1, rounds + 1):
            for chapter in CHAPTERS:
                yield from _kill_and_clean(chapter, number, lab, environment, pauses, foreign)
        output = _clean(lab, environment)
        print(f"clean, again: {output}", flush=True)
        if "have left nothing" not in output:
            yield f"clean deletes something a second time: {output}"


def _kill_and_clean(
    chapter: str,
    number: int,
    lab: Lab,
    environment: Mapping[str, str],
    pauses: random.Random,
    foreign: Sequence[ObjectRef],
) -> Iterator[str]:
    shell = lab.create_shell({**environment, "PYTHONUNBUFFERED": "1"}, REPOSITORY)
    log_file = LOGS / f"{chapter}-{number}.log"
    process = shell.start(sys.executable, "-m", "pytest", "-m", f"{chapter} and creates", log_file=log_file)
    try:
        wait_until(
            poll(lambda: (_list_of_chapter(chapter, lab, foreign), process.poll()), every=0.05),
            satisfied=lambda seen: bool(seen[0]),
            unrecoverable=lambda seen: None if seen[1] is None else f"the run has ended with exit status {seen[1]}",
            describe=lambda _: "no object of the chapter",
            timeout=RUN_TIMEOUT,
            waiting_for=f"a run of the chapter {chapter} to create an object",
            journal=lab.journal,
            remedy=f"read {log_file}",
        )
        pause = pauses.uniform(0, MAX_PAUSE)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=pause)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    print(f"{chapter}, round {number}: killed {pause:.2f} s after the first object", flush=True)
    print("  left: " + ", ".join(_find_own(lab, foreign)), flush=True)
    for line in _clean(lab, environment).splitlines():
        print(f"  clean: {line}", flush=True)
    try:
        wait_until(
            poll(lambda: _find_own(lab, foreign), every=1),
            satisfied=lambda left: not left,
            describe=", ".join,
            timeout=GONE_TIMEOUT,
            waiting_for=f"everything that a killed run of the chapter {chapter} has created to be gone",
            journal=lab.journal,
        )
        print("  left: nothing", flush=True)
    except WaitError as error:
        yield f"{chapter}, round {number}: {error}"
    missing = [ref for ref in foreign if lab.kube.get(ref.kind, ref.name, ref.namespace) is None]
    if missing:
        yield f"{chapter}, round {number}: objects of other people were deleted: {', '.join(map(str, missing))}"


def _list_of_chapter(chapter: str, lab: Lab, foreign: Sequence[ObjectRef]) -> list[ObjectRef]:
    kinds = {each.kind for each in KINDS if each.chapter == chapter and not each.is_for_installed}
    refs = (ObjectRef.from_object(obj) for kind in kinds for obj in lab.kube.list_objects(kind))
    return [ref for ref in refs if ref.name.startswith(PREFIX) and ref not in foreign]


def _clean(lab: Lab, environment: Mapping[str, str]) -> str:
    shell = lab.create_shell(environment, REPOSITORY)
    return shell.run(sys.executable, "-m", "lab", "clean", "--lab", "existing", timeout=CLEAN_TIMEOUT).output.strip()


def _find_own(lab: Lab, foreign: Sequence[ObjectRef]) -> list[str]:
    """Return all objects with the suite's prefix or label, of every kind that can be listed, except events."""
    listed = lab.shell.run("kubectl", "api-resources", "--verbs=list", "--output=name").output.split()
    resources = [name for name in listed if name.partition(".")[0] not in ("events", "componentstatuses")]
    command = ("kubectl", "get", ",".join(resources), "--all-namespaces", "--output=json", "--ignore-not-found")
    objects: list[Object] = json.loads(lab.shell.run(*command, allow_failure=True).output)["items"]
    own = []
    for obj in objects:
        metadata = obj["metadata"]
        has_label = (metadata.get("labels") or {}).items() >= LABELS.items()
        texts = (metadata["name"], metadata.get("namespace", ""))
        if (has_label or any(text.startswith(PREFIX) for text in texts)) and ObjectRef.from_object(obj) not in foreign:
            own.append(str(ObjectRef.from_object(obj)))
    return sorted(own)


@contextmanager
def _foreign_objects(lab: Lab) -> Iterator[list[ObjectRef]]:
    """Create objects of other people, which nothing may delete; they are deleted at the end."""
    namespace = "default"
    specs: dict[str, Object] = {
        "Service": {"spec": {"ports": [{"port": 80}]}},
        "PersistentVolumeClaim": {
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
        },
    }
    refs = [ObjectRef(kind, name, namespace) for _, kind, name, _ in FOREIGN]
    for api_version, kind, name, labels in FOREIGN:
        metadata = {"name": name, "namespace": namespace, "labels": dict(labels)}
        obj = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **specs.get(kind, {})}
        if reason := lab.kube.apply(obj):
            raise AssertionError(reason)
    try:
        yield refs
    finally:
        for ref in refs:
            lab.kube.delete(ref)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
