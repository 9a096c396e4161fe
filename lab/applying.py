"""Applying a tree of manifests as the tutorial does, in rounds, and knowing what each round says.

A first round must fail in part: objects whose CRD came in the same round, or whose webhook does not run yet, are
refused. Those are tried again. What will be refused for good ends the loop at once, with the objects named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from lab.errors import LabError
from lab.kube import Object
from lab.terminal import Terminal
from lab.waiting import polling, wait_until

STRAY = re.compile(r"^# Warning: .*|^.*well-defined vars that were never replaced.*$")
"""What kustomize 5.0.0 prints among the manifests (kustomize issue 5039): a line of its own, which is no YAML."""
APPLY_TIMEOUT = 300
SHOWN = 12
"""How many refusals an error names."""

ACCEPTED = (" created", " configured", " unchanged", " serverside-applied")
SEPARATOR = re.compile(r"(?m)^---\s*$")
CONTENT = re.compile(r"(?m)^[^#\s]")
"""What a YAML document has that is more than comments."""
NO_KIND = re.compile(r'no matches for kind "(?P<kind>[^"]+)" in version "(?P<version>[^"]+)"')
PASSING = ("connection refused", "because it is being terminated")
"""Signs that a refusal passes, whatever else it says: the API server is down, or a namespace is still going."""
PERMANENT = {
    "Too long:": "its annotation for client-side apply would be too long; this needs --server-side",
    "(Forbidden)": "this user may not",
    "(Invalid)": "the object is not valid",
    " is invalid:": "the object is not valid",
    "(BadRequest)": "the object cannot be read",
    "error validating": "the object is not valid",
    "error parsing": "the object is no YAML",
}
"""Signs of a refusal that another round does not change, and what they mean."""


@dataclass(frozen=True)
class Refusal:
    """One refusal of a round, in kubectl's words; and why it is for good, or empty when another round may help."""

    text: str
    for_good: str = ""


@dataclass(frozen=True)
class Round:
    """One round of applying: how many objects were accepted, and what was refused."""

    accepted: int
    refusals: tuple[Refusal, ...]


def built(terminal: Terminal, folder: Path, target: str) -> str:
    """What `kustomize build` makes of a folder of the tree, without kustomize's stray line.

    Raises LabError when the folder is not there or kustomize fails.
    """
    if not (folder / target).is_dir():
        raise LabError(
            f"the manifests have no folder {target}",
            expected=f"{folder / target}, with a kustomization",
            seen=f"the folders {', '.join(sorted(path.name for path in folder.iterdir() if path.is_dir()))}",
            remedy="give a tree in the layout of Kubeflow's manifests",
        )
    result = terminal.run(
        *("kustomize", "build", folder / target),
        timeout=APPLY_TIMEOUT,
        remedy="Kubeflow's manifests need kustomize 5 or newer, which knows the field sortOptions",
    )
    return "".join(line for line in result.output.splitlines(keepends=True) if not STRAY.match(line))


@lru_cache(maxsize=4)
def documents(manifests: str) -> tuple[Object, ...]:
    """The objects of YAML documents; what was read last is kept, since upstream's tree takes seconds to read."""
    return tuple(one for one in yaml.load_all(manifests, yaml.CSafeLoader) if one)


def apply_in_rounds(
    terminal: Terminal,
    manifests: str,
    log_folder: Path,
    *,
    timeout: float,
    server_side: bool,
    tell: Callable[[str], None],
) -> Round:
    """Applies manifests again and again until all are accepted, as the tutorial's loop does, but not for ever.

    A later round has only what was not accepted yet: to look at the rest again takes longer than all else.

    Arguments:
        manifests: YAML documents.
        log_folder: where each round's output is kept, as round-1.log and so on.
        timeout: seconds after which no further round is begun.
        server_side: whether the release's manifests need server-side apply.
        tell: is told how each round ended.

    Returns the last round. Raises LabError when something is refused for good, or time is up.
    """
    log_folder.mkdir(parents=True, exist_ok=True)
    kinds = served_by_own_crds(documents(manifests))
    how = ("--server-side", "--force-conflicts") if server_side else ()
    number, left = 0, manifests

    def round_() -> Round:
        nonlocal number, left
        number += 1
        result = terminal.run(*("kubectl", "apply", *how, "-f", "-"), stdin=left, may_fail=True, timeout=APPLY_TIMEOUT)
        left = not_accepted(left, result.output) or left
        (log_folder / f"round-{number}.log").write_text(result.output + result.errors)
        seen = read(result.output, result.errors, kinds)
        tell(f"round {number}: {_counts(seen)}")
        return seen

    return wait_until(
        polling(round_, every=0.5),
        satisfied=lambda seen: not seen.refusals,
        hopeless=_for_good,
        show=_shown,
        timeout=timeout,
        what="the API server accepts all objects",
        remedy=f"the output of each round is in {log_folder}",
    )


