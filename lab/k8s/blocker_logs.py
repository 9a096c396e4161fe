"""Blockers for users, with the log of a container that crashes."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import LabError
from lab.k8s.blockers import CRASH_TOPIC, Blocker
from lab.run.shell import Shell

SHOWN = 12
"""The number of blockers that an error names."""
LOG_LINES = 10
LOG_TIMEOUT = 4
"""Seconds for one attempt to read a log: with two attempts, an error still appears within 30 s of its cause."""


def describe_blockers(blockers: Sequence[Blocker], shell: Shell) -> list[str]:
    """Return lines that name the first blockers, with the log of the first container that crashes."""
    lines = [str(blocker) for blocker in blockers[:SHOWN]]
    if len(blockers) > SHOWN:
        lines.append(f"and {len(blockers) - SHOWN} more")
    if crashing := next((blocker for blocker in blockers if blocker.explanation.topic == CRASH_TOPIC), None):
        lines += [f"the last lines of the log of {crashing.pod}:", _read_log(shell, crashing)]
    return lines


def _read_log(shell: Shell, crashing: Blocker) -> str:
    """Return the log of the crashed container; if a new instance has just started, that of the previous one."""
    namespace, _, pod = crashing.pod.partition("/")
    command = ["kubectl", "logs", "--namespace", namespace, pod]
    command += [f"--container={crashing.container}", f"--tail={LOG_LINES}"]
    for options in ([], ["--previous"]):
        try:
            text = shell.run(*command, *options, timeout=LOG_TIMEOUT).output.strip()
        except LabError:
            continue
        if text:
            return text
    return "(no log available)"
