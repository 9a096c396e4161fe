"""Parsing of the output of `kubectl apply`: the rejected objects, each with the cause of its rejection.

The messages are those of kubectl and of API servers of the versions 1.25 to 1.34.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.k8s.rejection_causes import NAMESPACE, OBJECT, Cause, Definitions, find_cause

ACCEPTED = (" created", " configured", " unchanged", " serverside-applied")
MAX_LENGTH = 500
"""The number of characters of a message that are kept; that about a Job's template has thousands."""

_NOISE = re.compile(r"[IWEF]\d{4} \d\d:|(?i:warning:)|.*\bdue to client-side throttling|Throttling request took ")
"""Matches a line that is no rejection: of kubectl's log, a warning, or that kubectl has slowed itself down."""
_ADVICE = re.compile(r"ensure CRDs are installed first(, )?")
"""Advice that follows each message about a missing kind, and separates it from the next one."""
_START = re.compile(
    r"\[?(error: |Error from server|Unable to connect to the server|The connection to the server |The \S+ \".*\" is "
    r"invalid|resource mapping not found|unable to recognize|error (validating|parsing|when) )"
)
"""Matches the first line of a rejection."""
_NEXT_KIND = re.compile(r", (?=resource mapping not found|unable to recognize)")
_BLOCK_END = re.compile(r'\n(?:from server )?for: "[^"]*": (?P<message>.*)', re.DOTALL)
"""The end of a message that begins with the patch of the object."""
_BLOCK_OBJECT = re.compile(r'Kind=(?P<kind>\w+)"?\nName: "(?P<name>[^"]*)", Namespace: "(?P<namespace>[^"]*)"')
_NAMED_KIND = re.compile(
    r'name: "(?P<name>[^"]*)" namespace: "(?P<namespace>[^"]*)".*no matches for kind "(?P<kind>\w+)"'
)
_INVALID_OBJECT = re.compile(r'(?P<kind>[A-Z]\w*)(?:\.\S+)? "(?P<name>[^"]+)" is invalid:')
_SOURCE = re.compile(r'error when \w+ "[^"]*": ')
_VALUE = re.compile(r"Invalid value: [^:]*\{.*\}: ")
"""A value as Go prints it; it is long, and may contain a secret."""
_LOSSES = {
    "CustomResourceDefinition": "this deletes all objects of its kind, too",
    "Namespace": "this deletes everything in it, too",
    "PersistentVolume": "make a copy of its data first",
    "PersistentVolumeClaim": "make a copy of its data first",
}
"""The loss that the deletion of an object causes, by its kind."""


@dataclass(frozen=True)
class Rejection:
    """A rejected object of one round, or another failure of kubectl.

    Args:
        text: kubectl's message, in one line.
        cause: The cause.
        subject: The rejected object; None if it is not known.
    """

    text: str
    cause: Cause
    subject: ObjectRef | None = None

    @property
    def remedy(self) -> str:
        """The remedy of the cause, for this object."""
        name, namespace = "KIND/NAME", NAMESPACE
        if self.subject:
            name = self.subject.kubectl_name.lower()
            namespace = self.subject.namespace or NAMESPACE
            name += f" -n {namespace}" if self.subject.namespace else ""
        remedy = self.cause.remedy.replace(OBJECT, name).replace(f" {NAMESPACE}", f" {namespace}")
        loss = _LOSSES.get(self.subject.kind) if self.subject and "kubectl delete" in remedy else None
        return f"{remedy} ({loss})" if loss else remedy

    def __str__(self) -> str:
        subject = f"{self.subject}: " if self.subject and f'"{self.subject.name}"' not in self.text else ""
        return f"{self.cause.summary}: {subject}{self.text}"


def parse_rejections(errors: str, exit_status: int, definitions: Definitions) -> list[Rejection]:
    """Return the rejections that kubectl reports in one round.

    Lines of its log, warnings and messages of plugins are no rejections. A text of unknown form counts only if nothing
    else explains the exit status.

    Args:
        errors: kubectl's standard error.
        exit_status: kubectl's exit status; with 0, nothing was rejected.
        definitions: The definitions in the manifests.
    """
    if exit_status == 0:
        return []
    messages, unknown = _split_messages(errors)
    if not messages:
        messages = ["\n".join(unknown) or f"kubectl ended with exit status {exit_status} and without a message"]
    return [_parse_message(message, definitions) for message in messages]


def count_accepted(output: str) -> Counter[str]:
    """Return how often kubectl reports each accepted object, as in "deployment.apps/dex"."""
    return Counter(line.rpartition(" ")[0] for line in output.splitlines() if line.endswith(ACCEPTED))


def name_subjects(rejections: Sequence[Rejection], objects: Iterable[Object]) -> list[Rejection]:
    """Return the rejections with their objects, where these can be determined.

    Most messages do not name the object. kubectl reports missing kinds, which it names, and then all others in the
    order of the manifests.

    Args:
        rejections: The rejections of a round.
        objects: The objects that were not accepted, in the order of the manifests.
    """
    refs = [_refer_to(obj) for obj in objects]
    named = {(r.subject.kind, r.subject.name) for r in rejections if r.subject and r.cause.kind}
    refs = [ref for ref in refs if (ref.kind, ref.name) not in named]
    others = [rejection for rejection in rejections if not (rejection.subject and rejection.cause.kind)]
    if len(refs) != len(others):
        return list(rejections)
    following = iter(refs)
    return [r if r.subject and r.cause.kind else replace(r, subject=next(following)) for r in rejections]


def _refer_to(obj: Object) -> ObjectRef:
    """Return the reference to an object of manifests, which may lack a name or a namespace."""
    name, namespace = (get_nested(obj, "metadata", key) for key in ("name", "namespace"))
    return ObjectRef(obj["kind"], str(name or ""), str(namespace or ""))


def _split_messages(errors: str) -> tuple[list[str], list[str]]:
    """Return the messages of known form, each possibly with several lines, and the lines that belong to none."""
    messages: list[list[str]] = []
    unknown: list[str] = []
    is_message = False
    for line in _split_lines(errors):
        if _NOISE.match(line):
            is_message = False
        elif _START.match(line):
            is_message = True
            messages.append([line])
        elif is_message:
            messages[-1].append(line)
        elif line.strip():
            unknown.append(line)
    return ["\n".join(lines).strip() for lines in messages], unknown


def _split_lines(errors: str) -> Iterator[str]:
    """Yield the lines of kubectl's standard error, and each missing kind in a line of its own."""
    for line in errors.splitlines():
        without_advice = _ADVICE.sub("", line)
        if without_advice.strip("] ") or without_advice == line:
            yield from _NEXT_KIND.split(without_advice)


def _parse_message(message: str, definitions: Definitions) -> Rejection:
    text = _condense(message)
    subject = None
    for pattern in (_BLOCK_OBJECT, _NAMED_KIND, _INVALID_OBJECT):
        if found := pattern.search(message):
            names = found.groupdict()
            subject = ObjectRef(names["kind"], names["name"], names.get("namespace") or "")
            break
    return Rejection(text, find_cause(text, definitions), subject)


def _condense(message: str) -> str:
    """Return a message in one line, without the patch, the source and long values."""
    if end := _BLOCK_END.search(message):
        head = re.match(r"(Error from server( \(\w+\))?|error): ", message)
        message = (head[0] if head else "") + end["message"]
    text = _VALUE.sub("Invalid value: …: ", _SOURCE.sub("", " ".join(message.lstrip("[").split())))
    half = MAX_LENGTH // 2
    return text if len(text) <= MAX_LENGTH else f"{text[:half]} … {text[-half:]}"