def not_accepted(manifests: str, output: str) -> str:
    """The part of the manifests that kubectl has not accepted; empty when it has accepted all.

    Arguments:
        manifests: YAML documents, one object each.
        output: kubectl's standard output. It names no namespace, so that of several objects of a name all are left,
            where one of them was not accepted.
    """
    accepted = Counter(line.rpartition(" ")[0] for line in output.splitlines() if line.endswith(ACCEPTED))
    named = [(_printed(one), text) for one, text in with_texts(manifests)]
    wanted = Counter(name for name, _ in named)
    return joined(text for name, text in named if accepted[name] < wanted[name])


def with_texts(manifests: str) -> list[tuple[Object, str]]:
    """The objects of YAML documents, one a document, and the text of each."""
    texts = [text for text in SEPARATOR.split(manifests) if CONTENT.search(text)]
    return list(zip(documents(manifests), texts, strict=True))


def joined(texts: Iterable[str]) -> str:
    """One text of YAML documents."""
    return "---\n".join(f"{text.strip()}\n" for text in texts)


def _printed(one: Object) -> str:
    """What kubectl calls an object."""
    group = one["apiVersion"].rpartition("/")[0]
    return f"{one['kind'].lower()}{'.' if group else ''}{group}/{one['metadata']['name']}"


def read(output: str, errors: str, kinds: set[tuple[str, str]]) -> Round:
    """Reads what kubectl printed in a round.

    Arguments:
        output: its standard output, a line for each accepted object.
        errors: its standard error.
        kinds: group and kind of all that the manifests' own CRDs will serve.
    """
    accepted = sum(line.endswith(ACCEPTED) for line in output.splitlines())
    return Round(accepted, tuple(_refusal(line, kinds) for line in errors.splitlines() if _is_refusal(line)))


def served_by_own_crds(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """Group and kind of all that the CRDs among the objects define."""
    return {
        (one["spec"]["group"], one["spec"]["names"]["kind"])
        for one in objects
        if one["kind"] == "CustomResourceDefinition"
    }


def _is_refusal(line: str) -> bool:
    """kubectl's other lines are warnings, and the advice that follows a missing kind."""
    return bool(line.strip()) and not line.startswith(("Warning:", "ensure CRDs are installed first"))


def _refusal(line: str, kinds: set[tuple[str, str]]) -> Refusal:
    if unknown := NO_KIND.search(line):
        group = unknown["version"].rpartition("/")[0]
        will_come = (group, unknown["kind"]) in kinds
        return Refusal(
            line, "" if will_come else f"this Kubernetes does not serve {unknown['kind']} in {unknown['version']}"
        )
    if any(sign in line for sign in PASSING):
        return Refusal(line)
    return Refusal(line, next((meaning for sign, meaning in PERMANENT.items() if sign in line), ""))


def _for_good(seen: Round) -> str | None:
    refusals = [refusal for refusal in seen.refusals if refusal.for_good]
    if not refusals:
        return None
    return "\n".join(f"{refusal.for_good}: {refusal.text}" for refusal in refusals[:SHOWN])


def _shown(seen: Round) -> str:
    return "\n".join([_counts(seen), *(refusal.text for refusal in seen.refusals[:SHOWN])])


def _counts(seen: Round) -> str:
    return f"{seen.accepted} objects accepted, {len(seen.refusals)} refused"
